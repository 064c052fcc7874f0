"""Topics and their members."""

from __future__ import annotations

from carillon.v1 import recipient_service_pb2 as pb
from carillon_server.domain.topic import Topic, TopicMember
from carillon_server.transport.instants import set_timestamp


def to_topic(message: pb.Topic) -> Topic:
    """What callers may say of one."""
    return Topic(message.name, message.display_name, message.description)


def to_topic_message(topic: Topic) -> pb.Topic:
    """A topic as callers see it."""
    message = pb.Topic(
        name=topic.name,
        display_name=topic.display_name,
        description=topic.description,
        member_count=topic.member_count,
        catalog=topic.catalog,
    )
    if topic.create_time is not None:
        set_timestamp(message.create_time, topic.create_time)
    if topic.update_time is not None:
        set_timestamp(message.update_time, topic.update_time)
    return message


def to_member(message: pb.TopicMember) -> TopicMember:
    """Somebody to add."""
    return TopicMember(message.recipient_id, message.condition)


def to_member_message(member: TopicMember) -> pb.TopicMember:
    """A member as callers see them."""
    message = pb.TopicMember(recipient_id=member.recipient_id, condition=member.condition)
    if member.create_time is not None:
        set_timestamp(message.create_time, member.create_time)
    return message
