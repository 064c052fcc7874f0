"""No id, cursor or token shows or changes anything of another user or tenant (P18)."""

from __future__ import annotations

from typing import Any

import pytest

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.identity import Role
from tests.transport.belongings import Belongings
from tests.transport.caller import Caller, Refused
from tests.transport.conftest import House
from tests.transport.requests import DELIVERY_ID, ENDPOINT_ID, MARKS, build
from tests.transport.rpcs import RPCS, UNARY, request_type

# Names in requests that are the caller's own words and point at nothing that is stored.
_OWN_WORDS = {"device_id", "action_id", "actor_id", "thread_key", "collapse_key"}
_POINTERS = {
    "recipient_id",
    "recipient_ids",
    "id",
    "ids",
    "cursor",
    "until_cursor",
    "page_token",
    "request_id",
}
_TOPICS = {
    "GetBroadcast",
    "ListBroadcasts",
    "CancelBroadcast",
    "PutTopic",
    "ListTopics",
    "DeleteTopic",
    "AddTopicMembers",
    "RemoveTopicMembers",
    "ListTopicMembers",
}
_NOT_FOR_USERS = {
    "Send",
    "SendBatch",
    "Cancel",
    "ListRecipients",
    "BatchUpsertRecipients",
    "DeleteRecipient",
    *_TOPICS,
}
_OF_DELIVERIES = {"GetDelivery", "RetryDelivery", "CancelDelivery"}
_FOR_USERS = [
    rpc
    for rpc in UNARY
    if rpc not in _NOT_FOR_USERS
    and RPCS[rpc].containing_service.name not in ("DeliveryService", "CatalogService")
]


async def _house_full(house: House) -> dict[str, Belongings]:
    return {
        "own": await Belongings(house, "acme", "ada", "own-canary").fill(),
        "other user": await Belongings(house, "acme", "bob", "bob-canary").fill(),
        "other tenant": await Belongings(house, "umbrella", "ada", "umbrella-canary").fill(),
        "other user of another tenant": await Belongings(house, "umbrella", "eve", "eve-canary").fill(),
    }


def _pointers(rpc: str) -> list[str]:
    return [field.name for field in request_type(rpc).DESCRIPTOR.fields if field.name in _POINTERS]


def _pointed(rpc: str, field: str, at: Belongings) -> Any:
    """The request with one pointer at somebody's belongings; whose they are is not said unless by that."""
    values: dict[str, Any] = {
        "id": _id_for(rpc, at),
        "ids": [at.id, at.scheduled_id],
        "recipient_ids": [at.recipient_id],
        "until_cursor": at.cursor,
    }
    pointers = _pointers(rpc)
    changes: dict[str, Any] = {"recipient_id": None} if "recipient_id" in pointers else {}
    if "id" in pointers:
        changes["id"] = values["id"]
    if rpc == "Ack":
        changes["cursor"] = at.cursor
    if rpc in MARKS and field == "ids":
        changes["all"] = None
    return build(rpc, {**changes, field: values.get(field, getattr(at, field, None))})


def _id_for(rpc: str, at: Belongings) -> str:
    if rpc in _OF_DELIVERIES:
        return at.delivery_id or DELIVERY_ID
    return at.endpoint_id if rpc == "DeleteEndpoint" else at.id


def test_every_pointer_of_every_request_is_in_the_matrix() -> None:
    def suspicious(name: str) -> bool:
        return name.endswith(("id", "ids", "cursor", "token", "key")) and name not in _OWN_WORDS

    fields = {field.name for rpc in RPCS for field in request_type(rpc).DESCRIPTOR.fields}
    assert {name for name in fields if suspicious(name)} <= _POINTERS


async def test_a_user_reaches_their_own_by_every_pointer(house: House) -> None:
    own = (await _house_full(house))["own"]
    for rpc in sorted(_FOR_USERS, key=lambda rpc: rpc == "Delete"):
        for field in _pointers(rpc):
            await own.user.call(rpc, _pointed(rpc, field, own))


