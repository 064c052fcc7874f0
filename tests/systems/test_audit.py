"""The story of the audit product: scans, credits and subscriptions, content, accounts, teams.

Not told yet, as it hangs on time, and nothing executes it: payments and used-up credits that nobody reacts to
climb to text messages and to the topic `billing-admins`; people who joined are collected into one mail a day.
"""

from __future__ import annotations

import pytest

from carillon.errors import FieldInvalidError
from carillon.v1.types_pb2 import Channel
from carillon_server.testing import Reply
from tests.systems.catalogs import bundle_of
from tests.systems.everyday import check_catch_up, check_reading, check_two_devices
from tests.systems.person import decided, laid_over, page, plain, text
from tests.systems.telling import Told, check_told
from tests.systems.told_audit import TOLD
from tests.systems.world import World

CATALOG = "audit"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("told", TOLD, ids=str)
async def test_every_type_is_told_in_the_language_of_its_reader(world: World, told: Told) -> None:
    await check_told(world, told)


async def test_seeding_again_changes_nothing(world: World) -> None:
    again = await world.operator.apply_catalog(bundle=bundle_of(CATALOG))

    assert not again.changes
    assert again.unchanged_count > len(TOLD)


async def test_a_completed_scan_reads_well_everywhere(world: World) -> None:
    anna, bernd = await world.person("en"), await world.person("de")

    await world.send("scan.completed", anna, bernd, channels=["IN_APP", "EMAIL", "PUSH", "SMS"])
    await world.settled(anna, bernd)

    (shown,) = await anna.inbox()
    assert (shown.content.icon, shown.content.action_url) == (
        "check-circle",
        "/projects/prj-7/scans/scn-1042",
    )
    assert plain(shown.content.body) == "Score 87.5 of 100, 12 issues to look at."
    assert bernd.texts == ["Brandwerk Shop: Scan abgeschlossen, 87,5 von 100 Punkten."]
    assert [each["title"] for each in bernd.pushes] == ["Scan von Brandwerk Shop abgeschlossen"]
    mail = await anna.mail("Brandwerk Shop scored 87.5 of 100")
    assert "That is 5.5 more than last time. Well done!" in text(mail)
    assert 'href="https://app.example.com/projects/prj-7/scans/scn-1042"' in page(mail)
    assert "https://app.example.com/projects/prj-7/scans/scn-1042" in text(mail)


@pytest.mark.parametrize(
    ("locale", "title"),
    [
        ("fr-CH", "Échec du paiement de 99,00 €"),
        ("de-AT", "Zahlung von € 99,00 fehlgeschlagen"),
        ("en-GB", "Payment of €99.00 failed"),
        ("it", "Payment of €99.00 failed"),
        ("", "Payment of €99.00 failed"),
    ],
)
async def test_readers_get_their_language_or_the_tenants(world: World, locale: str, title: str) -> None:
    reader = await world.person(locale)

    await world.send("payment.failed", reader)

    assert await reader.titles() == [title]


async def test_project_and_scan_are_kept_as_labels(world: World) -> None:
    anna = await world.person()
    for project, scan in (("prj-7", "scn-1"), ("prj-7", "scn-2"), ("prj-8", "scn-3")):
        data = laid_over(world.sample("scan.completed"), {"project_id": project, "scan_id": scan})
        await world.send("scan.completed", anna, data=data, labels={"project": project, "scan": scan})

    assert [each.labels["scan"] for each in await anna.inbox(labels={"project": "prj-7"})] == [
        "scn-2",
        "scn-1",
    ]
    assert len(await anna.inbox(labels={"project": "prj-7", "scan": "scn-1"})) == 1
    assert len(await anna.inbox(thread_key="project/prj-7")) == 2

    await anna.client.mute(target={"label": {"key": "project", "value": "prj-8"}})
    quiet = await world.send("scan.failed", anna, labels={"project": "prj-8"})
    assert set(decided(quiet.results[0]).values()) == {"SUPPRESS MUTED"}


async def test_the_end_of_a_scan_takes_the_place_of_its_beginning(world: World) -> None:
    anna = await world.person()

    await world.send("scan.started", anna)
    await world.send("scan.completed", anna)

    assert await anna.titles() == ["Scan of Brandwerk Shop completed"]


