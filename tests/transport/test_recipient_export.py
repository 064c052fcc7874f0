"""The export of a recipient is complete, and theirs alone (P23)."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import AsyncIterator
from types import AsyncGeneratorType
from typing import Any

import asyncpg
import pytest
from google.protobuf.json_format import MessageToDict

from carillon.v1 import notification_service_pb2 as nt
from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.identity import Role
from carillon_server.domain.inbox import InboxAddress
from tests.eventually import eventually
from tests.transport.caller import Caller, Refused
from tests.transport.conftest import House
from tests.transport.everything import canary, fill
from tests.transport.requests import build

ADA, BOB, STRANGER = (
    InboxAddress("acme", "ada"),
    InboxAddress("acme", "bob"),
    InboxAddress("umbrella", "ada"),
)


NOT_TOLD = {"notification.policy": "what the type had said on its channels, of nobody in particular"}
"""With the reason why. Every other word in a table with recipients is."""


@pytest.fixture
async def connection(house: House, postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def _export(caller: Caller, recipient_id: str = "ada") -> list[dict[str, Any]]:
    request = pb.ExportRecipientRequest(recipient_id=recipient_id)
    return [MessageToDict(piece) async for piece in caller.stream("ExportRecipient", request)]


async def test_every_word_in_every_table_is_told(house: House, connection: asyncpg.Connection) -> None:
    words = await fill(connection, ADA)
    told = json.dumps(await _export(house.operator))
    missing = {place for place in words if canary(ADA, place) not in told}
    assert sorted(missing - NOT_TOLD.keys()) == []


async def test_each_kind_comes_as_a_whole_and_the_profile_first(
    house: House, connection: asyncpg.Connection
) -> None:
    await fill(connection, ADA)
    nouns = [piece["noun"] for piece in await _export(house.operator)]
    assert nouns == [
        "profile",
        "endpoint",
        "preferences",
        "inbox",
        "counter",
        "device",
        "topic",
        "notification",
        "part",
        "delivery",
        "attempt",
        "event",
    ]


async def test_nothing_of_others_is_told(house: House, connection: asyncpg.Connection) -> None:
    for address in (ADA, BOB, STRANGER):
        await fill(connection, address)
    told = json.dumps(await _export(house.operator))
    assert canary(ADA, "recipient.locale") in told
    for other in (BOB, STRANGER):
        assert f".{other.tenant}.{other.recipient_id}." not in told
    theirs = house.caller(Role.OPERATOR, tenant="umbrella")
    assert ".acme." not in json.dumps(await _export(theirs))


async def test_whoever_is_not_held_is_not_found(house: House, connection: asyncpg.Connection) -> None:
    await fill(connection, STRANGER)
    await fill(connection, BOB)
    for recipient_id in ("ada", "nobody"):
        with pytest.raises(Refused) as raised:
            await _export(house.operator, recipient_id)
        assert raised.value.reason == "RECIPIENT_NOT_FOUND"


async def test_what_was_sent_is_told_with_its_request_whatever_became_of_it(house: House) -> None:
    titles = ("shown", "archived", "scheduled", "hidden", "removed")
    ids = {}
    for title in titles:
        changes: dict[str, Any] = {"content": {"title": title}, "request_id": f"request-{title}"}
        if title == "scheduled":
            changes["deliver_time"] = {"seconds": int(time.time()) + 3600}
        if title == "hidden":
            changes["channels"] = ["CHANNEL_EMAIL"]
        sent = await house.producer.call("Send", build("Send", changes))
        ids[title] = sent.results[0].notification_id
    for rpc, title in (("Archive", "archived"), ("Delete", "removed")):
        await house.user().call(rpc, build(rpc, {"all": None, "ids": [ids[title]], "recipient_id": None}))
    pieces = await _export(house.operator)
    told = {piece["record"]["id"]: piece["record"] for piece in pieces if piece["noun"] == "notification"}
    assert {ids[title]: told[ids[title]].get("content", {}).get("title") for title in titles} == {
        ids[title]: None if title == "removed" else title for title in titles
    }
    assert [told[ids[title]]["stage"] for title in titles] == [
        "VISIBLE",
        "VISIBLE",
        "SCHEDULED",
        "HIDDEN",
        "REMOVED",
    ]
    requests = {
        piece["record"]["notification_id"]: piece["record"]["request_id"]
        for piece in pieces
        if piece["noun"] == "request"
    }
    assert requests == {ids[title]: f"request-{title}" for title in titles}


async def test_pages_join_without_gap_or_overlap(house: House, postgres_url: str) -> None:
    sends = [build("Send", {"request_id": f"r{number}"}) for number in range(250)]
    await house.producer.call("SendBatch", nt.SendBatchRequest(requests=sends))
    for noun in ("notification", "request"):
        records = [piece["record"] for piece in await _export(house.operator) if piece["noun"] == noun]
        assert len(records) == 250
        assert len({json.dumps(record) for record in records}) == 250


async def test_the_words_of_a_broadcast_are_told_to_each(
    house: House, connection: asyncpg.Connection
) -> None:
    await fill(connection, ADA)
    broadcast_id = b"broadcast-1"
    shared = types_pb2.Notification(content={"title": "shared words"}).SerializeToString()
    parts = json.dumps({"2": {"html": "shared mail"}})
    await connection.execute(
        "INSERT INTO broadcast_content VALUES ($1, 1, '', $2, $3)",
        broadcast_id,
        shared,
        parts,
    )
    await connection.execute(
        "UPDATE notification SET payload = '', broadcast_id = $1, broadcast_variant = 1", broadcast_id
    )
    pieces = await _export(house.operator)
    [notification] = [piece["record"] for piece in pieces if piece["noun"] == "notification"]
    assert notification["content"] == {"title": "shared words"}
    assert {"html": "shared mail"} in [
        piece["record"]["content"] for piece in pieces if piece["noun"] == "part"
    ]


async def test_the_credentials_in_addresses_of_deliveries_stay_hidden(house: House) -> None:
    endpoint = {
        "channel": "CHANNEL_CHAT",
        "address": "https://hooks.slack.com/services/T000/B000/secretsecret",
    }
    request = pb.PutEndpointRequest(recipient_id="ada", endpoint=endpoint)
    await house.producer.call("PutEndpoint", request)
    await house.producer.call("Send", build("Send", {"channels": ["CHANNEL_CHAT"]}))
    deliveries = [piece for piece in await _export(house.operator) if piece["noun"] == "delivery"]
    assert "secretsecret" not in json.dumps(deliveries)


async def test_a_reader_that_leaves_leaves_nothing_behind(house: House, postgres_url: str) -> None:
    sends = [build("Send", {"request_id": f"r{number}"}) for number in range(500)]
    await house.producer.call("SendBatch", nt.SendBatchRequest(requests=sends))
    for _ in range(20):
        stream = house.operator.stream("ExportRecipient", pb.ExportRecipientRequest(recipient_id="ada"))
        await anext(stream)
        await stream.aclose()

    async def ended() -> bool:
        return not any(map(_is_open_export, gc.get_objects()))

    await eventually(ended)
    assert len(await _export(house.operator)) > len(sends)


def _is_open_export(thing: object) -> bool:
    if not isinstance(thing, AsyncGeneratorType) or thing.ag_frame is None:
        return False
    file = thing.ag_code.co_filename
    return "carillon_server" in file and "export" in file
