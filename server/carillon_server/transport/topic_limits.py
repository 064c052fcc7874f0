"""The limits of topics and broadcasts; a part of the one table in `limits.py`."""

from __future__ import annotations

from carillon.v1 import notification_service_pb2 as notifications
from carillon.v1 import recipient_service_pb2 as pb
from carillon_server.domain.condition import MAX_CHARACTERS, ConditionError, parse_condition
from carillon_server.transport.field_rules import ID, RECIPIENT_ID, TOPIC
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import FINE, Violations, anything, each, read_only, wrong
from carillon_server.transport.validation.scalar import not_negative
from carillon_server.transport.validation.text import each_line, line, lines

MAX_MEMBERS = 1_000
_LINE = line(max_characters=MAX_CHARACTERS)


def condition(value: str) -> Violations:
    """One line in the language of conditions."""
    if violations := _LINE(value):
        return violations
    try:
        parse_condition(value)
    except ConditionError as error:
        return wrong(str(error))
    return FINE


_TOPIC = MessageRule(
    pb.Topic,
    {
        "name": TOPIC,
        "display_name": line(max_characters=100),
        "description": lines(max_characters=1_000),
        "member_count": read_only,
        "catalog": read_only,
        "create_time": read_only,
        "update_time": read_only,
    },
    required=("name",),
)
_MEMBER = MessageRule(
    pb.TopicMember,
    {"recipient_id": RECIPIENT_ID, "condition": condition, "create_time": read_only},
    required=("recipient_id",),
)

TOPIC_RULES = (
    _TOPIC,
    _MEMBER,
    MessageRule(pb.PutTopicRequest, {"topic": _TOPIC}, required=("topic",)),
    MessageRule(
        pb.ListTopicsRequest,
        {"page_size": not_negative, "page_token": anything, "recipient_id": RECIPIENT_ID},
    ),
    MessageRule(pb.DeleteTopicRequest, {"name": TOPIC}, required=("name",)),
    MessageRule(
        pb.AddTopicMembersRequest,
        {"topic": TOPIC, "members": each(_MEMBER, max_items=MAX_MEMBERS)},
        required=("topic", "members"),
    ),
    MessageRule(
        pb.RemoveTopicMembersRequest,
        {"topic": TOPIC, "recipient_ids": each_line(max_items=MAX_MEMBERS, max_characters=200)},
        required=("topic", "recipient_ids"),
    ),
    MessageRule(
        pb.ListTopicMembersRequest,
        {"topic": TOPIC, "page_size": not_negative, "page_token": anything},
        required=("topic",),
    ),
    MessageRule(notifications.GetBroadcastRequest, {"id": ID}, required=("id",)),
    MessageRule(notifications.ListBroadcastsRequest, {"page_size": not_negative, "page_token": anything}),
    MessageRule(notifications.CancelBroadcastRequest, {"id": ID}, required=("id",)),
)
