from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from carillon import AsyncClient, errors
from carillon.v1 import types_pb2

SWITCH = {"channel": "EMAIL", "enabled": False}
RULE = {"type": "scan.completed", "channel": "IN_APP", "enabled": False}


async def test_a_recipient_without_preferences_has_empty_ones(gateway: AsyncClient, ada: str) -> None:
    preferences = (await gateway.get_preferences(recipient_id=ada)).preferences
    assert (list(preferences.channels), list(preferences.rules), list(preferences.mutes)) == ([], [], [])
    assert not preferences.HasField("update_time")


async def test_without_a_mask_the_fields_that_are_not_empty_are_replaced(
    gateway: AsyncClient, ada: str
) -> None:
    await gateway.update_preferences(recipient_id=ada, preferences={"channels": [SWITCH], "rules": [RULE]})
    await gateway.update_preferences(
        recipient_id=ada, preferences={"channels": [{"channel": "IN_APP", "enabled": True}]}
    )
    preferences = (await gateway.get_preferences(recipient_id=ada)).preferences
    assert [switch.channel for switch in preferences.channels] == [types_pb2.CHANNEL_IN_APP]
    assert [rule.type for rule in preferences.rules] == ["scan.completed"]
    assert preferences.HasField("update_time")


async def test_a_mask_names_what_is_replaced_also_by_nothing(gateway: AsyncClient, ada: str) -> None:
    await gateway.update_preferences(recipient_id=ada, preferences={"channels": [SWITCH], "rules": [RULE]})
    only_rules = await gateway.update_preferences(recipient_id=ada, preferences={}, update_mask=["rules"])
    assert (len(only_rules.preferences.channels), len(only_rules.preferences.rules)) == (1, 0)
    everything = await gateway.update_preferences(recipient_id=ada, preferences={}, update_mask=["*"])
    assert not everything.preferences.channels
    with pytest.raises(errors.FieldInvalidError):
        await gateway.update_preferences(recipient_id=ada, preferences={}, update_mask=["mutes"])


async def test_contradictions_are_refused(gateway: AsyncClient, ada: str) -> None:
    for preferences in (
        {"channels": [SWITCH, {**SWITCH, "enabled": True}]},
        {"rules": [RULE, {**RULE, "enabled": True}]},
        {"channels": [{"channel": 0, "enabled": True}]},
        {"rules": [{**RULE, "type": "no type"}]},
    ):
        with pytest.raises(errors.FieldInvalidError):
            await gateway.update_preferences(recipient_id=ada, preferences=preferences)
    assert not (await gateway.get_preferences(recipient_id=ada)).preferences.HasField("update_time")


async def test_the_same_mute_again_moves_its_end(gateway: AsyncClient, ada: str) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    await gateway.mute(recipient_id=ada, target={"sender": "bob"})
    muted = await gateway.mute(recipient_id=ada, target={"sender": "bob"}, until_time=end)
    [mute] = muted.preferences.mutes
    assert mute.until_time.ToDatetime(tzinfo=UTC) == end
    assert list((await gateway.get_preferences(recipient_id=ada)).preferences.mutes) == [mute]


async def test_mutes_survive_an_update_of_everything_else(gateway: AsyncClient, ada: str) -> None:
    await gateway.mute(recipient_id=ada, target={"type": "noise"})
    updated = await gateway.update_preferences(recipient_id=ada, preferences={}, update_mask=["*"])
    assert [mute.target.type for mute in updated.preferences.mutes] == ["noise"]


async def test_unmuting_what_is_not_muted_changes_nothing(gateway: AsyncClient, ada: str) -> None:
    await gateway.mute(recipient_id=ada, target={"label": {"key": "a", "value": "1"}})
    response = await gateway.unmute(recipient_id=ada, target={"label": {"key": "a", "value": "2"}})
    assert len(response.preferences.mutes) == 1


async def test_a_mute_has_a_target_and_ends_later(gateway: AsyncClient, ada: str) -> None:
    with pytest.raises(errors.FieldInvalidError):
        await gateway.mute(recipient_id=ada, target={})
    with pytest.raises(errors.FieldInvalidError):
        await gateway.mute(recipient_id=ada, target={"sender": ""})
    past = datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(errors.FieldInvalidError):
        await gateway.mute(recipient_id=ada, target={"sender": "bob"}, until_time=past)