async def test_a_user_reaches_nothing_of_others_by_any_pointer(house: House) -> None:
    everybody = await _house_full(house)
    own = everybody.pop("own")
    before = [await other.state() for other in everybody.values()]
    for whose, other in everybody.items():
        for rpc in _FOR_USERS:
            for field in _pointers(rpc):
                where = f"{rpc}.{field} of {whose}"
                await _assert_nothing_reached(own.user, rpc, field, other, where)
    assert [await other.state() for other in everybody.values()] == before


async def _assert_nothing_reached(
    caller: Caller, rpc: str, field: str, other: Belongings, where: str
) -> None:
    outcome = await caller.attempt(rpc, _pointed(rpc, field, other))
    assert not _shows(outcome, other), where
    if field == "recipient_id" and other.recipient_id == "ada":
        return  # the name of another tenant's recipient may be one's own
    if field == "ids" or rpc == "DeleteEndpoint":
        # Lists pass over what is not there, and an endpoint's id names an address, whoever has it.
        assert getattr(outcome, "changed_count", 0) == 0, where
    else:
        assert isinstance(outcome, Refused), where
        assert outcome.reason == _refusal_of(field), where


def _shows(outcome: Any, belongings: Belongings) -> bool:
    text = repr(outcome) if isinstance(outcome, Refused) else str(outcome)
    return belongings.canary in text


def _refusal_of(field: str) -> str:
    return {
        "recipient_id": "RECIPIENT_NOT_FOUND",
        "id": "NOTIFICATION_NOT_FOUND",
        "cursor": "CURSOR_INVALID",
        "until_cursor": "CURSOR_INVALID",
        "page_token": "PAGE_TOKEN_INVALID",
    }[field]


async def test_operators_reach_nothing_of_another_tenant(house: House) -> None:
    victim = await Belongings(house, "acme", "bob", "bob-canary").fill()
    before = await victim.state()
    thief = house.caller(Role.OPERATOR, Role.GATEWAY, Role.PRODUCER, subject="billing", tenant="umbrella")
    for rpc in UNARY:
        for field in _pointers(rpc):
            request = _pointed(rpc, field, victim)
            if "recipient_id" in _pointers(rpc):
                request.recipient_id = victim.recipient_id
            assert not _shows(await thief.attempt(rpc, request), victim), f"{rpc}.{field}"
    assert await victim.state() == before


async def test_producers_see_and_cancel_only_what_they_sent(house: House) -> None:
    sent = await Belongings(house, "acme", "bob", "bob-canary").fill()
    rival = house.caller(Role.PRODUCER, subject="rival")
    for request in (pb.GetRequest(id=sent.id), pb.GetRequest(id=sent.id, recipient_id="bob")):
        assert (await rival.refusal("Get", request)).reason == "NOTIFICATION_NOT_FOUND"
    cancelled = await rival.call("Cancel", pb.CancelRequest(ids=[sent.scheduled_id]))
    assert cancelled.cancelled_notification_count == 0
    by_request = pb.CancelRequest(request_id=sent.request_id)
    assert (await rival.refusal("Cancel", by_request)).reason == "REQUEST_NOT_FOUND"
    got = await house.producer.call("Get", pb.GetRequest(id=sent.id))
    assert got.notification.content.title == sent.canary


async def test_a_user_who_is_a_producer_too_reads_their_own_inbox_and_what_they_sent(house: House) -> None:
    bob = await Belongings(house, "acme", "bob", "bob-canary").fill()
    both = house.caller(Role.PRODUCER, Role.USER, subject="billing")
    assert (await both.call("Get", pb.GetRequest(id=bob.id))).notification.id == bob.id
    refused = await both.refusal("Get", pb.GetRequest(id=bob.id, recipient_id="bob"))
    assert refused.reason == "RECIPIENT_NOT_FOUND"
    sent = await both.call("Send", build("Send", {"recipient_ids": ["billing"]}))
    own_id = sent.results[0].notification_id
    assert (await both.call("Get", pb.GetRequest(id=own_id))).notification.id == own_id


