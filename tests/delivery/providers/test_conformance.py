"""The conformance suite, for every kind that has a case."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import ValidationError

from carillon_server.delivery.providers.provider import Provider
from carillon_server.domain.outcome import Delivered, Outcome, Retry, Throttled, Unknown
from carillon_server.testing import Fault, Reply, Step
from tests.delivery.providers.conformance import IMPATIENT, Case, FakeServer, collect

_CASES = collect()
_HTTP_CASES = [case for case in _CASES if case.speaks_http and not case.opaque]
_PLAIN_CASES = [case for case in _CASES if not case.opaque]
_of_http = pytest.mark.parametrize("case", _HTTP_CASES, ids=str)
_of_plain = pytest.mark.parametrize("case", _PLAIN_CASES, ids=str)
_SLACK_SECONDS = 2.0


@pytest.fixture(params=_CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
async def fake(case: Case) -> AsyncIterator[FakeServer]:
    async with case.fake() as fake:
        yield fake


@pytest.fixture
async def provider(case: Case, fake: FakeServer) -> AsyncIterator[Provider]:
    provider = case.build(fake)
    await case.prime(provider, fake)
    yield provider
    await provider.close()


async def attempt(case: Case, fake: FakeServer, provider: Provider, step: Step) -> Outcome:
    """One attempt that meets this step; it must end in the time that the client has."""
    fake.answer_with(step)
    seen = case.asked(fake)
    started = time.monotonic()
    outcome = await provider.send(case.message(fake))
    assert time.monotonic() - started < IMPATIENT.total_seconds + _SLACK_SECONDS
    assert case.asked(fake) > seen
    return outcome


async def test_what_was_accepted_is_delivered_with_its_id(
    case: Case, fake: FakeServer, provider: Provider
) -> None:
    outcome = await attempt(case, fake, provider, case.accepted)
    assert isinstance(outcome, Delivered)
    assert outcome.provider_message_id
    if case.accepted_id is not None:
        assert outcome.provider_message_id == case.accepted_id


@_of_http
async def test_too_many_requests_are_throttled_for_as_long_as_the_service_says(
    case: Case, fake: FakeServer, provider: Provider
) -> None:
    outcome = await attempt(case, fake, provider, Reply(429, {"retry-after": "7"}))
    assert isinstance(outcome, Retry if case.throttled_is_retry else Throttled)
    assert outcome.after_seconds == 7


@_of_http
async def test_a_date_says_how_long_too(case: Case, fake: FakeServer, provider: Provider) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    outcome = await attempt(case, fake, provider, Reply(429, {"retry-after": later}))
    assert isinstance(outcome, Retry | Throttled)
    assert outcome.after_seconds is not None
    assert 80 < outcome.after_seconds <= 90


async def test_a_service_that_is_down_is_tried_again(
    case: Case, fake: FakeServer, provider: Provider
) -> None:
    for status in case.down:
        outcome = await attempt(case, fake, provider, Reply(status))
        # 503 says that nothing was taken; after the others a second message may be one too many.
        doubtful = case.kind.at_most_once and status != 503
        assert isinstance(outcome, Retry | Unknown if doubtful else Retry), status


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.HANG_UP, Fault.GARBAGE, Fault.CUT])
async def test_a_broken_answer_is_no_answer(
    case: Case, fake: FakeServer, provider: Provider, fault: Fault
) -> None:
    expected = Unknown if case.kind.at_most_once else Retry
    assert isinstance(await attempt(case, fake, provider, fault), expected)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
async def test_an_answer_that_never_ends_is_given_up_in_bounded_time(
    case: Case, fake: FakeServer, provider: Provider, fault: Fault
) -> None:
    outcome = await attempt(case, fake, provider, fault)
    assert isinstance(outcome, Unknown if case.kind.at_most_once else Retry)
    assert case.opaque or outcome.error_class == "timeout"


async def test_a_flood_is_cut_off(case: Case, fake: FakeServer, provider: Provider) -> None:
    """Whatever it comes to; memory and time stay bounded, and the connection is not used again."""
    await attempt(case, fake, provider, Fault.FLOOD)
    await fake.wait_for_connections(0)


@_of_plain
async def test_nobody_there_is_tried_again(case: Case, fake: FakeServer, provider: Provider) -> None:
    """The request surely was not taken, so kinds that send once at most try again too."""
    message = case.message(fake)
    await fake.stop()
    outcome = await provider.send(message)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "unreachable"


async def test_it_works_again_after_trouble(case: Case, fake: FakeServer, provider: Provider) -> None:
    await attempt(case, fake, provider, Fault.RESET)
    assert isinstance(await attempt(case, fake, provider, case.accepted), Delivered)


@_of_plain
async def test_connections_are_kept(case: Case, fake: FakeServer, provider: Provider) -> None:
    await attempt(case, fake, provider, case.accepted)
    made = fake.connections_made
    for _ in range(3):
        await attempt(case, fake, provider, case.accepted)
    assert fake.connections_made == made


async def test_many_at_once_all_arrive(case: Case, fake: FakeServer, provider: Provider) -> None:
    fake.answer_with(*[case.accepted] * 20)
    outcomes = await asyncio.gather(*(provider.send(case.message(fake)) for _ in range(20)))
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)


async def test_close_lets_all_connections_go(case: Case, fake: FakeServer, provider: Provider) -> None:
    await attempt(case, fake, provider, case.accepted)
    await provider.close()
    await fake.wait_for_connections(0)


async def test_a_cancelled_attempt_leaves_no_connection(
    case: Case, fake: FakeServer, provider: Provider
) -> None:
    seen = case.asked(fake)
    fake.answer_with(Fault.HANG)
    task = asyncio.create_task(provider.send(case.message(fake)))
    await fake.wait_for(seen + 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(await attempt(case, fake, provider, case.accepted), Delivered)


async def test_settings_refuse_what_they_do_not_know(case: Case, fake: FakeServer) -> None:
    with pytest.raises(ValidationError) as caught:
        case.kind.settings.model_validate({**case.settings(fake), "no_such_setting": 1})
    assert [error["type"] for error in caught.value.errors()] == ["extra_forbidden"]


async def test_secrets_are_shown_to_nobody(
    case: Case, fake: FakeServer, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    outcomes = [
        await attempt(case, fake, provider, step) for step in (case.accepted, Reply(401), Fault.RESET)
    ]
    settings = case.kind.settings.model_validate(dict(case.settings(fake)))
    shown = f"{settings!r} {settings} {provider!r} {outcomes!r} {caplog.text}"
    assert not [secret for secret in case.secrets if secret in shown]
