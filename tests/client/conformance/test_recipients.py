from __future__ import annotations

import json

import pytest

from carillon import AsyncClient, errors
from carillon.v1 import types_pb2

SUBSCRIPTION = (
    '{"endpoint":"https://push.example/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV","keys":{"p256dh":'
    '"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",'
    '"auth":"BTBZMqHH6r4Tts7J_aSIgg"}}'
)


async def test_a_recipient_is_created_and_changed_field_by_field(producer: AsyncClient, ada: str) -> None:
    created = await producer.upsert_recipient(
        recipient={"recipient_id": ada, "locale": "de-CH", "attributes": {"plan": "pro"}}
    )
    await producer.upsert_recipient(recipient={"recipient_id": ada, "time_zone": "Europe/Zurich"})
    await producer.upsert_recipient(recipient={"recipient_id": ada}, update_mask=["attributes"])
    recipient = (await producer.get_recipient(recipient_id=ada)).recipient
    assert (recipient.locale, recipient.time_zone) == ("de-CH", "Europe/Zurich")
    assert dict(recipient.attributes) == {}
    assert recipient.create_time == created.recipient.create_time


async def test_a_mask_of_everything_clears_what_is_not_given(producer: AsyncClient, ada: str) -> None:
    await producer.upsert_recipient(recipient={"recipient_id": ada, "locale": "de-CH"})
    changed = await producer.upsert_recipient(
        recipient={"recipient_id": ada, "time_zone": "UTC"}, update_mask=["*"]
    )
    assert (changed.recipient.locale, changed.recipient.time_zone) == ("", "UTC")
    with pytest.raises(errors.FieldInvalidError):
        await producer.upsert_recipient(recipient={"recipient_id": ada}, update_mask=["create_time"])


async def test_endpoints_come_with_their_recipient_or_not_at_all(producer: AsyncClient, ada: str) -> None:
    email = {"channel": "EMAIL", "address": "ada@example.org", "label": "home"}
    with pytest.raises(errors.FieldInvalidError):
        await producer.upsert_recipient(
            recipient={"recipient_id": ada}, endpoints=[email, {"channel": "EMAIL", "address": "nowhere"}]
        )
    with pytest.raises(errors.RecipientNotFoundError):
        await producer.get_recipient(recipient_id=ada)
    await producer.upsert_recipient(recipient={"recipient_id": ada}, endpoints=[email])
    [endpoint] = (await producer.list_endpoints(recipient_id=ada)).endpoints
    assert (endpoint.address, endpoint.label) == ("ada@example.org", "home")


async def test_the_same_address_again_changes_its_label(gateway: AsyncClient, ada: str) -> None:
    email = {"channel": "EMAIL", "address": "ada@example.org"}
    first = await gateway.put_endpoint(recipient_id=ada, endpoint={**email, "label": "home"})
    again = await gateway.put_endpoint(recipient_id=ada, endpoint={**email, "label": "work"})
    await gateway.put_endpoint(recipient_id=ada, endpoint={"channel": "SMS", "address": "+41446681800"})
    assert first.endpoint.id == again.endpoint.id
    listed = (await gateway.list_endpoints(recipient_id=ada)).endpoints
    assert [(each.channel, each.label) for each in listed] == [
        (types_pb2.CHANNEL_EMAIL, "work"),
        (types_pb2.CHANNEL_SMS, ""),
    ]


async def test_a_removed_endpoint_is_gone_and_another_recipients_is_not_found(
    gateway: AsyncClient, ada: str, bob: str
) -> None:
    email = {"channel": "EMAIL", "address": "ada@example.org"}
    sent = (await gateway.put_endpoint(recipient_id=ada, endpoint=email)).endpoint.id
    await gateway.put_endpoint(recipient_id=bob, endpoint=email)
    with pytest.raises(errors.EndpointNotFoundError):
        await gateway.delete_endpoint(recipient_id=ada, id="rubbish")
    await gateway.delete_endpoint(recipient_id=ada, id=sent)
    await gateway.delete_endpoint(recipient_id=ada, id=sent)
    assert not (await gateway.list_endpoints(recipient_id=ada)).endpoints
    assert len((await gateway.list_endpoints(recipient_id=bob)).endpoints) == 1


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("IN_APP", "x"),
        (0, "x"),
        ("EMAIL", "nowhere"),
        ("EMAIL", "a\r\nb@example.org"),
        ("SMS", "044 668 18 00"),
        ("WEBHOOK", "http://example.org/hook"),
        ("PUSH", ""),
        ("PUSH", '{"endpoint": "https://push.example/1"}'),
    ],
)
async def test_an_address_fits_its_channel(
    gateway: AsyncClient, ada: str, channel: str | int, address: str
) -> None:
    with pytest.raises(errors.FieldInvalidError):
        await gateway.put_endpoint(recipient_id=ada, endpoint={"channel": channel, "address": address})


