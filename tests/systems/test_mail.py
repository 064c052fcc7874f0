"""The story of the mail client: messages, synchronisation, errors, a mailbox that fills up.

An account is a label (docs/adr/0025). Not told yet, as it hangs on time, and nothing executes it: new
messages collected into one mail a day, a week or a month, with their period and number; quiet hours across
midnight.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.systems.everyday import check_catch_up, check_reading, check_two_devices, device
from tests.systems.person import Person, decided, laid_over, plain
from tests.systems.telling import Told, check_told
from tests.systems.told_mail import TOLD
from tests.systems.world import World

CATALOG = "mail"
pytestmark = pytest.mark.asyncio(loop_scope="module")

WORK, HOME = "anna@work.example", "anna@home.example"


async def new_message(world: World, to: Person, number: int, **about: str) -> dict[str, str]:
    """As the client sends it: account and folder as labels too, the sender's address as the actor."""
    account, folder = about.get("account", WORK), about.get("folder", "Inbox")
    data = laid_over(
        world.sample("message.new"),
        {"account": account, "folder": folder, "message_id": f"m-{number}", "conversation_id": f"c-{number}"},
    )
    sent = await world.send(
        "message.new",
        to,
        data=data,
        labels={"account": account, "folder": folder},
        actor_id=about.get("sender", "ben@example.com"),
    )
    return decided(sent.results[0])


@pytest.mark.parametrize("told", TOLD, ids=str)
async def test_every_type_is_told_in_the_language_of_its_reader(world: World, told: Told) -> None:
    await check_told(world, told)


async def test_an_account_is_a_label(world: World) -> None:
    anna = await world.person()
    for number, account in enumerate((WORK, WORK, HOME)):
        await new_message(world, anna, number, account=account)

    assert len(await anna.inbox(labels={"account": WORK})) == 2
    read = await anna.client.mark_read(all=True, filter={"labels": {"account": WORK}})

    assert read.changed_count == 2
    (left,) = await anna.inbox(unread=True)
    assert left.labels["account"] == HOME
    assert await anna.unread() == {"message.new": 1}


async def test_silenced_senders_and_folders(world: World) -> None:
    anna = await world.person()
    folder = {"label": {"key": "folder", "value": "Newsletters"}}
    await anna.client.mute(target={"sender": "ads@example.com"})
    await anna.client.mute(target=folder)

    silenced = await new_message(world, anna, 1, sender="ads@example.com")
    unwanted = await new_message(world, anna, 2, folder="Newsletters")
    wanted = await new_message(world, anna, 3)

    assert set(silenced.values()) == set(unwanted.values()) == {"SUPPRESS MUTED"}
    assert (wanted["IN_APP"], wanted["PUSH"]) == ("SEND DEFAULT", "SEND DEFAULT")
    assert [each.data["message_id"] for each in await anna.inbox()] == ["m-3"]

    await anna.client.unmute(target=folder)
    assert (await new_message(world, anna, 4, folder="Newsletters"))["IN_APP"] == "SEND DEFAULT"


async def test_a_webhook_gets_the_clients_own_event(world: World) -> None:
    anna = await world.person()
    rules = [
        {"type": kind, "channel": "WEBHOOK", "enabled": True} for kind in ("message.new", "quota.warning")
    ]
    await anna.client.update_preferences(preferences={"rules": rules})

    assert (await new_message(world, anna, 1))["WEBHOOK"] == "SEND TYPE_RULE"
    await world.send("quota.warning", anna, data={"account": HOME, "percent_used": 95})
    await world.settled(anna)

    events: dict[str, Any] = {each["type"]: each["data"] for each in anna.webhooks}
    assert events == {
        "message.new": {
            "event": "NEW_MESSAGE",
            "account": WORK,
            "message_id": "m-1",
            "sender": "Ben Weber",
            "subject": "Minutes of Tuesday",
            "folder": "Inbox",
            "preview": "Hi Anna, here are the minutes. Two points are still open …",
        },
        "quota.warning": {"event": "QUOTA_WARNING", "account": HOME, "percent_used": 95},
    }


