"""Topics: named audiences."""

from __future__ import annotations

from collections.abc import Sequence

from carillon._message import message
from carillon._rpc import rpc
from carillon.types import TopicLike, TopicMemberLike
from carillon.v1 import recipient_service_pb2 as pb

SERVICE = "carillon.v1.RecipientService"


@rpc(SERVICE, "PutTopic", pb.PutTopicResponse)
def put_topic(*, topic: TopicLike) -> pb.PutTopicRequest:
    """Creates a topic, or changes what it is called and about; its members stay. Idempotent."""
    return message(pb.PutTopicRequest, topic=topic)


@rpc(SERVICE, "ListTopics", pb.ListTopicsResponse)
def list_topics(*, page_size: int = 0, page_token: str = "", recipient_id: str = "") -> pb.ListTopicsRequest:
    """Returns a page of the tenant's topics, by name; with `recipient_id`, of those that they are in.

    A page holds 1 to 1,000 topics, 100 if `page_size` is 0. `list_all_topics` walks through all pages.
    """
    return message(
        pb.ListTopicsRequest, page_size=page_size, page_token=page_token, recipient_id=recipient_id
    )


@rpc(SERVICE, "DeleteTopic", pb.DeleteTopicResponse)
def delete_topic(*, name: str) -> pb.DeleteTopicRequest:
    """Removes a topic and its memberships. Broadcasts under way find nobody any more. Idempotent."""
    return message(pb.DeleteTopicRequest, name=name)


@rpc(SERVICE, "AddTopicMembers", pb.AddTopicMembersResponse)
def add_topic_members(*, topic: str, members: Sequence[TopicMemberLike]) -> pb.AddTopicMembersRequest:
    """Adds 1 to 1,000 members to a topic, or changes their conditions. Idempotent.

    A member with a `condition` is notified only where that holds for the `data` of the send:
    `severity in ["high", "critical"] and not draft`.
    """
    return message(pb.AddTopicMembersRequest, topic=topic, members=members)


@rpc(SERVICE, "RemoveTopicMembers", pb.RemoveTopicMembersResponse)
def remove_topic_members(*, topic: str, recipient_ids: Sequence[str]) -> pb.RemoveTopicMembersRequest:
    """Removes 1 to 1,000 members from a topic. Idempotent."""
    return message(pb.RemoveTopicMembersRequest, topic=topic, recipient_ids=recipient_ids)


@rpc(SERVICE, "ListTopicMembers", pb.ListTopicMembersResponse)
def list_topic_members(*, topic: str, page_size: int = 0, page_token: str = "") -> pb.ListTopicMembersRequest:
    """Returns a page of the members of a topic, by id.

    A page holds 1 to 1,000 members, 100 if `page_size` is 0. `list_all_topic_members` walks through all
    pages.
    """
    return message(pb.ListTopicMembersRequest, topic=topic, page_size=page_size, page_token=page_token)
