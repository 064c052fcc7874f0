"""Many recipients in one call: each is answered by itself, and all are stored together."""

from __future__ import annotations

from typing import Any

from carillon.v1 import recipient_service_pb2 as pb
from tests.transport.caller import Refused
from tests.transport.conftest import House


def _item(recipient_id: str, *addresses: str, **fields: Any) -> dict[str, Any]:
    endpoints = [{"channel": "CHANNEL_EMAIL", "address": address} for address in addresses]
    return {"recipient": {"recipient_id": recipient_id, **fields}, "endpoints": endpoints}


async def _upsert(house: House, *items: dict[str, Any]) -> list[pb.BatchUpsertRecipientsResult]:
    request = pb.BatchUpsertRecipientsRequest(requests=items)
    answer: pb.BatchUpsertRecipientsResponse = await house.producer.call("BatchUpsertRecipients", request)
    return list(answer.results)


async def _endpoints(house: House, recipient_id: str) -> list[pb.Endpoint]:
    request = pb.ListEndpointsRequest(recipient_id=recipient_id)
    return list((await house.producer.call("ListEndpoints", request)).endpoints)


async def _get(house: House, recipient_id: str) -> pb.Recipient:
    request = pb.GetRecipientRequest(recipient_id=recipient_id)
    answer: pb.GetRecipientResponse = await house.producer.call("GetRecipient", request)
    return answer.recipient


async def test_a_bad_item_fails_alone_with_the_path_inside_it(house: House) -> None:
    items = [
        _item("ada", "ada@example.com", locale="de-CH"),
        _item("bob", "nowhere"),
        _item("", "c@example.com"),
        _item("dan", time_zone="Mars/Olympus"),
        {"recipient": {"recipient_id": "eve"}, "endpoints": [{"channel": 5, "address": "https://127.0.0.1"}]},
        {},
        _item("fay", "fay@example.com"),
    ]
    results = await _upsert(house, *items)
    assert [result.recipient.recipient_id for result in results] == ["ada", "", "", "", "", "", "fay"]
    refused = {i: Refused.of_item(result.error) for i, result in enumerate(results) if result.error.code}
    assert {index: (each.reason, each.fields) for index, each in refused.items()} == {
        1: ("FIELD_INVALID", ["endpoints[0].address"]),
        2: ("FIELD_INVALID", ["recipient.recipient_id"]),
        3: ("FIELD_INVALID", ["recipient.time_zone"]),
        4: ("FIELD_INVALID", ["endpoints[0].address"]),
        5: ("FIELD_INVALID", ["recipient.recipient_id"]),
    }
    listed = await house.producer.call("ListRecipients", pb.ListRecipientsRequest())
    assert [each.recipient_id for each in listed.recipients] == ["ada", "fay"]
    assert [each.address for each in await _endpoints(house, "fay")] == ["fay@example.com"]


async def test_items_of_one_recipient_are_applied_in_their_order(house: House) -> None:
    results = await _upsert(
        house,
        _item("ada", "one@example.com", locale="de-CH", attributes={"plan": "free", "old": True}),
        _item("bob", locale="fr-CH"),
        _item("ada", "two@example.com", "one@example.com", locale="it-CH", attributes={"plan": "pro"}),
    )
    assert [each.recipient.locale for each in results] == ["de-CH", "fr-CH", "it-CH"]
    assert not any(each.recipient.HasField("attributes") for each in results)
    ada = await _get(house, "ada")
    assert (ada.locale, dict(ada.attributes)) == ("it-CH", {"plan": "pro"})
    assert {each.address for each in await _endpoints(house, "ada")} == {"one@example.com", "two@example.com"}


async def test_again_changes_nothing(house: House) -> None:
    items = [_item(f"r{number}", f"r{number}@example.com", locale="en") for number in range(50)]
    await _upsert(house, *items)
    before = [await _endpoints(house, "r7"), (await _get(house, "r7")).create_time]
    await _upsert(house, *items)
    assert [await _endpoints(house, "r7"), (await _get(house, "r7")).create_time] == before


async def test_nobody_gets_more_than_fifty_endpoints(house: House) -> None:
    fifty = [f"a{number}@example.com" for number in range(50)]
    await _upsert(house, _item("ada", *fifty[:49]))
    results = await _upsert(
        house,
        _item("ada", fifty[49], locale="de"),
        _item("ada", "one-more@example.com", locale="fr"),
        _item("ada", *fifty[:10], locale="it"),
        _item("bob", "one-more@example.com"),
    )
    refused = Refused.of_item(results[1].error)
    assert (refused.reason, refused.fields) == ("FIELD_INVALID", ["endpoints"])
    assert [bool(each.error.code) for each in results] == [False, True, False, False]
    assert {each.address for each in await _endpoints(house, "ada")} == set(fifty)
    assert (await _get(house, "ada")).locale == "it"


async def test_a_batch_reaches_its_own_tenant_only(house: House) -> None:
    stranger = house.user("ada", "umbrella")
    await stranger.call("UpsertRecipient", pb.UpsertRecipientRequest(recipient={"locale": "en"}))
    await _upsert(house, _item("ada", "ada@example.com", locale="de-CH"))
    own = (await stranger.call("GetRecipient", pb.GetRecipientRequest())).recipient
    assert own.locale == "en"
    assert not (await stranger.call("ListEndpoints", pb.ListEndpointsRequest())).endpoints
