"""What types make of sends: what the service and the fake have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from carillon import AsyncClient
from carillon.v1 import types_pb2 as pb

IN_APP, EMAIL = pb.CHANNEL_IN_APP, pb.CHANNEL_EMAIL
CONTENT: Any = {"title": "ready"}
OFFERED: Any = [{"channel": "IN_APP", "enabled": True}, {"channel": "EMAIL", "enabled": False}]
Define = Callable[..., Awaitable[str]]
Decisions = dict[int, tuple[int, int]]


@pytest.fixture
async def define(operator: AsyncClient, ada: str) -> AsyncIterator[Define]:
    """Makes a type that no other test knows."""
    name = f"typed.{ada[-20:]}"

    async def put(**fields: Any) -> str:
        kind: Any = {"name": name, **fields}
        await operator.put_type(type=kind)
        return name

    yield put
    await operator.delete_type(name=name)


@pytest.fixture
async def reachable(producer: AsyncClient, ada: str) -> str:
    await producer.put_endpoint(recipient_id=ada, endpoint={"channel": "EMAIL", "address": "ada@example.org"})
    return ada


async def decide(producer: AsyncClient, name: str, kind: str, **fields: Any) -> Decisions:
    response = await producer.send(recipient_ids=[name], type=kind, content=CONTENT, **fields)
    return {each.channel: (each.verdict, each.reason) for each in response.results[0].decisions}


async def test_a_channel_off_by_default_waits_for_a_rule(
    producer: AsyncClient, gateway: AsyncClient, reachable: str, define: Define
) -> None:
    kind = await define(channels=OFFERED)
    assert await decide(producer, reachable, kind) == {
        IN_APP: (pb.VERDICT_SEND, pb.DECISION_REASON_DEFAULT),
        EMAIL: (pb.VERDICT_SUPPRESS, pb.DECISION_REASON_TYPE_DEFAULT),
    }
    rules: Any = {"rules": [{"type": kind, "channel": "EMAIL", "enabled": True}]}
    await gateway.update_preferences(recipient_id=reachable, preferences=rules)
    after = await decide(producer, reachable, kind)
    assert after[EMAIL] == (pb.VERDICT_SEND, pb.DECISION_REASON_TYPE_RULE)


async def test_a_sender_may_name_what_is_off_by_default(
    producer: AsyncClient, reachable: str, define: Define
) -> None:
    kind = await define(channels=OFFERED)
    decisions = await decide(producer, reachable, kind, channels=["EMAIL"])
    assert decisions == {EMAIL: (pb.VERDICT_SEND, pb.DECISION_REASON_REQUESTED)}


async def test_what_is_mandatory_overrules_switches_and_mutes_but_not_the_actor(
    producer: AsyncClient, gateway: AsyncClient, reachable: str, define: Define
) -> None:
    kind = await define(mandatory=True)
    switches: Any = {"channels": [{"channel": "EMAIL", "enabled": False}]}
    await gateway.update_preferences(recipient_id=reachable, preferences=switches)
    decisions = await decide(producer, reachable, kind)
    assert decisions[EMAIL] == (pb.VERDICT_SEND, pb.DECISION_REASON_MANDATORY)
    assert decisions[IN_APP] == (pb.VERDICT_SEND, pb.DECISION_REASON_DEFAULT)
    await gateway.mute(recipient_id=reachable, target={"type": kind})
    muted = await decide(producer, reachable, kind)
    assert set(muted.values()) == {(pb.VERDICT_SEND, pb.DECISION_REASON_MANDATORY)}
    own = await decide(producer, reachable, kind, actor_id=reachable)
    assert set(own.values()) == {(pb.VERDICT_SUPPRESS, pb.DECISION_REASON_ACTOR)}


async def test_a_type_completes_what_the_sender_leaves_open(
    producer: AsyncClient, gateway: AsyncClient, ada: str, define: Define
) -> None:
    kind = await define(category="security", priority="HIGH", time_to_live=timedelta(days=7))
    await decide(producer, ada, kind)
    await decide(producer, ada, kind, category="news", priority="NORMAL")
    own, completed = (await gateway.list(recipient_id=ada)).notifications
    assert (completed.category, completed.priority) == ("security", pb.PRIORITY_HIGH)
    assert (own.category, own.priority) == ("news", pb.PRIORITY_NORMAL)
    assert completed.HasField("expire_time")
    assert own.HasField("expire_time")
