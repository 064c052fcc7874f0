"""What a type says is kept with its notifications, and holds until they are delivered."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.notification import Draft, Stage
from carillon_server.domain.notification_type import NotificationType, Retention
from carillon_server.domain.preferences import MuteKind, MuteTarget
from carillon_server.domain.send import SendOutcome
from carillon_server.services.composition import Composition, SharedContent, Variant
from carillon_server.services.release import ReleaseService
from carillon_server.services.send_plan import PlannedSend
from carillon_server.storage.database import Record
from tests.delivery.gate import Gate
from tests.delivery.house import PRODUCER, TENANT, House, no_wake, payload, utc_now

ANN = InboxAddress(TENANT, "ann")
TYPE = "password.changed"
MANDATORY = NotificationType(TYPE, mandatory=True)
QUIET = NotificationType(TYPE, channels={Channel.IN_APP: True, Channel.EMAIL: False})
MAIL = {"subject": "It was changed", "text": "Was it you?"}
PARTS = {Channel.EMAIL: MAIL, Channel.SMS: {"text": "Changed"}}
NO_MAILS = {Channel.EMAIL: False}
MAILS_OF_THE_TYPE = {(TYPE, Channel.EMAIL): True}


@pytest.fixture
async def house(house: House) -> House:
    await house.people("ann", "bob")
    return house


async def write(house: House, *variants: Variant, kind: NotificationType, **more: Any) -> SendOutcome:
    """One variant for each of Ann and Bob, or the same for both."""
    chosen = {"ann": 0, "bob": len(variants) - 1}
    composition = Composition(variants, chosen, kind, **more)
    addresses = tuple(InboxAddress(TENANT, name) for name in chosen)
    return await house.writer.write(PlannedSend(TENANT, PRODUCER.subject, composition, addresses))


def variant(title: str = "Changed", parts: Any = None, deliver_time: datetime | None = None) -> Variant:
    draft = Draft(("ann", "bob"), TYPE, payload(title), deliver_time=deliver_time)
    return Variant(draft, parts or {})


async def parts_of(house: House) -> list[tuple[bytes, Channel, dict[str, str]]]:
    rows = await house.database.fetch("SELECT * FROM notification_part ORDER BY inbox_id, channel")
    return [(row["inbox_id"], Channel(row["channel"]), json.loads(row["content"])) for row in rows]


async def mails_end_as(house: House, state: DeliveryState) -> set[str | None]:
    async with house.working({Channel.EMAIL: Gate(opened=True)}):
        return {row["finish_reason"] for row in await house.settled({state})}


async def notifications(house: House) -> list[Record]:
    return await house.database.fetch("SELECT * FROM notification ORDER BY create_time, inbox_id")


@pytest.mark.parametrize("kind", [MANDATORY, NotificationType(TYPE)], ids=["mandatory", "plain"])
async def test_a_later_opt_out_withdraws_all_but_what_is_mandatory(
    house: House, kind: NotificationType
) -> None:
    await write(house, variant(), kind=kind)
    mute = MuteTarget(MuteKind.TYPE, TYPE)
    for name in ("ann", "bob"):
        address = InboxAddress(TENANT, name)
        await house.preferences.update(address, channels=NO_MAILS, rules=None, timeout=5)
        await house.preferences.mute(address, mute, None, timeout=5)
    if kind.mandatory:
        await mails_end_as(house, DeliveryState.DELIVERED)
    else:
        assert await mails_end_as(house, DeliveryState.CANCELLED) == {"opted_out"}


async def test_a_channel_turned_on_by_a_rule_is_withdrawn_with_the_rule(house: House) -> None:
    for name in ("ann", "bob"):
        address = InboxAddress(TENANT, name)
        await house.preferences.update(address, channels=None, rules=MAILS_OF_THE_TYPE, timeout=5)
    await write(house, variant(), kind=QUIET)
    assert len(await house.deliveries()) == 2
    for name in ("ann", "bob"):
        await house.preferences.update(InboxAddress(TENANT, name), channels=None, rules={}, timeout=5)
    assert await mails_end_as(house, DeliveryState.CANCELLED) == {"opted_out"}


async def test_a_channel_turned_on_by_a_rule_goes_out_while_the_rule_stands(house: House) -> None:
    await house.preferences.update(ANN, channels=None, rules=MAILS_OF_THE_TYPE, timeout=5)
    await write(house, variant(), kind=QUIET)
    assert len(await house.deliveries()) == 1
    await mails_end_as(house, DeliveryState.DELIVERED)


async def test_a_fallback_off_by_default_is_not_withdrawn(house: House) -> None:
    chains = (Fallback((Channel.EMAIL, Channel.SMS)),)
    await write(house, variant(), kind=QUIET, chains=chains)
    assert len(await house.deliveries()) == 2
    await mails_end_as(house, DeliveryState.DELIVERED)


async def test_only_words_that_may_be_delivered_are_kept(house: House) -> None:
    await house.preferences.update(ANN, channels=NO_MAILS, rules=None, timeout=5)
    await write(house, variant(parts=PARTS), kind=NotificationType(TYPE))
    assert await parts_of(house) == [(InboxAddress(TENANT, "bob").inbox_id, Channel.EMAIL, MAIL)]


async def test_each_recipient_gets_their_variant(house: House) -> None:
    german = variant("Geändert", {Channel.EMAIL: {"subject": "Geändert", "text": "Warst du das?"}})
    await write(house, variant(parts=PARTS), german, kind=NotificationType(TYPE))
    gate = Gate(opened=True)
    async with house.working({Channel.EMAIL: gate}):
        await house.settled({DeliveryState.DELIVERED})
    told = {m.recipient_id: (m.content.title, m.parts["subject"]) for m in gate.messages}
    assert told == {"ann": ("Changed", "It was changed"), "bob": ("Geändert", "Geändert")}


async def test_what_is_scheduled_keeps_all_words_and_the_policy_of_its_send(house: House) -> None:
    await house.preferences.update(ANN, channels=NO_MAILS, rules=None, timeout=5)
    later = utc_now() + timedelta(hours=1)
    await write(house, variant(parts=PARTS, deliver_time=later), kind=MANDATORY)
    assert [channel for _, channel, _ in await parts_of(house)] == [Channel.EMAIL, Channel.SMS] * 2
    await house.database.fetch("UPDATE notification SET deliver_time = now()")
    releases = ReleaseService(house.database, house.changes.extend, no_wake, tenants=house.tenants)
    assert (await releases.release_due(10)).done == 2
    gate = Gate(opened=True)
    async with house.working({Channel.EMAIL: gate}):
        await house.settled({DeliveryState.DELIVERED})
    assert {m.recipient_id: m.parts for m in gate.messages} == {"ann": MAIL, "bob": MAIL}


async def test_retention_counts_from_the_time_of_delivery(house: House) -> None:
    later = utc_now() + timedelta(hours=1)
    kept = NotificationType(TYPE, retention=Retention(archive_after_seconds=60, delete_after_seconds=90.0))
    await write(house, variant(), kind=NotificationType(TYPE))
    await write(house, variant(deliver_time=later), kind=kept)
    *forever, first, _ = await notifications(house)
    assert {(row["retain_time"], row["keep_archived_seconds"]) for row in forever} == {(None, None)}
    assert (first["stage"], first["retain_time"]) == (Stage.SCHEDULED, later + timedelta(seconds=60))
    assert first["keep_archived_seconds"] == 90


async def test_what_is_shared_is_not_written_with_each(house: House) -> None:
    shared = Variant(variant().draft, PARTS, "en", SharedContent(b"b" * 16, 3))
    await write(house, shared, kind=NotificationType(TYPE))
    places = {(r["broadcast_id"], r["broadcast_variant"], r["payload"]) for r in await notifications(house)}
    assert places == {(b"b" * 16, 3, b"")}
    assert await parts_of(house) == []
    assert {len(n.payload) > 0 for change in house.changes for n in change.notifications} == {True}
