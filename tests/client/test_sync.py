from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from carillon import Client, Subscription, errors
from carillon.testing import FakeCarillon
from carillon.testing._loop_thread import LoopThread
from tests.eventually import wait_until
from tests.faults.proxy import FaultProxy

CONTENT = {"title": "x"}
PATIENCE_SECONDS = 20


@pytest.fixture
def fake() -> Iterator[FakeCarillon]:
    with FakeCarillon() as fake:
        yield fake


@pytest.fixture
def producer(fake: FakeCarillon) -> Iterator[Client]:
    with Client(fake.target, token=fake.token("producer")) as client:
        yield client


@pytest.fixture
def ada(fake: FakeCarillon) -> Iterator[Client]:
    with Client(fake.target, token=fake.token("user", "ada")) as client:
        yield client


@pytest.fixture
def stream(ada: Client) -> Iterator[Subscription]:
    with ada.subscribe(patience_seconds=PATIENCE_SECONDS) as stream:
        assert next(stream).WhichOneof("event") == "snapshot"
        yield stream


def send(producer: Client) -> str:
    return producer.send(recipient_ids=["ada"], type="t", content=CONTENT).results[0].notification_id


def next_created(stream: Subscription) -> list[str]:
    return [notification.id for notification in next(stream).created.notifications]


def test_an_export_of_somebody(fake: FakeCarillon, producer: Client) -> None:
    send(producer)
    with Client(fake.target, token=fake.token("operator")) as operator:
        nouns = [piece.noun for piece in operator.export_recipient(recipient_id="ada")]
        assert nouns == ["profile", "inbox", "notification"]
        with pytest.raises(errors.RecipientNotFoundError):
            next(iter(operator.export_recipient(recipient_id="nobody")))


def test_calls_and_pages(ada: Client, producer: Client) -> None:
    sent = [send(producer) for _ in range(3)]
    assert [each.id for each in ada.list_all(page_size=2)] == sent[::-1]
    assert ada.mark_read(all=True).changed_count == 3
    assert ada.list().unread_count == 0
    assert [each.recipient_id for each in producer.list_all_recipients(page_size=1)] == ["ada"]


def test_refusals_are_exceptions_with_their_details(producer: Client) -> None:
    with pytest.raises(errors.FieldInvalidError) as refused:
        producer.send(recipient_ids=["ada"], type="t", content={"title": ""})
    assert [violation.field for violation in refused.value.field_violations] == ["content.title"]


def test_what_fails_for_the_moment_is_repeated(producer: Client, fake: FakeCarillon) -> None:
    fake.fail_next("UNAVAILABLE", times=3)
    send(producer)
    assert len(fake.sent) == 1


def test_the_service_says_how_long_to_wait(producer: Client, fake: FakeCarillon) -> None:
    fake.fail_next("OVERLOADED", retry_after_seconds=0.5)
    start = time.monotonic()
    send(producer)
    assert time.monotonic() - start >= 0.5


def test_waiting_ends_with_the_deadline(producer: Client, fake: FakeCarillon) -> None:
    fake.fail_next("OVERLOADED", retry_after_seconds=60.0)
    with pytest.raises(errors.DeadlineExceededError):
        producer.with_options(timeout_seconds=0.2).list_recipients()


def test_a_new_token_is_used_after_a_refusal_once_for_all_threads(fake: FakeCarillon) -> None:
    issued: list[str] = []

    def issue() -> str:
        issued.append(fake.token("user", "ada") if issued else "expired")
        return issued[-1]

    with Client(fake.target, token=issue) as client, ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(client.list) for _ in range(8)]:
            future.result()
    assert len(issued) == 2


def test_the_bulk_lane_answers_in_order(producer: Client) -> None:
    items = [{"recipient_ids": ["ada"], "type": kind, "content": CONTENT} for kind in ("a", "not ok", "b")]
    results = list(producer.send_stream(requests=items))
    assert [result.WhichOneof("outcome") for result in results] == ["response", "error", "response"]


def test_the_bulk_lane_raises_its_end(producer: Client, fake: FakeCarillon) -> None:
    fake.fail_next("SCOPE_MISSING")
    with pytest.raises(errors.ScopeMissingError):
        list(producer.send_stream(requests=[{"recipient_ids": ["ada"], "type": "t", "content": CONTENT}]))


def test_a_broken_stream_is_resumed_without_a_gap(
    stream: Subscription, producer: Client, fake: FakeCarillon
) -> None:
    fake.cut_streams()
    sent = [send(producer), send(producer)]
    assert [*next_created(stream), *next_created(stream)] == sent


def test_a_draining_server_is_left(stream: Subscription, producer: Client, fake: FakeCarillon) -> None:
    fake.drain_streams(timedelta(seconds=0.05))
    sent = send(producer)
    assert next_created(stream) == [sent]


def test_a_refused_cursor_becomes_a_reset_and_a_snapshot(ada: Client) -> None:
    with ada.subscribe(cursor="forged") as stream:
        assert [next(stream).WhichOneof("event"), next(stream).WhichOneof("event")] == ["reset", "snapshot"]


def test_what_another_try_cannot_cure_is_raised(stream: Subscription, fake: FakeCarillon) -> None:
    fake.fail_next("SCOPE_MISSING", method="Subscribe")
    fake.cut_streams()
    with pytest.raises(errors.ScopeMissingError):
        next(stream)


def test_another_thread_can_end_an_iteration(stream: Subscription, fake: FakeCarillon) -> None:
    events: list[object] = []
    reader = threading.Thread(target=lambda: events.extend(stream))
    reader.start()
    stream.close()
    reader.join(5)
    assert not reader.is_alive()
    assert events == []
    wait_until(lambda: fake.stream_count == 0)


def test_closing_the_client_ends_its_subscriptions(stream: Subscription, ada: Client) -> None:
    closing = threading.Timer(0.1, ada.close)
    closing.start()
    with pytest.raises(RuntimeError):
        next(stream)
    closing.join()


def test_a_black_hole_is_noticed_and_left_for_a_new_connection(fake: FakeCarillon, producer: Client) -> None:
    network = LoopThread("network")
    proxy = FaultProxy(fake.target)
    network.run(proxy.start())
    with (
        Client(proxy.target, token=fake.token("user", "ada")) as client,
        client.subscribe(heartbeat=timedelta(seconds=1), patience_seconds=PATIENCE_SECONDS) as stream,
    ):
        next(stream)
        connections = proxy.connection_count
        network.call(proxy.black_hole)
        sent = send(producer)
        assert next_created(stream) == [sent]
        assert proxy.connection_count > connections
    network.run(proxy.stop())
    network.close()
