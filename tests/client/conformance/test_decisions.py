from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from carillon import AsyncClient
from carillon.v1 import types_pb2 as pb

IN_APP, EMAIL, PUSH = pb.CHANNEL_IN_APP, pb.CHANNEL_EMAIL, pb.CHANNEL_PUSH
SEND, SUPPRESS = pb.VERDICT_SEND, pb.VERDICT_SUPPRESS


async def decide(producer: AsyncClient, recipient_id: str, **changes: Any) -> dict[int, tuple[int, int]]:
    fields = {"type": "scan.completed", "content": {"title": "Scan done"}} | changes
    response = await producer.send(recipient_ids=[recipient_id], **fields)
    return {each.channel: (each.verdict, each.reason) for each in response.results[0].decisions}


@pytest.fixture
async def reachable(producer: AsyncClient, ada: str) -> str:
    """A recipient with an e-mail address."""
    await producer.put_endpoint(recipient_id=ada, endpoint={"channel": "EMAIL", "address": "ada@example.org"})
    return ada


async def test_the_defaults_are_in_app_and_email(producer: AsyncClient, reachable: str) -> None:
    assert await decide(producer, reachable) == {
        IN_APP: (SEND, pb.DECISION_REASON_DEFAULT),
        EMAIL: (SEND, pb.DECISION_REASON_DEFAULT),
    }


async def test_named_channels_replace_the_defaults(producer: AsyncClient, reachable: str) -> None:
    decisions = await decide(producer, reachable, channels=["EMAIL", "EMAIL"])
    assert decisions == {EMAIL: (SEND, pb.DECISION_REASON_REQUESTED)}


async def test_what_is_not_for_the_inbox_is_not_in_it(
    producer: AsyncClient, gateway: AsyncClient, reachable: str
) -> None:
    await decide(producer, reachable, channels=["EMAIL"])
    page = await gateway.list(recipient_id=reachable)
    assert (page.total_count, list(page.notifications)) == (0, [])


async def test_a_channel_without_an_endpoint_is_suppressed(producer: AsyncClient, ada: str) -> None:
    assert (await decide(producer, ada))[EMAIL] == (SUPPRESS, pb.DECISION_REASON_NO_ENDPOINT)


async def test_a_channel_without_a_provider_is_suppressed(producer: AsyncClient, ada: str) -> None:
    await producer.put_endpoint(recipient_id=ada, endpoint={"channel": "PUSH", "address": "device-token"})
    decisions = await decide(producer, ada, channels=["PUSH"])
    assert decisions == {PUSH: (SUPPRESS, pb.DECISION_REASON_CHANNEL_NOT_CONFIGURED)}


async def test_a_fallback_takes_the_first_channel_that_reaches(
    producer: AsyncClient, gateway: AsyncClient, reachable: str
) -> None:
    """Its channels count as named, beside the others; the notification is in the inbox at once."""
    fallback = {"channels": ["PUSH", "EMAIL"], "after": timedelta(minutes=5)}
    assert await decide(producer, reachable, channels=["IN_APP"], fallbacks=[fallback]) == {
        IN_APP: (SEND, pb.DECISION_REASON_REQUESTED),
        PUSH: (SUPPRESS, pb.DECISION_REASON_CHANNEL_NOT_CONFIGURED),
        EMAIL: (SEND, pb.DECISION_REASON_REQUESTED),
    }
    assert (await gateway.list(recipient_id=reachable)).total_count == 1


async def test_the_channels_of_a_fallback_join_the_defaults(producer: AsyncClient, reachable: str) -> None:
    decisions = await decide(producer, reachable, fallbacks=[{"channels": ["PUSH", "SMS"]}])
    assert decisions[IN_APP] == (SEND, pb.DECISION_REASON_DEFAULT)
    assert decisions[EMAIL] == (SEND, pb.DECISION_REASON_DEFAULT)
    assert decisions[PUSH][0] == SUPPRESS