async def test_the_look_of_a_token_tells_its_platform_unless_it_is_named(
    gateway: AsyncClient, ada: str
) -> None:
    async def put(address: str, platform: str | int = 0) -> tuple[int, str, str]:
        device = {"channel": "PUSH", "address": address, "platform": platform}
        endpoint = (await gateway.put_endpoint(recipient_id=ada, endpoint=device)).endpoint
        return endpoint.platform, endpoint.address, endpoint.id

    assert (await put("f:APA91b"))[0] == types_pb2.PUSH_PLATFORM_FCM
    first, named = await put("aB" * 32), await put("AB" * 32, "APNS")
    assert first == named
    assert first[:2] == (types_pb2.PUSH_PLATFORM_APNS, "ab" * 32)
    assert (await put("ab" * 32, "FCM"))[::2] == (types_pb2.PUSH_PLATFORM_FCM, first[2])
    as_the_browser_has_it = {"expirationTime": None, **json.loads(SUBSCRIPTION)}
    browser = await put(json.dumps(as_the_browser_has_it))
    assert (
        browser
        == await put(SUBSCRIPTION, "WEB_PUSH")
        == (types_pb2.PUSH_PLATFORM_WEB_PUSH, SUBSCRIPTION, browser[2])
    )
    for address, platform in (("short", "APNS"), ("no JSON", "WEB_PUSH"), ("token", 9)):
        with pytest.raises(errors.FieldInvalidError):
            await put(address, platform)
    mail = {"channel": "EMAIL", "address": "ada@example.org", "platform": "FCM"}
    with pytest.raises(errors.FieldInvalidError):
        await gateway.put_endpoint(recipient_id=ada, endpoint=mail)


async def test_recipients_are_listed_by_id_page_by_page(producer: AsyncClient, ada: str) -> None:
    mine = [f"{ada}-{number}" for number in range(3)]
    for recipient_id in mine:
        await producer.upsert_recipient(recipient={"recipient_id": recipient_id})
    listed = [recipient.recipient_id async for recipient in producer.list_all_recipients(page_size=2)]
    assert [recipient_id for recipient_id in listed if recipient_id in mine] == mine
    assert listed == sorted(listed)
    with pytest.raises(errors.PageTokenInvalidError):
        await producer.list_recipients(page_token="rubbish")


async def test_erasing_leaves_nothing(
    producer: AsyncClient, gateway: AsyncClient, operator: AsyncClient, ada: str
) -> None:
    profile = {"recipient_id": ada, "email": "ada@example.org"}
    await producer.send(recipients=[profile], type="t", content={"title": "x"})
    await gateway.mute(recipient_id=ada, target={"type": "t"})
    await operator.delete_recipient(recipient_id=ada)
    await operator.delete_recipient(recipient_id=ada)
    with pytest.raises(errors.RecipientNotFoundError):
        await producer.get_recipient(recipient_id=ada)
    assert (await gateway.list(recipient_id=ada)).total_count == 0
    assert not (await gateway.get_preferences(recipient_id=ada)).preferences.mutes


async def test_an_export_tells_everything_held_of_one_recipient(
    producer: AsyncClient, gateway: AsyncClient, operator: AsyncClient, ada: str, bob: str
) -> None:
    for recipient_id in (ada, bob):
        profile = {"recipient_id": recipient_id, "email": f"{recipient_id}@example.org"}
        content = {"title": f"for {recipient_id}"}
        await producer.send(recipients=[profile], type="t", content=content, channels=["IN_APP", "EMAIL"])
    await gateway.mute(recipient_id=ada, target={"type": "t"})
    pieces = [piece async for piece in operator.export_recipient(recipient_id=ada)]
    by_noun = {piece.noun: piece.record for piece in pieces}
    assert pieces[0].noun == "profile"
    assert by_noun["profile"]["recipient_id"] == ada
    assert by_noun["endpoint"]["address"] == f"{ada}@example.org"
    assert by_noun["endpoint"]["channel"] == "CHANNEL_EMAIL"
    assert by_noun["preferences"]["mutes"][0]["target"] == {"type": "t"}
    assert by_noun["inbox"]["total_count"] in ("1", 1)
    assert by_noun["notification"]["content"]["title"] == f"for {ada}"
    assert by_noun["delivery"]["notification_id"] == by_noun["notification"]["id"]
    assert not any(bob in str(piece) for piece in pieces)


async def test_only_operators_export_and_only_whom_they_hold(
    producer: AsyncClient, user_a: AsyncClient, operator: AsyncClient, ada: str
) -> None:
    with pytest.raises(errors.RecipientNotFoundError):
        await anext(operator.export_recipient(recipient_id=ada))
    for client in (producer, user_a):
        with pytest.raises(errors.ScopeMissingError):
            await anext(client.export_recipient(recipient_id=ada))
