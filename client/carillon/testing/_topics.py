"""Topics and their members."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._conditions import is_condition
from carillon.testing._entry import now_utc, to_timestamp
from carillon.testing._limits import Violation
from carillon.testing._refusal import Refusal, refuse
from carillon.testing._store import Audience, Store
from carillon.v1 import recipient_service_pb2 as pb

_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,100}\Z")
_DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE = 100, 1_000
_MAX_MEMBERS = 1_000


def topic_name(path: str, value: str) -> Iterator[Violation]:
    """What a topic is called."""
    if not _NAME.match(value):
        yield path, "has 1 to 100 of a-z A-Z 0-9 _ . : / -"


def known_audience(store: Store, name: str) -> Audience:
    """The topic, which must exist."""
    if name not in store.audiences:
        raise Refusal("TOPIC_NOT_FOUND")
    return store.audiences[name]


def put_topic(store: Store, caller: Caller, request: pb.PutTopicRequest) -> pb.PutTopicResponse:
    """Its members stay."""
    wanted = request.topic
    limits.enforce(topic_name("topic.name", wanted.name))
    limits.enforce(limits.text("topic.display_name", wanted.display_name, 100))
    now = to_timestamp(now_utc())
    audience = store.audiences.setdefault(wanted.name, Audience(pb.Topic(name=wanted.name, create_time=now)))
    audience.topic.display_name = wanted.display_name
    audience.topic.description = wanted.description
    audience.topic.update_time.CopyFrom(now)
    return pb.PutTopicResponse(topic=_shown(audience))


def list_topics(store: Store, caller: Caller, request: pb.ListTopicsRequest) -> pb.ListTopicsResponse:
    """By name."""
    names = [
        name
        for name, audience in store.audiences.items()
        if not request.recipient_id or request.recipient_id in audience.members
    ]
    query = f"topics of {request.recipient_id}"
    page, token = _page(store, query, names, request.page_size, request.page_token)
    return pb.ListTopicsResponse(
        topics=[_shown(store.audiences[name]) for name in page], next_page_token=token
    )


def delete_topic(store: Store, caller: Caller, request: pb.DeleteTopicRequest) -> pb.DeleteTopicResponse:
    """Nothing happens where there is none."""
    limits.enforce(topic_name("name", request.name))
    store.audiences.pop(request.name, None)
    return pb.DeleteTopicResponse()


def add_topic_members(
    store: Store, caller: Caller, request: pb.AddTopicMembersRequest
) -> pb.AddTopicMembersResponse:
    """Recipients come into being."""
    limits.enforce(topic_name("topic", request.topic))
    if not 1 <= len(request.members) <= _MAX_MEMBERS:
        refuse("members", "has 1 to 1,000")
    for index, member in enumerate(request.members):
        limits.enforce(_member(f"members[{index}]", member))
    members = known_audience(store, request.topic).members
    before = len(members)
    now = to_timestamp(now_utc())
    for member in request.members:
        store.profile(member.recipient_id)
        known = members.setdefault(
            member.recipient_id, pb.TopicMember(recipient_id=member.recipient_id, create_time=now)
        )
        known.condition = member.condition
    return pb.AddTopicMembersResponse(added_count=len(members) - before)


def remove_topic_members(
    store: Store, caller: Caller, request: pb.RemoveTopicMembersRequest
) -> pb.RemoveTopicMembersResponse:
    """Who is no member is passed over."""
    limits.enforce(topic_name("topic", request.topic))
    if not 1 <= len(request.recipient_ids) <= _MAX_MEMBERS:
        refuse("recipient_ids", "has 1 to 1,000")
    members = known_audience(store, request.topic).members
    removed = [members.pop(recipient_id, None) for recipient_id in request.recipient_ids]
    return pb.RemoveTopicMembersResponse(removed_count=len(removed) - removed.count(None))


def list_topic_members(
    store: Store, caller: Caller, request: pb.ListTopicMembersRequest
) -> pb.ListTopicMembersResponse:
    """By id."""
    limits.enforce(topic_name("topic", request.topic))
    members = known_audience(store, request.topic).members
    query = f"members of {request.topic}"
    page, token = _page(store, query, members, request.page_size, request.page_token)
    return pb.ListTopicMembersResponse(
        members=[members[recipient_id] for recipient_id in page], next_page_token=token
    )


def _shown(audience: Audience) -> pb.Topic:
    shown = pb.Topic(member_count=len(audience.members))
    shown.MergeFrom(audience.topic)
    return shown


def _member(path: str, member: pb.TopicMember) -> Iterator[Violation]:
    yield from limits.text(f"{path}.recipient_id", member.recipient_id, 200, 1)
    yield from limits.text(f"{path}.condition", member.condition, 500)
    if member.condition and not is_condition(member.condition):
        yield f"{path}.condition", "is a condition"


def _page(
    store: Store, query: str, names: Iterable[str], page_size: int, token: str
) -> tuple[list[str], str]:
    limits.enforce(limits.page_size(page_size))
    after = ""
    if token:
        kind, after = store.sealer.open(token, "PAGE_TOKEN_INVALID")
        if kind != query:
            raise Refusal("PAGE_TOKEN_INVALID")
    size = min(page_size or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE)
    found = sorted(name for name in names if name > after)
    return found[:size], store.sealer.seal(query, found[size - 1]) if len(found) > size else ""
