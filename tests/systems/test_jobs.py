"""The story of the job search: applications, interviews, matches, deadlines, announcements, briefings.

Not told yet, as it hangs on time, and nothing executes it: briefings that are made by themselves at 08:00 and
18:00 of each person's time; matches collected into one mail a day or a week; quiet hours, after which things
come; limits for each person and hour.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from carillon.v1.notification_service_pb2 import SubscribeRequest
from carillon.v1.notification_service_pb2_grpc import NotificationServiceStub
from carillon.v1.types_pb2 import Priority
from tests.systems.catalogs import types_of
from tests.systems.everyday import check_catch_up, check_reading, check_two_devices, device
from tests.systems.everyone import broadcast
from tests.systems.person import decided, laid_over, page, plain, text
from tests.systems.telling import Told, check_told
from tests.systems.told_jobs import TOLD
from tests.systems.world import World

CATALOG = "jobs"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("told", TOLD, ids=str)
async def test_every_type_is_told_in_the_language_of_its_reader(world: World, told: Told) -> None:
    await check_told(world, told)


async def test_an_announcement_reaches_everyone_once(world: World) -> None:
    anna, bernd = await world.person("en"), await world.person("de")
    rule = {"type": "system_announcement", "channel": "EMAIL", "enabled": True}
    await bernd.client.update_preferences(preferences={"rules": [rule]})

    told = await broadcast(world, "system_announcement", everyone=True)

    assert told.notified_count == told.audience_count >= 2
    for person in (anna, bernd):
        assert await person.titles(types=["system_announcement"]) == ["Maintenance on Sunday"]
    assert await world.delivered(anna) == {}
    assert await world.delivered(bernd) == {"EMAIL": 1}
    assert "Mehr erfahren" in page(await bernd.mail("Maintenance on Sunday"))


async def test_every_type_has_its_priority(world: World) -> None:
    anna = await world.person()
    expected = {
        "LOW": {"skill_gap_report", "morning_briefing", "evening_update"},
        "NORMAL": {"application_update", "new_job_match", "system_announcement"},
        "HIGH": {"job_status_change", "application_deadline"},
        "URGENT": {"interview_reminder"},
    }
    for number, kind in enumerate(types_of(CATALOG)):
        await world.send(kind, anna, channels=["IN_APP"], collapse_key=f"{number}")

    found: dict[str, set[str]] = {}
    for each in await anna.inbox():
        found.setdefault(Priority.Name(each.priority).removeprefix("PRIORITY_"), set()).add(each.type)
    assert found == expected
    counts = await anna.client.get_counts()
    assert [each.counts.total_count for each in counts.by_priority] == [3, 3, 2, 1]


async def test_a_sender_can_say_another_priority(world: World) -> None:
    anna = await world.person()

    await world.send("new_job_match", anna, priority="URGENT")

    (match,) = await anna.inbox()
    assert match.priority == Priority.PRIORITY_URGENT


async def test_matches_expire_after_two_weeks_and_what_expires_is_taken_away(world: World) -> None:
    anna = await world.person()
    await world.send("new_job_match", anna)
    (match,) = await anna.inbox()
    lives = match.expire_time.ToDatetime() - match.create_time.ToDatetime()
    assert abs(lives - timedelta(days=14)) < timedelta(seconds=5)

    async with device(anna) as phone:
        soon = datetime.now(UTC) + timedelta(seconds=1)
        await world.send("application_update", anna, channels=["IN_APP"], expire_time=soon)
        (created,) = await phone.created(1)
        assert list((await phone.next("removed")).removed.ids) == [created.id]
    assert [each.id for each in await anna.inbox()] == [match.id]


async def test_a_quiet_stream_shows_that_it_lives(world: World) -> None:
    """The client keeps heartbeats to itself, so this listens on the wire."""
    anna = await world.person()
    request = SubscribeRequest(heartbeat=Duration(seconds=1))

    async with grpc.aio.insecure_channel(world.target) as channel:
        stream = NotificationServiceStub(channel).Subscribe(request, metadata=world.credentials(anna))
        kinds = [(await stream.read()).WhichOneof("event") for _ in range(3)]

    assert kinds == ["snapshot", "heartbeat", "heartbeat"]


async def test_who_was_offline_catches_up_on_more_than_a_hundred(world: World) -> None:
    await check_catch_up(world, "application_update", missed=120)


async def test_a_briefing_has_counts_and_top_items_in_the_time_of_its_reader(world: World) -> None:
    anna, bernd = await world.person("en", "America/New_York"), await world.person("de", "Europe/Zurich")

    await world.send("morning_briefing", anna, bernd)

    english = page(await anna.mail("Your Tuesday, November 24, 2026"))
    german = page(await bernd.mail("Ihr Dienstag, 24. November 2026"))
    for shown in (
        "Good luck with your interview!",
        "new matches",
        "Best matches",
        "Nordlicht GmbH, Hamburg",
        "94%",
    ):
        assert shown in english
    for shown in (
        "Viel Erfolg bei Ihrem Gespräch!",
        "neue Treffer",
        "Beste Treffer",
        "Nordlicht GmbH, Hamburg",
    ):
        assert shown in german
    assert "3:30 AM" in plain(english)
    assert "09:30" in german
    assert 'href="https://app.example.com/jobs/job-301"' in german


async def test_a_day_without_anything_makes_a_short_briefing(world: World) -> None:
    anna = await world.person()
    day = {"day": "2026-11-25", "new_matches_count": 0, "interviews_count": 0, "deadlines_count": 0}

    await world.send("morning_briefing", anna, data=day)

    mail = await anna.mail("Your Wednesday, November 25, 2026")
    assert "Good luck" not in page(mail)
    assert "Best matches" not in page(mail)
    assert "This is your Wednesday, November 25, 2026." in text(mail)


async def test_good_and_bad_news_are_told_differently(world: World) -> None:
    anna = await world.person("de")
    for status in ("offer", "rejected"):
        about = {"status": status, "application_id": status, "notes": None}
        await world.send("job_status_change", anna, data=laid_over(world.sample("job_status_change"), about))

    offer = await anna.mail("Data Engineer bei Alpenblick AG: Angebot")
    rejection = await anna.mail("Data Engineer bei Alpenblick AG: Abgesagt")
    assert "Herzlichen Glückwunsch: ein Angebot!" in page(offer)
    assert "Vielleicht ist die nächste die richtige." in text(rejection)
    assert [each.content.action_url for each in await anna.inbox()] == [
        "/applications/rejected",
        "/applications/offer",
    ]


async def test_an_interview_is_confirmed(world: World) -> None:
    anna = await world.person()
    sent = await world.send("interview_reminder", anna)
    (reminder,) = await anna.inbox()
    assert [(each.id, each.url) for each in reminder.content.actions] == [
        ("confirm", ""),
        ("reschedule", "/applications/app-77/reschedule"),
    ]

    await anna.client.record_action(id=reminder.id, action_id="confirm")

    seen = await world.system.get(id=sent.results[0].notification_id)
    assert seen.notification.action_taken.action_id == "confirm"


async def test_three_channels_and_nine_types_can_be_switched(world: World) -> None:
    anna = await world.person()
    off = [
        {"type": kind, "channel": channel, "enabled": False}
        for kind in types_of(CATALOG)
        for channel in ("IN_APP", "EMAIL", "PUSH")
        if kind != "new_job_match"
    ]
    switches = [{"channel": "PUSH", "enabled": False}]
    await anna.client.update_preferences(preferences={"rules": off, "channels": switches})

    for kind in types_of(CATALOG):
        decisions = decided((await world.send(kind, anna)).results[0])
        if kind == "new_job_match":
            assert (decisions["IN_APP"], decisions["PUSH"]) == ("SEND DEFAULT", "SUPPRESS CHANNEL_SWITCH")
        else:
            assert set(decisions.values()) == {"SUPPRESS TYPE_RULE"}
    assert len(await anna.inbox()) == 1


async def test_reading(world: World) -> None:
    await check_reading(world, "job_status_change", "application_deadline")


async def test_two_devices(world: World) -> None:
    await check_two_devices(world, "interview_reminder")
