"""Who is let in when there are more calls than can be served: in turn by tenant, and refused soon else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from prometheus_client import REGISTRY

from carillon import AsyncClient
from carillon_server.domain.call_limit import CallLimit
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Role
from carillon_server.transport.admission import Admission
from tests.eventually import eventually
from tests.running import Issuer, make_settings, running_server
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.trouble import locked, somebody_waits

_TARGET_SECONDS = 60.0


def _admission(limit: int) -> Admission:
    return Admission(CallLimit(limit, limit, _TARGET_SECONDS, start=limit), max_waiting=100)


def _entered(admission: Admission, tenant: str, calls: int) -> int:
    return sum(admission.enter_at_once(tenant) for _ in range(calls))


async def _lined_up(admission: Admission, *tenants: str) -> list[asyncio.Task[None]]:
    waiting = [asyncio.create_task(admission.enter(tenant), name=tenant) for tenant in tenants]
    await asyncio.sleep(0)
    return waiting


async def test_a_tenant_may_use_whatever_nobody_else_uses() -> None:
    assert _entered(_admission(8), "noisy", 20) == 8


async def test_one_that_has_less_than_its_share_need_not_wait_for_a_tenant_that_has_everything() -> None:
    admission = _admission(8)
    _entered(admission, "noisy", 20)
    assert _entered(admission, "quiet", 20) == 2
    assert _entered(admission, "noisy", 20) == 0


async def test_places_are_handed_on_in_turn_by_tenant() -> None:
    admission = _admission(16)
    _entered(admission, "first", 16)
    _entered(admission, "second", 4)
    waiting = await _lined_up(admission, "first", "first", "first", "second")
    for _ in range(6):
        admission.leave("first")
    await asyncio.sleep(0)
    assert sorted(task.get_name() for task in waiting if task.done()) == ["first", "second"]
    await asyncio.wait(waiting)


async def test_who_waits_for_too_long_is_refused_and_leaves_no_trace() -> None:
    admission = _admission(1)
    _entered(admission, "acme", 1)
    [refused] = await asyncio.gather(admission.enter("acme"), return_exceptions=True)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.retry_after_seconds) == (Reason.OVERLOADED, 1.0)
    admission.leave("acme")
    assert _entered(admission, "acme", 2) == 1


async def test_a_full_line_is_refused_at_once_but_not_that_of_another_tenant() -> None:
    admission = _admission(8)
    _entered(admission, "noisy", 8)
    _entered(admission, "quiet", 2)
    waiting = await _lined_up(admission, "noisy", "noisy")
    with pytest.raises(Refusal):
        admission.check("noisy")
    admission.check("quiet")
    waiting += await _lined_up(admission, "quiet")
    assert not any(task.done() for task in waiting)
    await asyncio.wait(waiting)


async def test_a_call_that_is_given_up_while_it_waits_or_is_let_in_keeps_no_place() -> None:
    admission = _admission(1)
    _entered(admission, "acme", 1)
    [waiting] = await _lined_up(admission, "acme")
    waiting.cancel()
    await asyncio.wait([waiting])
    [let_in] = await _lined_up(admission, "acme")
    admission.leave("acme")
    let_in.cancel()
    await asyncio.wait([let_in])
    assert _entered(admission, "acme", 2) == 1


@pytest.fixture
async def narrow(postgres_url: str, redis_url: str, issuer: Issuer) -> AsyncIterator[House]:
    """A service that lets one call in at once."""
    settings = make_settings(postgres_url, redis_url, issuer, call_limit_min=1, call_limit_max=1)
    async with running_server(settings) as address, grpc.aio.insecure_channel(address) as channel:
        yield House(address, issuer, channel)


async def test_calls_beyond_the_limit_are_told_when_to_try_again(narrow: House, postgres_url: str) -> None:
    others = narrow.caller(Role.OPERATOR, subject="root", tenant="other")
    await narrow.operator.call("UpsertRecipient", build("UpsertRecipient"))
    async with locked(postgres_url, "endpoint") as connection:
        stuck = asyncio.create_task(narrow.operator.attempt("ListEndpoints", build("ListEndpoints")))
        await somebody_waits(connection)
        refused = await narrow.operator.refusal("GetCounts", build("GetCounts"))
        assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        assert refused.detail(RetryInfo).retry_delay.ToMilliseconds() == 1_000
        assert 1_000 <= int(refused.trailers["grpc-retry-pushback-ms"]) <= 1_500
        # Health has no part in this, and another tenant has its share.
        await narrow.channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
        await others.call("GetCounts", build("GetCounts"))
    await stuck
    await narrow.operator.call("GetCounts", build("GetCounts"))


async def test_the_client_comes_back_when_it_was_told_to(narrow: House, postgres_url: str) -> None:
    token = narrow.issuer.token("acme", "root", ["admin"])
    async with AsyncClient(narrow.address, token=token) as client:
        await narrow.operator.call("UpsertRecipient", build("UpsertRecipient"))
        async with locked(postgres_url, "endpoint") as connection:
            stuck = asyncio.create_task(narrow.operator.attempt("ListEndpoints", build("ListEndpoints")))
            await somebody_waits(connection)
            before = _refused()
            patient = asyncio.create_task(client.get_counts(recipient_id="ada"))
            await eventually(lambda: _was_refused_since(before))
        await stuck
        await patient


def _refused() -> float:
    labels = {"cause": "waited", "share": "at_share"}
    return REGISTRY.get_sample_value("carillon_calls_refused_total", labels) or 0.0


async def _was_refused_since(before: float) -> bool:
    return _refused() > before
