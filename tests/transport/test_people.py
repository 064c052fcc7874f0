"""Recipients, their endpoints and their preferences, over the socket."""

from __future__ import annotations

import time
from typing import Any

import asyncpg
from google.protobuf.json_format import MessageToDict

from carillon.v1 import preference_service_pb2 as preferences
from carillon.v1 import recipient_service_pb2 as recipients
from carillon.v1 import types_pb2
from tests.transport.conftest import House


async def _upsert(house: House, mask: list[str] | None = None, **fields: Any) -> recipients.Recipient:
    request = recipients.UpsertRecipientRequest(
        recipient={"recipient_id": "ada", **fields}, update_mask={"paths": mask or []}
    )
    answer: recipients.UpsertRecipientResponse = await house.producer.call("UpsertRecipient", request)
    return answer.recipient


async def test_without_a_mask_what_is_not_empty_is_replaced(house: House) -> None:
    attributes = {"plan": "pro", "seats": 3, "ratio": 0.5, "nested": {"list": [1, None, True, "x"]}}
    await _upsert(house, locale="de-CH", time_zone="Europe/Zurich", attributes=attributes)
    changed = await _upsert(house, locale="fr-CH")
    assert (changed.locale, changed.time_zone) == ("fr-CH", "Europe/Zurich")
    assert MessageToDict(changed.attributes) == attributes


async def test_a_mask_replaces_also_by_nothing(house: House) -> None:
    await _upsert(house, locale="de-CH", time_zone="Europe/Zurich", attributes={"plan": "pro"})
    changed = await _upsert(house, ["locale"], time_zone="Europe/Rome")
    assert (changed.locale, changed.time_zone) == ("", "Europe/Zurich")
    emptied = await _upsert(house, ["*"])
    assert (emptied.time_zone, MessageToDict(emptied.attributes)) == ("", {})


async def test_users_keep_their_own_record(house: House) -> None:
    request = recipients.UpsertRecipientRequest(recipient={"locale": "de-CH"})
    own = (await house.user().call("UpsertRecipient", request)).recipient
    assert (own.recipient_id, own.locale) == ("ada", "de-CH")
    assert (await house.user().call("GetRecipient", recipients.GetRecipientRequest())).recipient == own


async def test_a_page_of_recipients_is_by_id_and_leads_on(house: House) -> None:
    for name in ("b", "a", "C"):
        await house.producer.call(
            "UpsertRecipient", recipients.UpsertRecipientRequest(recipient={"recipient_id": name})
        )
    seen: list[str] = []
    token = ""
    while True:
        page = await house.producer.call(
            "ListRecipients", recipients.ListRecipientsRequest(page_size=2, page_token=token)
        )
        seen += [recipient.recipient_id for recipient in page.recipients]
        token = page.next_page_token
        if not token:
            break
    assert seen == ["C", "a", "b"]


async def test_one_address_is_one_endpoint_however_it_is_written(house: House) -> None:
    async def put(**fields: Any) -> recipients.Endpoint:
        request = recipients.PutEndpointRequest(endpoint={"channel": types_pb2.CHANNEL_EMAIL, **fields})
        answer: recipients.PutEndpointResponse = await house.user().call("PutEndpoint", request)
        return answer.endpoint

    first = await put(address="Ada@Example.COM", label="work")
    second = await put(address="Ada@example.com", label="home")
    assert (first.id, second.address, second.label) == (second.id, "Ada@example.com", "home")
    listed = await house.user().call("ListEndpoints", recipients.ListEndpointsRequest())
    assert list(listed.endpoints) == [second]
    for _ in range(2):
        await house.user().call("DeleteEndpoint", recipients.DeleteEndpointRequest(id=first.id))
    assert not (await house.user().call("ListEndpoints", recipients.ListEndpointsRequest())).endpoints


async def test_a_device_that_an_older_version_stored_has_a_platform(house: House, postgres_url: str) -> None:
    endpoint = {"channel": types_pb2.CHANNEL_PUSH, "address": "ab" * 32}
    await house.user().call("PutEndpoint", recipients.PutEndpointRequest(endpoint=endpoint))
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("UPDATE endpoint SET platform = 0")
    await connection.close()
    listed = await house.user().call("ListEndpoints", recipients.ListEndpointsRequest())
    assert [each.platform for each in listed.endpoints] == [types_pb2.PUSH_PLATFORM_APNS]


async def test_a_device_registered_again_counts_from_then_on_and_lives(
    house: House, postgres_url: str
) -> None:
    endpoint = {"channel": types_pb2.CHANNEL_PUSH, "address": "token-of-a-phone"}
    request = recipients.PutEndpointRequest(endpoint=endpoint)
    await house.user().call("PutEndpoint", request)
    connection = await asyncpg.connect(postgres_url)
    try:
        died = await connection.fetchval(
            "UPDATE endpoint SET retire_time = now(), retire_reason = 'gone' RETURNING register_time"
        )
        again = (await house.user().call("PutEndpoint", request)).endpoint
        row = await connection.fetchrow("SELECT register_time, retire_time, platform FROM endpoint")
    finally:
        await connection.close()
    assert row["register_time"] > died
    assert (row["retire_time"], row["platform"], again.platform) == (None, 1, types_pb2.PUSH_PLATFORM_FCM)


async def test_an_erased_recipient_is_not_found_any_more(house: House) -> None:
    await _upsert(house, locale="de-CH")
    for _ in range(2):
        await house.operator.call("DeleteRecipient", recipients.DeleteRecipientRequest(recipient_id="ada"))
    get = recipients.GetRecipientRequest(recipient_id="ada")
    assert (await house.operator.refusal("GetRecipient", get)).reason == "RECIPIENT_NOT_FOUND"


async def test_preferences_are_replaced_by_the_field(house: House) -> None:
    switches = [{"channel": types_pb2.CHANNEL_EMAIL, "enabled": False}]
    rules = [{"type": "a.b", "channel": types_pb2.CHANNEL_EMAIL, "enabled": True}]

    async def update(mask: list[str], **document: Any) -> preferences.Preferences:
        request = preferences.UpdatePreferencesRequest(preferences=document, update_mask={"paths": mask})
        answer: preferences.UpdatePreferencesResponse = await house.user().call("UpdatePreferences", request)
        return answer.preferences

    await update([], channels=switches)
    both = await update([], rules=rules)
    assert both.HasField("update_time")
    assert [(switch.channel, switch.enabled) for switch in both.channels] == [
        (types_pb2.CHANNEL_EMAIL, False)
    ]
    assert [(rule.type, rule.enabled) for rule in both.rules] == [("a.b", True)]
    emptied = await update(["rules"])
    assert (len(emptied.channels), len(emptied.rules)) == (1, 0)
    assert not (await update(["*"])).channels


async def test_every_kind_of_target_can_be_muted_and_unmuted(house: House) -> None:
    targets = ({"sender": "bob"}, {"thread_key": "t"}, {"type": "a.b"}, {"label": {"key": "k", "value": "v"}})
    until = {"seconds": int(time.time()) + 3600}
    for target in targets:
        muted = await house.user().call("Mute", preferences.MuteRequest(target=target, until_time=until))
        (mute,) = muted.preferences.mutes
        assert mute == preferences.ActiveMute(target=target, until_time=until)
        unmuted = await house.user().call("Unmute", preferences.UnmuteRequest(target=target))
        assert not unmuted.preferences.mutes
