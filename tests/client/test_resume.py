from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon import errors
from carillon._resume import BACKOFF_CAP_SECONDS, Pause, Resumption, SilentStreamError
from carillon.v1.notification_service_pb2 import SubscribeRequest, SubscribeResponse

DOWN = errors.UnavailableError("down", code=grpc.StatusCode.UNAVAILABLE, reason="UNAVAILABLE")
UNAUTHENTICATED = errors.CredentialsInvalidError("no", code=grpc.StatusCode.UNAUTHENTICATED)
CURSOR_INVALID = errors.CursorInvalidError("no", code=grpc.StatusCode.INVALID_ARGUMENT)


def resumption(cursor: str = "", patience_seconds: float | None = None, **fields: Any) -> Resumption:
    return Resumption(SubscribeRequest(cursor=cursor, **fields), patience_seconds, random.Random(1))


def created(cursor: str) -> SubscribeResponse:
    return SubscribeResponse(cursor=cursor, created=SubscribeResponse.Created())


def heartbeat(cursor: str) -> SubscribeResponse:
    return SubscribeResponse(cursor=cursor, heartbeat=SubscribeResponse.Heartbeat())


def test_the_next_stream_starts_at_the_last_event_handed_over() -> None:
    here = resumption(cursor="a")
    assert here.start(0).cursor == "a"
    message = created("b")
    assert here.receive(message, 1) is message
    here.fail(DOWN, 2)
    assert here.start(3).cursor == here.cursor == "b"


def test_heartbeats_move_the_cursor_but_are_not_handed_over() -> None:
    here = resumption(cursor="a")
    assert here.receive(heartbeat("b"), 1) is None
    assert here.cursor == "b"


@given(st.integers(min_value=1, max_value=2_000))
def test_pauses_grow_with_full_jitter_and_stay_below_the_cap(failures: int) -> None:
    here = resumption()
    pauses = [here.fail(DOWN, 0).seconds for _ in range(failures)]
    for attempt, seconds in enumerate(pauses):
        assert 0 <= seconds <= min(BACKOFF_CAP_SECONDS, 0.1 * 2 ** min(attempt, 30))


def test_the_pauses_of_many_clients_are_spread_over_the_whole_span() -> None:
    def tenth_pause(seed: int) -> float:
        here = Resumption(SubscribeRequest(), None, random.Random(seed))
        return [here.fail(DOWN, 0).seconds for _ in range(10)][-1]

    pauses = sorted(tenth_pause(seed) for seed in range(200))
    assert pauses[20] < 0.2 * BACKOFF_CAP_SECONDS
    assert pauses[180] > 0.8 * BACKOFF_CAP_SECONDS


def test_a_healthy_stream_makes_the_next_pause_short_again() -> None:
    here = resumption()
    for _ in range(20):
        here.fail(DOWN, 0)
    here.start(100)
    here.receive(created("a"), 102)
    assert here.fail(DOWN, 102).seconds <= 0.1


def test_a_server_that_accepts_and_breaks_at_once_is_not_healthy() -> None:
    here = resumption()
    pauses = []
    for attempt in range(50):
        here.start(attempt)
        here.receive(created("a"), attempt + 0.1)
        pauses.append(here.fail(DOWN, attempt + 0.1).seconds)
    assert max(pauses) > 5


def test_the_delay_that_the_service_asks_for_comes_on_top() -> None:
    limited = errors.StreamLimitError(
        "full", code=grpc.StatusCode.RESOURCE_EXHAUSTED, retry_delay=timedelta(seconds=3)
    )
    assert 3 <= resumption().fail(limited, 0).seconds <= 3.1


def test_draining_means_another_connection_after_the_given_delay() -> None:
    draining = SubscribeResponse.Draining(reconnect_delay={"nanos": 250_000_000})
    pause = resumption().receive(SubscribeResponse(cursor="a", draining=draining), 1)
    assert isinstance(pause, Pause)
    assert (pause.seconds, pause.new_connection) == (0.25, True)


def test_silence_means_another_connection() -> None:
    assert resumption().fail(SilentStreamError("silent", code=grpc.StatusCode.UNAVAILABLE), 0).new_connection
    assert not resumption().fail(DOWN, 0).new_connection


@pytest.mark.parametrize(("asked", "silence_seconds"), [(None, 62.5), (0.01, 2.5), (4, 10), (3_600, 750)])
def test_silence_is_measured_by_the_heartbeat_that_the_service_keeps(
    asked: float | None, silence_seconds: float
) -> None:
    here = resumption() if asked is None else resumption(heartbeat=timedelta(seconds=asked))
    assert here.silence_seconds == silence_seconds


def test_a_refused_cursor_becomes_a_reset_and_an_empty_cursor() -> None:
    here = resumption(cursor="forged")
    assert here.fail(CURSOR_INVALID, 0).seconds == 0
    assert here.cursor == "forged"
    reset = here.pending()
    assert reset is not None
    assert reset.WhichOneof("event") == "reset"
    assert here.start(0).cursor == ""
    assert here.pending() is None


def test_a_service_that_refuses_even_no_cursor_is_not_asked_again() -> None:
    with pytest.raises(errors.CursorInvalidError):
        resumption().fail(CURSOR_INVALID, 0)


def test_a_token_is_renewed_once_until_the_stream_lives_again() -> None:
    here = resumption()
    assert here.fail(UNAUTHENTICATED, 0).new_token
    here.receive(heartbeat("a"), 1)
    assert here.fail(UNAUTHENTICATED, 2).new_token
    with pytest.raises(errors.CredentialsInvalidError):
        here.fail(UNAUTHENTICATED, 3)


def test_patience_counts_from_the_last_message() -> None:
    here = resumption(patience_seconds=5)
    here.start(0)
    here.fail(DOWN, 1)
    here.start(1)
    here.receive(heartbeat("a"), 4)
    here.fail(DOWN, 8)
    with pytest.raises(errors.UnavailableError):
        here.fail(DOWN, 10)


FATAL = {
    "INVALID_ARGUMENT",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
}


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.name != "UNAUTHENTICATED"])
def test_what_another_try_cannot_cure_is_raised_and_nothing_else(code: grpc.StatusCode) -> None:
    error = errors.CarillonError("failed", code=code)
    if code.name in FATAL:
        with pytest.raises(errors.CarillonError) as raised:
            resumption().fail(error, 0)
        assert raised.value is error
    else:
        resumption().fail(error, 0)


def test_messages_that_are_too_large_stay_so() -> None:
    too_large = errors.MessageTooLargeError("big", code=grpc.StatusCode.RESOURCE_EXHAUSTED)
    with pytest.raises(errors.MessageTooLargeError):
        resumption().fail(too_large, 0)
