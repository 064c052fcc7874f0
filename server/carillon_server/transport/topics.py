"""`RecipientService`: topics."""

from __future__ import annotations

from carillon.v1 import recipient_service_pb2 as pb
from carillon_server.services.topics import TopicService
from carillon_server.transport.call import Call
from carillon_server.transport.convert.topics import (
    to_member,
    to_member_message,
    to_topic,
    to_topic_message,
)
from carillon_server.transport.page_token import PageTokenSealer
from carillon_server.transport.topic_pages import NamedPages, topics_page_size

# The methods are named as the RPCs.
# ruff: noqa: N802


class TopicServicer:
    """Named audiences."""

    def __init__(self, topics: TopicService, pages: PageTokenSealer) -> None:
        self._topics = topics
        self._pages = pages

    async def PutTopic(self, request: pb.PutTopicRequest, call: Call) -> pb.PutTopicResponse:
        topic = await self._topics.put(
            call.principal.tenant, to_topic(request.topic), timeout=call.remaining_seconds()
        )
        return pb.PutTopicResponse(topic=to_topic_message(topic))

    async def ListTopics(self, request: pb.ListTopicsRequest, call: Call) -> pb.ListTopicsResponse:
        tenant, recipient_id = call.principal.tenant, request.recipient_id
        pages = NamedPages(self._pages, "topics", tenant, recipient_id)
        topics, last = await self._topics.list(
            tenant,
            recipient_id=recipient_id,
            page_size=topics_page_size(request.page_size),
            after=pages.open(request.page_token),
            timeout=call.remaining_seconds(),
        )
        return pb.ListTopicsResponse(
            topics=[to_topic_message(topic) for topic in topics], next_page_token=pages.seal(last)
        )

    async def DeleteTopic(self, request: pb.DeleteTopicRequest, call: Call) -> pb.DeleteTopicResponse:
        await self._topics.delete(call.principal.tenant, request.name, timeout=call.remaining_seconds())
        return pb.DeleteTopicResponse()

    async def AddTopicMembers(
        self, request: pb.AddTopicMembersRequest, call: Call
    ) -> pb.AddTopicMembersResponse:
        members = [to_member(member) for member in request.members]
        added = await self._topics.add_members(
            call.principal.tenant, request.topic, members, timeout=call.remaining_seconds()
        )
        return pb.AddTopicMembersResponse(added_count=added)

    async def RemoveTopicMembers(
        self, request: pb.RemoveTopicMembersRequest, call: Call
    ) -> pb.RemoveTopicMembersResponse:
        removed = await self._topics.remove_members(
            call.principal.tenant,
            request.topic,
            set(request.recipient_ids),
            timeout=call.remaining_seconds(),
        )
        return pb.RemoveTopicMembersResponse(removed_count=removed)

    async def ListTopicMembers(
        self, request: pb.ListTopicMembersRequest, call: Call
    ) -> pb.ListTopicMembersResponse:
        tenant = call.principal.tenant
        pages = NamedPages(self._pages, "topic members", tenant, request.topic)
        members, last = await self._topics.list_members(
            tenant,
            request.topic,
            page_size=topics_page_size(request.page_size),
            after=pages.open(request.page_token),
            timeout=call.remaining_seconds(),
        )
        return pb.ListTopicMembersResponse(
            members=[to_member_message(member) for member in members], next_page_token=pages.seal(last)
        )