async def test_of_a_folders_synchronisations_the_newest_unread_one_stays(world: World) -> None:
    anna = await world.person("de")
    for account, folder, fresh in (
        (WORK, "Inbox", 1),
        (HOME, "Inbox", 2),
        (WORK, "Inbox", 3),
        (WORK, "Sent", 4),
    ):
        data = {"account": account, "folder": folder, "messages_synced": 1280, "new_messages": fresh}
        await world.send("sync.complete", anna, data=data)

    assert [plain(each.content.body) for each in await anna.inbox()] == [
        "4 neue Nachrichten, 1.280 geprüft.",
        "3 neue Nachrichten, 1.280 geprüft.",
        "2 neue Nachrichten, 1.280 geprüft.",
    ]


async def test_a_failed_synchronisation_says_when_it_is_tried_again_in_the_readers_time(world: World) -> None:
    anna, bernd = await world.person("en", "America/New_York"), await world.person("de", "Europe/Zurich")

    await world.send("sync.failed", anna, bernd)

    (english,), (german,) = await anna.inbox(), await bernd.inbox()
    assert plain(english.content.body).endswith("Next try at 10:30 AM.")
    assert plain(german.content.body).endswith("Nächster Versuch um 16:30.")


async def test_pushes_carry_what_the_application_needs(world: World) -> None:
    anna = await world.person()

    await new_message(world, anna, 7, account=HOME)
    await world.settled(anna)

    (push,) = anna.pushes
    assert push["title"] == "Ben Weber"
    assert push["url"] == "https://app.example.com/messages/m-7"
    assert push["data"] == {"event": "NEW_MESSAGE", "account": HOME}


async def test_old_ones_are_archived_and_then_deleted(world: World) -> None:
    kind = (await world.operator.get_type(name="message.sent")).type
    assert kind.retention.archive_after.ToTimedelta() == timedelta(days=30)
    assert kind.retention.delete_after.ToTimedelta() == timedelta(days=30)
    kind.retention.archive_after.FromTimedelta(timedelta(seconds=1))
    kind.retention.delete_after.FromTimedelta(timedelta(seconds=1))
    await world.operator.put_type(type=kind)
    anna = await world.person()

    async with device(anna) as phone:
        await world.send("message.sent", anna)
        (created,) = await phone.created(1)
        (changed,) = (await phone.next("changed")).changed.notifications
        assert changed.HasField("archive_time")
        assert not changed.HasField("read_time")
        assert list((await phone.next("removed")).removed.ids) == [created.id]
    assert await anna.inbox(archived=True) == []


async def test_totals_and_numbers_by_type(world: World) -> None:
    anna = await world.person()
    started = datetime.now(UTC) - timedelta(minutes=5)
    for number in range(3):
        await new_message(world, anna, number)
    await world.send("attachment.downloaded", anna)
    await anna.client.archive(all=True, filter={"types": ["attachment.downloaded"]})
    await world.settled(anna)

    listed = await anna.client.list(page_size=2)
    counts = await anna.client.get_counts()
    assert (len(listed.notifications), listed.total_count, listed.unread_count) == (2, 3, 3)
    assert counts.counts.archived_count == 1
    assert {name: each.total_count for name, each in counts.by_type.items() if each.total_count} == {
        "message.new": 3
    }
    stats = await world.operator.get_stats(
        start_time=started, end_time=datetime.now(UTC) + timedelta(minutes=5), group_by=["TYPE"]
    )
    assert {row.type: row for row in stats.rows}["message.new"].delivered_count >= 3


async def test_reading(world: World) -> None:
    await check_reading(world, "error.occurred", "quota.warning")


async def test_two_devices(world: World) -> None:
    await check_two_devices(world, "sync.failed")


async def test_who_was_offline_catches_up(world: World) -> None:
    await check_catch_up(world, "error.occurred", missed=30)
