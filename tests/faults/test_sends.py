"""P1, P2 and P7: what was answered is there, once, and goes out, whatever was killed or forgotten."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from carillon.errors import RequestIdReusedError
from tests.delivery.relay import Relay
from tests.eventually import eventually
from tests.faults.callers import Callers, in_flight
from tests.faults.installation import Installation
from tests.faults.nemesis import Nemesis, schedule
from tests.faults.options import Size, sizes
from tests.faults.oracle import Oracle, holdings
from tests.faults.outcome import Drill
from tests.faults.traffic import all_mailed, enter_people, mails, send

pytestmark = pytest.mark.asyncio(loop_scope="module")

_CALLERS = 16
_REPEATERS = 8
_DELIVERED_SECONDS = 120
_REBUILT_SECONDS = 10
_ROUND = 40
"""Sends of one round, of which some lead to a mail."""
_CRASHES = ("crash", "crash", "crash", "backend", "postmaster")
_EVERYTHING = ("server", "worker", *_CRASHES, "valkey", "flushall")
# Commits take long, so that most crashes of Postgres come between the last statement and its commit.
_SLOW_COMMITS = {"commit_delay": 20_000, "commit_siblings": 0}


@sizes(short=Size(500, 9), long=Size(20_000, 45))
async def test_p1_a_send_answered_ok_is_never_lost(
    shared_installation: Installation, shared_relay: Relay, drill: Drill, size: Size
) -> None:
    """Servers, workers, Postgres and Valkey are killed; Valkey is emptied. Nothing answered is missing, and
    each mail that is due goes out.
    """
    installation, relay = shared_installation, shared_relay
    await enter_people(installation)
    oracle = Oracle()
    blows = schedule(drill.seed, answers=size.sends, blows=size.blows, strikes=_EVERYTHING)
    nemesis = Nemesis(installation, drill.seed, blows, drill.tell)

    async def send_one(producer: Callers, number: int) -> None:
        response = await producer.answer(lambda client: send(client, number), first=number)
        oracle.told(f"request-{number}", response)

    async with Callers(installation, "shop", "notifications.send") as producer:
        with installation.postgres_set(**_SLOW_COMMITS):
            async with asyncio.TaskGroup() as group:
                group.create_task(nemesis.rage(lambda: oracle.answer_count))
                await in_flight((send_one(producer, number) for number in range(size.sends)), _CALLERS)
    async with Callers(installation, "edge", "gateway") as gateway:
        held = await holdings(gateway, oracle.recipients)
    assert oracle.answer_count == size.sends
    lost = oracle.lost(held)
    if not lost:  # else their mails never come
        await eventually(partial(all_mailed, relay, size.sends), _DELIVERED_SECONDS)
    drill.finish(
        "P1",
        sends=size.sends,
        kills=nemesis.kills,
        flushes=nemesis.flushes,
        lost=len(lost),
        doubled=len(oracle.doubled(held)),
    )


@sizes(short=Size(100, 5), long=Size(10_000, 30))
async def test_p2_a_request_id_makes_one_notification_and_one_answer(
    shared_installation: Installation, drill: Drill, size: Size
) -> None:
    """Eight callers send each request at once, at both servers, and repeat it until they are answered, while
    servers and Postgres are killed. Afterwards another body under the same id is refused.
    """
    installation, oracle = shared_installation, Oracle()
    answers = size.sends * _REPEATERS
    strikes = ("server", "backend", "postmaster")
    blows = schedule(drill.seed, answers=answers, blows=size.blows, strikes=strikes)
    nemesis = Nemesis(installation, drill.seed, blows, drill.tell)

    async def call(producer: Callers, number: int, caller: int) -> None:
        response = await producer.answer(lambda client: send(client, number), first=caller)
        oracle.told(f"request-{number}", response)

    async def request(producer: Callers, number: int) -> None:
        await asyncio.gather(*(call(producer, number, caller) for caller in range(_REPEATERS)))

    async def send_other(producer: Callers, number: int) -> None:
        with pytest.raises(RequestIdReusedError):
            await producer.answer(lambda client: send(client, number, "Another body"), first=number)

    async with Callers(installation, "shop", "notifications.send") as producer:
        async with asyncio.TaskGroup() as group:
            group.create_task(nemesis.rage(lambda: oracle.answer_count))
            await in_flight((request(producer, number) for number in range(size.sends)), _CALLERS)
        await in_flight((send_other(producer, number) for number in range(0, size.sends, 10)), _CALLERS)
    async with Callers(installation, "edge", "gateway") as gateway:
        held = await holdings(gateway, oracle.recipients)
    assert oracle.answer_count == answers
    assert len(oracle.answers) == size.sends
    drill.finish(
        "P2",
        sends=answers,
        kills=nemesis.kills,
        lost=len(oracle.lost(held)),
        doubled=len(oracle.doubled(held)),
    )


@sizes(short=Size(200, 8), long=Size(12_000, 50))
async def test_p7_nothing_is_lost_with_what_redis_held(
    shared_installation: Installation, shared_relay: Relay, drill: Drill, size: Size
) -> None:
    """FLUSHALL again and again under load, and then when it hurts: while all wake-ups lie in Redis, for
    workers that have not looked yet. Everything answered is there, and each mail goes out, once.
    """
    installation, relay, oracle = shared_installation, shared_relay, Oracle()
    await enter_people(installation)
    flushed = size.blows // 4
    blows = schedule(drill.seed, answers=size.sends, blows=size.blows - flushed, strikes=("flushall",))
    nemesis = Nemesis(installation, drill.seed, blows, drill.tell)
    sent = size.sends + flushed * _ROUND

    async def send_one(producer: Callers, number: int) -> None:
        response = await producer.answer(lambda client: send(client, number), first=number)
        oracle.told(f"request-{number}", response)

    async with Callers(installation, "shop", "notifications.send") as producer:
        async with asyncio.TaskGroup() as group:
            group.create_task(nemesis.rage(lambda: oracle.answer_count))
            await in_flight((send_one(producer, number) for number in range(size.sends)), _CALLERS)
        await eventually(partial(all_mailed, relay, size.sends), _DELIVERED_SECONDS)
        for first in range(size.sends, sent, _ROUND):
            with installation.frozen_workers():
                await in_flight((send_one(producer, n) for n in range(first, first + _ROUND)), _CALLERS)
                await nemesis.strike("flushall")
            await eventually(partial(all_mailed, relay, first + _ROUND), _REBUILT_SECONDS)
    async with Callers(installation, "edge", "gateway") as gateway:
        held = await holdings(gateway, oracle.recipients)
    mailed_again = len(mails(relay)) - len(set(mails(relay)))
    drill.finish(
        "P7",
        sends=sent,
        flushes=nemesis.flushes,
        lost=len(oracle.lost(held)),
        doubled=len(oracle.doubled(held)) + mailed_again,
    )
