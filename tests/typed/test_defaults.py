"""What a type says holds where the sender says nothing, and the recipient may say otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carillon.v1.types_pb2 import DecisionReason, Priority
from carillon_server.domain.identity import Role
from tests.typed.conftest import TYPE, World, decisions_of

CONTENT = {"title": "ready"}
OFFERED = [{"channel": "IN_APP", "enabled": True}, {"channel": "EMAIL", "enabled": False}]
_SLACK = timedelta(minutes=1)


async def with_mail(world: World, name: str = "ada") -> None:
    await world.producer.upsert_recipient(
        recipient={"recipient_id": name}, endpoints=[{"channel": "EMAIL", "address": f"{name}@example.com"}]
    )


async def prefer(world: World, name: str = "ada", **preferences: Any) -> None:
    reader = await world.client(Role.USER, name)
    await reader.update_preferences(preferences=preferences)


async def test_category_and_priority_are_those_of_the_type(world: World) -> None:
    await world.put_type(category="security", priority="HIGH")
    await world.send("ada", content=CONTENT)
    told = await world.latest("ada")
    assert (told.category, told.priority, told.content.title) == ("security", Priority.PRIORITY_HIGH, "ready")
    [row] = await world.rows("notification", "ada")
    assert (row["category"], row["priority"]) == ("security", Priority.PRIORITY_HIGH)


async def test_the_sender_goes_before_the_type(world: World) -> None:
    await world.put_type(category="security", priority="HIGH", time_to_live=timedelta(days=7))
    end = datetime.now(UTC) + timedelta(hours=2)
    await world.send("ada", content=CONTENT, category="news", priority="NORMAL", expire_time=end)
    told = await world.latest("ada")
    assert (told.category, told.priority) == ("news", Priority.PRIORITY_NORMAL)
    assert abs(told.expire_time.ToDatetime(UTC) - end) < _SLACK


async def test_a_time_to_live_counts_from_when_it_is_delivered(world: World) -> None:
    await world.put_type(time_to_live=timedelta(days=7))
    later = datetime.now(UTC) + timedelta(days=1)
    await world.send("ada", content=CONTENT)
    await world.send("ada", content=CONTENT, deliver_time=later)
    told, waiting = await world.rows("notification", "ada")
    assert abs(told["expire_time"] - told["create_time"] - timedelta(days=7)) < _SLACK
    assert abs(waiting["expire_time"] - later - timedelta(days=7)) < _SLACK
    assert (await world.latest("ada")).HasField("expire_time")


async def test_retention_is_written_with_the_notification(world: World) -> None:
    await world.put_type(retention={"archive_after": timedelta(days=30), "delete_after": timedelta(days=9)})
    await world.send("ada", content=CONTENT)
    [row] = await world.rows("notification", "ada")
    assert row["retain_time"] - row["deliver_time"] == timedelta(days=30)
    assert row["keep_archived_seconds"] == 9 * 86_400


async def test_rules_give_the_keys(world: World) -> None:
    names = ("scan", "project", "run")
    await world.put_type(
        collapse_rule="scan {{ scan }}",
        thread_rule="{{ data.project }}",
        data_schema={"required": names, "properties": {name: {} for name in names}},
        sample_data=dict.fromkeys(names, 1),
    )
    await world.put_template(in_app={"title": "run {{ run }}"})
    for run in (1, 2):
        await world.send("ada", data={"scan": 7, "project": "atlas", "run": run})
    await world.send("ada", data={"scan": 8, "project": "atlas", "run": 3}, content=CONTENT)
    told = await world.inbox("ada")
    assert [(n.content.title, n.collapse_key, n.thread_key) for n in told] == [
        ("ready", "scan 8", "atlas"),
        ("run 2", "scan 7", "atlas"),
    ]


async def test_a_key_of_the_sender_goes_before_the_rule(world: World) -> None:
    await world.put_type(collapse_rule="rule", thread_rule="rule")
    await world.send("ada", content=CONTENT, collapse_key="own")
    told = await world.latest("ada")
    assert (told.collapse_key, told.thread_key) == ("own", "rule")


async def test_a_channel_off_by_default_waits_for_the_recipients_rule(world: World) -> None:
    await world.put_type(channels=OFFERED)
    await with_mail(world)
    before = decisions_of(await world.send("ada", content=CONTENT))
    assert before == {"IN_APP": ("SEND", "DEFAULT"), "EMAIL": ("SUPPRESS", "TYPE_DEFAULT")}
    await prefer(world, rules=[{"type": TYPE, "channel": "EMAIL", "enabled": True}])
    after = decisions_of(await world.send("ada", content=CONTENT))
    assert after["EMAIL"] == ("SEND", "TYPE_RULE")
    assert len(await world.rows("delivery", "ada")) == 1


async def test_the_sender_can_name_a_channel_that_is_off_by_default(world: World) -> None:
    await world.put_type(channels=OFFERED)
    await with_mail(world)
    response = await world.send("ada", content=CONTENT, channels=["EMAIL"])
    assert decisions_of(response) == {"EMAIL": ("SEND", "REQUESTED")}


@pytest.mark.parametrize("mandatory", [True, False])
async def test_only_what_is_mandatory_overrules_a_switch(world: World, mandatory: bool) -> None:  # noqa: FBT001 - a parameter of the test
    await world.put_type(mandatory=mandatory)
    await with_mail(world)
    await prefer(world, channels=[{"channel": "EMAIL", "enabled": False}])
    decision = decisions_of(await world.send("ada", content=CONTENT))["EMAIL"]
    assert decision == (("SEND", "MANDATORY") if mandatory else ("SUPPRESS", "CHANNEL_SWITCH"))
    dry = decisions_of(await world.send("ada", content=CONTENT, dry_run=True))["EMAIL"]
    assert dry == decision


async def test_the_story_tells_of_the_type(world: World) -> None:
    await world.put_type(mandatory=True, channels=OFFERED)
    await prefer(world, channels=[{"channel": "IN_APP", "enabled": False}])
    response = await world.send("ada", content=CONTENT)
    story = await world.operator.explain_notification(id=response.results[0].notification_id)
    decisions = [entry.decision for entry in story.entries if entry.HasField("decision")]
    assert [DecisionReason.Name(decision.reason) for decision in decisions] == [
        "DECISION_REASON_MANDATORY",
        "DECISION_REASON_TYPE_DEFAULT",
    ]


async def test_what_is_scheduled_is_worded_when_it_is_sent(world: World) -> None:
    await world.put_type()
    await world.put_template(in_app={"title": "first"})
    await world.put_template(email={"subject": "first", "text": "t"})
    later = datetime.now(UTC) + timedelta(hours=1)
    await world.send("ada", deliver_time=later)
    await world.put_template(in_app={"title": "second"})
    [row] = await world.rows("notification", "ada")
    assert b"first" in row["payload"]
    [(channel, mail)] = await world.parts("ada")
    assert (channel, mail["subject"]) == ("CHANNEL_EMAIL", "first")


async def test_a_channel_of_a_fallback_is_worded_too(world: World) -> None:
    await world.put_type(channels=[{"channel": "IN_APP", "enabled": True}])
    await world.put_template(in_app={"title": "inbox"})
    await world.put_template(email={"subject": "mail", "text": "t"})
    await with_mail(world)
    await world.send("ada", fallbacks=[{"channels": ["PUSH", "EMAIL"]}])
    assert [mail["subject"] for _, mail in await world.parts("ada")] == ["mail"]