async def test_those_who_act_for_others_must_say_for_whom(house: House) -> None:
    for caller in (house.gateway, house.operator):
        refused = await caller.refusal("List", pb.ListRequest())
        assert refused.fields == ["recipient_id"]


async def test_random_ids_are_not_found(house: House) -> None:
    for id_ in ("nonsense", "ntf_", "ntf_" + "A" * 32, "ntf_" + "_" * 32, ENDPOINT_ID):
        refused = await house.user().refusal("Get", pb.GetRequest(id=id_))
        assert refused.reason == "NOTIFICATION_NOT_FOUND", id_
        request = request_type("DeleteEndpoint")(id=id_)
        if id_ != ENDPOINT_ID:
            assert (await house.user().refusal("DeleteEndpoint", request)).reason == "ENDPOINT_NOT_FOUND"


async def test_cursors_and_page_tokens_cannot_be_forged(house: House) -> None:
    own = await Belongings(house, "acme", "ada", "own-canary").fill()
    for token in (own.cursor[:-1], own.cursor + "A", own.cursor.swapcase(), "A" * 70, "ü"):
        refused = await own.user.refusal("Ack", pb.AckRequest(device_id="phone", cursor=token))
        assert refused.reason == "CURSOR_INVALID", token
    for token in (
        own.page_token[:-4],
        own.page_token + "AAAA",
        own.page_token.swapcase(),
        "AAAA",
        "ü",
        "A" * 9_000,
    ):
        refused = await own.user.refusal("List", pb.ListRequest(page_size=1, page_token=token))
        assert refused.reason == "PAGE_TOKEN_INVALID", token


async def test_a_page_token_is_of_one_query(house: House) -> None:
    own = await Belongings(house, "acme", "ada", "own-canary").fill()
    other_filter = pb.ListRequest(page_token=own.page_token, filter={"category": "x"})
    assert (await own.user.refusal("List", other_filter)).reason == "PAGE_TOKEN_INVALID"
    await house.producer.call("Send", build("Send", {"recipient_ids": ["zoe"]}))
    recipients = request_type("ListRecipients")
    page = await house.producer.call("ListRecipients", recipients(page_size=1))
    assert (await own.user.refusal("List", pb.ListRequest(page_token=page.next_page_token))).reason == (
        "PAGE_TOKEN_INVALID"
    )
    second = await house.producer.call("ListRecipients", recipients(page_token=page.next_page_token))
    assert [recipient.recipient_id for recipient in second.recipients] == ["zoe"]


async def test_a_live_stream_is_of_ones_own_inbox_alone(house: House) -> None:
    everybody = await _house_full(house)
    own = everybody.pop("own")
    resumed = own.user.stream("Subscribe", pb.SubscribeRequest(cursor=own.cursor))
    assert (await anext(resumed)).cursor
    await resumed.aclose()
    for whose, other in everybody.items():
        reasons = {"cursor": "CURSOR_INVALID"}
        if other.recipient_id != own.recipient_id:
            reasons["recipient_id"] = "RECIPIENT_NOT_FOUND"
        for field, reason in reasons.items():
            request = pb.SubscribeRequest(**{field: getattr(other, field)})
            with pytest.raises(Refused) as raised:
                await anext(own.user.stream("Subscribe", request))
            assert raised.value.reason == reason, f"{field} of {whose}"


async def test_a_page_of_recipients_is_of_ones_own_tenant(house: House) -> None:
    for name in ("ada", "bob"):
        await house.producer.call("Send", build("Send", {"recipient_ids": [name]}))
    recipients = request_type("ListRecipients")
    page = await house.producer.call("ListRecipients", recipients(page_size=1))
    stranger = house.caller(Role.OPERATOR, tenant="umbrella")
    assert not (await stranger.call("ListRecipients", recipients())).recipients
    refused = await stranger.refusal("ListRecipients", recipients(page_token=page.next_page_token))
    assert refused.reason == "PAGE_TOKEN_INVALID"