async def test_wishes_by_type_and_channel_fall_back_to_the_defaults(world: World) -> None:
    anna = await world.person()
    await anna.client.update_preferences(
        preferences={
            "channels": [{"channel": "PUSH", "enabled": False}],
            "rules": [
                {"type": "scan.completed", "channel": "EMAIL", "enabled": False},
                {"type": "scan.started", "channel": "EMAIL", "enabled": True},
            ],
        }
    )

    completed = decided((await world.send("scan.completed", anna)).results[0])
    started = decided((await world.send("scan.started", anna)).results[0])
    failed = decided((await world.send("scan.failed", anna)).results[0])

    assert completed["EMAIL"] == "SUPPRESS TYPE_RULE"
    assert completed["PUSH"] == "SUPPRESS CHANNEL_SWITCH"
    assert started["EMAIL"] == "SEND TYPE_RULE"
    assert (failed["EMAIL"], failed["SMS"]) == ("SEND DEFAULT", "SUPPRESS TYPE_DEFAULT")
    assert await world.delivered(anna) == {"EMAIL": 2}
    assert sorted(anna.subjects) == ["Scan of Brandwerk Shop started", "The scan of Brandwerk Shop failed"]


@pytest.mark.parametrize("kind", ["payment.failed", "credit.depleted", "password.changed", "role.changed"])
async def test_what_concerns_money_and_safety_cannot_be_switched_off(world: World, kind: str) -> None:
    anna = await world.person()
    await anna.client.update_preferences(preferences={"channels": [{"channel": "EMAIL", "enabled": False}]})
    await anna.client.mute(target={"type": kind})

    decisions = decided((await world.send(kind, anna)).results[0])

    assert decisions["EMAIL"] == decisions["IN_APP"] == "SEND MANDATORY"
    assert (await world.delivered(anna))["EMAIL"] == 1


async def test_what_lacks_a_variable_is_refused_with_its_path(world: World) -> None:
    anna = await world.person()

    for changes, path in (({"dcs_score": None}, "data.dcs_score"), ({"dcs_score": 101}, "data.dcs_score")):
        data = laid_over(world.sample("scan.completed"), changes)
        with pytest.raises(FieldInvalidError) as refused:
            await world.send("scan.completed", anna, data=data)
        assert [each.field for each in refused.value.field_violations] == [path]
    assert await anna.inbox() == []


async def test_each_channel_has_a_record_of_its_own_with_every_try(world: World) -> None:
    anna = await world.person()
    world.far_sides.relay.answer_with(Reply(554))
    sent = await world.send("report.available", anna, channels=["EMAIL", "SMS"])
    await world.settled(anna)

    (refused,) = await world.states(anna, "REJECTED")
    await world.operator.retry_delivery(id=refused.id)
    await world.settled(anna)

    story = await world.operator.explain_notification(id=sent.results[0].notification_id)
    tries = {
        each.delivery.channel: [(one.provider, one.outcome, one.error_class) for one in each.attempts]
        for each in story.deliveries
    }
    assert tries == {
        Channel.CHANNEL_EMAIL: [("smtp", "rejected", "smtp_554"), ("smtp", "delivered", "")],
        Channel.CHANNEL_SMS: [("http_sms", "delivered", "")],
    }
    assert all(each.delivery.HasField("finish_time") for each in story.deliveries)


async def test_an_invitation_is_accepted(world: World) -> None:
    anna = await world.person("de")
    sent = await world.send("user.invited", anna)

    (invited,) = await anna.inbox()
    assert [(each.id, each.label) for each in invited.content.actions] == [
        ("accept", "Annehmen"),
        ("decline", "Ablehnen"),
    ]
    await anna.client.record_action(id=invited.id, action_id="accept")

    seen = await world.system.get(id=sent.results[0].notification_id)
    assert seen.notification.action_taken.action_id == "accept"


async def test_reading(world: World) -> None:
    await check_reading(world, "scan.failed", "analysis.ready")


async def test_two_devices(world: World) -> None:
    await check_two_devices(world, "scan.completed")


async def test_who_was_away_catches_up(world: World) -> None:
    await check_catch_up(world, "report.available", missed=30)
