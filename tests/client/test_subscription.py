from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from carillon import AsyncClient, AsyncSubscription, errors
from carillon.testing import FakeCarillon
from carillon.v1.notification_service_pb2 import SubscribeResponse
from tests.eventually import eventually
from tests.faults.proxy import FaultProxy

QUICK = timedelta(seconds=1)
PATIENCE_SECONDS = 20


async def send(producer: AsyncClient, title: str = "x", recipient_id: str = "ada") -> str:
    response = await producer.send(recipient_ids=[recipient_id], type="t", content={"title": title})
    return response.results[0].notification_id


async def next_event(stream: AsyncSubscription) -> SubscribeResponse:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await anext(stream)


async def next_created(stream: AsyncSubscription) -> list[str]:
    event = await next_event(stream)
    return [notification.id for notification in event.created.notifications]


@pytest.fixture
async def stream(ada: AsyncClient) -> AsyncIterator[AsyncSubscription]:
    """Ada's inbox, after the first snapshot."""
    async with ada.subscribe(heartbeat=QUICK, patience_seconds=PATIENCE_SECONDS) as stream:
        assert (await next_event(stream)).WhichOneof("event") == "snapshot"
        yield stream


async def test_a_reset_connection_is_resumed_without_a_gap(
    stream: AsyncSubscription, producer: AsyncClient, proxy: FaultProxy
) -> None:
    proxy.cut()
    sent = [await send(producer), await send(producer)]
    assert [*await next_created(stream), *await next_created(stream)] == sent


async def test_a_connection_that_breaks_inside_a_frame_is_resumed_without_a_gap(
    stream: AsyncSubscription, producer: AsyncClient, proxy: FaultProxy
) -> None:
    proxy.cut_after(40)
    sent = [await send(producer, title="x" * 200), await send(producer)]
    assert [*await next_created(stream), *await next_created(stream)] == sent


async def test_a_black_hole_is_noticed_and_left_for_a_new_connection(
    stream: AsyncSubscription, producer: AsyncClient, proxy: FaultProxy
) -> None:
    connections = proxy.connection_count
    proxy.black_hole()
    sent = await send(producer)
    assert await next_created(stream) == [sent]
    assert proxy.connection_count > connections


async def test_an_outage_is_sat_out(
    stream: AsyncSubscription, producer: AsyncClient, proxy: FaultProxy
) -> None:
    proxy.refuse()
    proxy.cut()
    waiting = asyncio.create_task(next_created(stream))
    sent = await send(producer)
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done
    proxy.heal()
    assert await waiting == [sent]


async def test_a_draining_server_is_left_for_a_new_connection(
    stream: AsyncSubscription, producer: AsyncClient, fake: FakeCarillon, proxy: FaultProxy
) -> None:
    connections = proxy.connection_count
    fake.drain_streams(timedelta(seconds=0.05))
    waiting = asyncio.create_task(next_created(stream))
    sent = await send(producer)
    assert await waiting == [sent]
    assert proxy.connection_count > connections


async def test_history_that_is_gone_gives_a_reset_and_then_a_snapshot(
    stream: AsyncSubscription, producer: AsyncClient, fake: FakeCarillon
) -> None:
    sent = await send(producer)
    assert await next_created(stream) == [sent]
    fake.forget_history("ada")
    reset, snapshot = await next_event(stream), await next_event(stream)
    assert reset.reset.cause == SubscribeResponse.Reset.CAUSE_TOO_OLD
    assert [notification.id for notification in snapshot.snapshot.notifications] == [sent]


async def test_the_cursor_is_that_of_the_last_event_handed_over(
    stream: AsyncSubscription, producer: AsyncClient, ada: AsyncClient
) -> None:
    await send(producer)
    second = await send(producer)
    first_event = await next_event(stream)
    assert stream.cursor == first_event.cursor
    async with ada.subscribe(cursor=stream.cursor) as resumed:
        assert await next_created(resumed) == [second]


async def test_a_reader_that_stops_waiting_misses_nothing_afterwards(
    stream: AsyncSubscription, producer: AsyncClient
) -> None:
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.01)
        sent = await send(producer)
        assert await next_created(stream) == [sent]


async def test_a_reader_that_is_cancelled_ends_at_once(stream: AsyncSubscription) -> None:
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_closing_ends_an_iteration_that_is_under_way(stream: AsyncSubscription) -> None:
    async def read_all() -> int:
        return len([event async for event in stream])

    reading = asyncio.create_task(read_all())
    await asyncio.sleep(0)
    await stream.aclose()
    assert await asyncio.wait_for(reading, 2) == 0


async def test_leaving_the_context_ends_the_stream_at_the_server(
    ada: AsyncClient, fake: FakeCarillon
) -> None:
    async with ada.subscribe() as stream:
        await next_event(stream)
        assert fake.stream_count == 1

    async def ended() -> bool:
        return fake.stream_count == 0

    await eventually(ended)


async def test_an_expired_token_is_renewed_once_and_then_the_stream_goes_on(
    fake: FakeCarillon, producer: AsyncClient
) -> None:
    issued: list[str] = []

    async def issue() -> str:
        issued.append(fake.token("user", "ada"))
        return issued[-1]

    async with (
        AsyncClient(fake.target, token=issue) as client,
        client.subscribe(patience_seconds=PATIENCE_SECONDS) as stream,
    ):
        await next_event(stream)
        fake.fail_next("CREDENTIALS_INVALID", method="Subscribe")
        fake.cut_streams()
        sent = await send(producer)
        assert await next_created(stream) == [sent]
        assert len(issued) == 2


async def test_credentials_that_stay_refused_end_the_subscription(
    stream: AsyncSubscription, fake: FakeCarillon
) -> None:
    fake.fail_next("CREDENTIALS_INVALID", method="Subscribe", times=2)
    fake.cut_streams()
    with pytest.raises(errors.CredentialsInvalidError):
        await next_event(stream)


@pytest.mark.parametrize(
    "reason", ["SCOPE_MISSING", "FIELD_INVALID", "RECIPIENT_NOT_FOUND", "METHOD_UNKNOWN"]
)
async def test_what_another_try_cannot_cure_is_raised(
    stream: AsyncSubscription, fake: FakeCarillon, reason: str
) -> None:
    fake.fail_next(reason, method="Subscribe")
    fake.cut_streams()
    with pytest.raises(errors.CarillonError) as raised:
        await next_event(stream)
    assert raised.value.reason == reason


@pytest.mark.parametrize("reason", ["UNAVAILABLE", "STREAM_LIMIT", "SLOW_READER", "OVERLOADED", "INTERNAL"])
async def test_what_passes_is_waited_for(
    stream: AsyncSubscription, fake: FakeCarillon, producer: AsyncClient, reason: str
) -> None:
    fake.fail_next(reason, method="Subscribe", times=2)
    fake.cut_streams()
    sent = await send(producer)
    assert await next_created(stream) == [sent]


async def test_patience_runs_out_with_the_last_failure(ada: AsyncClient, proxy: FaultProxy) -> None:
    proxy.refuse()
    async with ada.subscribe(patience_seconds=0.5) as stream:
        with pytest.raises(errors.UnavailableError):
            await next_event(stream)


async def test_closing_the_client_ends_its_subscriptions(stream: AsyncSubscription, ada: AsyncClient) -> None:
    reading = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    await ada.close()
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(reading, 2)