async def test_nobody_is_told_of_their_own_act(producer: AsyncClient, gateway: AsyncClient, ada: str) -> None:
    response = await producer.send(recipient_ids=[ada], type="t", content={"title": "x"}, actor_id=ada)
    [result] = response.results
    assert result.notification_id == ""
    assert {(each.verdict, each.reason) for each in result.decisions} == {
        (SUPPRESS, pb.DECISION_REASON_ACTOR)
    }
    assert (await gateway.list(recipient_id=ada)).total_count == 0


async def test_a_switched_off_channel_is_suppressed(
    producer: AsyncClient, gateway: AsyncClient, reachable: str
) -> None:
    await gateway.update_preferences(
        recipient_id=reachable, preferences={"channels": [{"channel": "EMAIL", "enabled": False}]}
    )
    decisions = await decide(producer, reachable)
    assert decisions[EMAIL] == (SUPPRESS, pb.DECISION_REASON_CHANNEL_SWITCH)
    assert decisions[IN_APP][0] == SEND


async def test_a_rule_for_a_type_wins_over_the_channels_switch(
    producer: AsyncClient, gateway: AsyncClient, reachable: str
) -> None:
    await gateway.update_preferences(
        recipient_id=reachable,
        preferences={
            "channels": [{"channel": "EMAIL", "enabled": False}],
            "rules": [
                {"type": "scan.completed", "channel": "EMAIL", "enabled": True},
                {"type": "scan.completed", "channel": "IN_APP", "enabled": False},
            ],
        },
    )
    decisions = await decide(producer, reachable)
    assert decisions[EMAIL][0] == SEND
    assert decisions[IN_APP] == (SUPPRESS, pb.DECISION_REASON_TYPE_RULE)
    assert (await decide(producer, reachable, type="other"))[EMAIL][0] == SUPPRESS


async def test_what_the_inbox_does_not_want_is_neither_listed_nor_counted(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    await gateway.update_preferences(
        recipient_id=ada, preferences={"channels": [{"channel": "IN_APP", "enabled": False}]}
    )
    await decide(producer, ada)
    page = await gateway.list(recipient_id=ada)
    assert (page.total_count, page.unread_count, list(page.notifications)) == (0, 0, [])


@pytest.mark.parametrize(
    ("target", "matching"),
    [
        ({"sender": "mallory"}, {"actor_id": "mallory"}),
        ({"thread_key": "noise"}, {"thread_key": "noise"}),
        ({"label": {"key": "folder", "value": "spam"}}, {"labels": {"folder": "spam"}}),
        ({"type": "scan.completed"}, {}),
    ],
)
async def test_a_mute_silences_every_channel_until_unmuted(
    producer: AsyncClient, gateway: AsyncClient, ada: str, target: Any, matching: dict[str, Any]
) -> None:
    await gateway.mute(recipient_id=ada, target=target)
    muted = await decide(producer, ada, **matching)
    assert set(muted.values()) == {(SUPPRESS, pb.DECISION_REASON_MUTED)}
    assert (await decide(producer, ada, type="unrelated"))[IN_APP][0] == SEND
    await gateway.unmute(recipient_id=ada, target=target)
    assert (await decide(producer, ada, **matching))[IN_APP][0] == SEND


async def test_the_actor_comes_before_a_mute_and_a_mute_before_a_rule(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    await gateway.mute(recipient_id=ada, target={"type": "scan.completed"})
    await gateway.update_preferences(
        recipient_id=ada,
        preferences={"rules": [{"type": "scan.completed", "channel": "IN_APP", "enabled": True}]},
    )
    assert (await decide(producer, ada, actor_id=ada))[IN_APP] == (SUPPRESS, pb.DECISION_REASON_ACTOR)
    assert (await decide(producer, ada))[IN_APP] == (SUPPRESS, pb.DECISION_REASON_MUTED)
