from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import grpc
import pytest

from carillon import AsyncClient, errors
from carillon.testing import FakeCarillon
from tests.client.servers import HeaderRecorder, StoppingServer
from tests.eventually import eventually
from tests.faults.proxy import FaultProxy

CONTENT = {"title": "x"}


@pytest.mark.parametrize("reason", ["UNAVAILABLE", "OVERLOADED"])
async def test_what_fails_for_the_moment_is_repeated(
    producer: AsyncClient, fake: FakeCarillon, reason: str
) -> None:
    fake.fail_next(reason, times=3)
    await producer.send(recipient_ids=["ada"], type="t", content=CONTENT)
    assert len(fake.sent) == 1


async def test_repetition_has_an_end(producer: AsyncClient, fake: FakeCarillon) -> None:
    fake.fail_next("UNAVAILABLE", times=5, retry_after_seconds=0.001)
    with pytest.raises(errors.UnavailableError) as raised:
        await producer.list_recipients()
    assert raised.value.reason == "UNAVAILABLE"


async def test_what_a_stopping_server_never_looked_at_is_repeated() -> None:
    async with StoppingServer() as server, AsyncClient(server.target) as client:
        await client.get_counts()
        assert server.calls == 2


async def test_what_is_refused_for_good_is_not_repeated(producer: AsyncClient, fake: FakeCarillon) -> None:
    fake.fail_next("FIELD_INVALID")
    with pytest.raises(errors.FieldInvalidError):
        await producer.list_recipients()


async def test_what_is_too_large_is_not_repeated_though_its_code_is_that_of_overload(
    producer: AsyncClient, fake: FakeCarillon
) -> None:
    fake.fail_next("MESSAGE_TOO_LARGE")
    with pytest.raises(errors.MessageTooLargeError):
        await producer.list_recipients()


async def test_the_service_says_how_long_to_wait(producer: AsyncClient, fake: FakeCarillon) -> None:
    fake.fail_next("OVERLOADED", retry_after_seconds=0.5)
    start = time.monotonic()
    await producer.list_recipients()
    assert time.monotonic() - start >= 0.5


async def test_waiting_ends_with_the_deadline(producer: AsyncClient, fake: FakeCarillon) -> None:
    fake.fail_next("OVERLOADED", retry_after_seconds=60.0)
    with pytest.raises(errors.DeadlineExceededError):
        await producer.with_options(timeout_seconds=0.2).list_recipients()


async def test_a_send_whose_answer_was_lost_is_repeated_and_sends_once(
    fake: FakeCarillon, proxy: FaultProxy
) -> None:
    async with AsyncClient(proxy.target, token=fake.token("producer")) as producer:
        await producer.list_recipients()
        proxy.hold_answers()
        sending = asyncio.create_task(producer.send(recipient_ids=["ada"], type="t", content=CONTENT))

        async def arrived() -> bool:
            return len(fake.sent) == 1

        await eventually(arrived)
        proxy.cut()
        assert (await sending).replayed
    assert len(fake.sent) == 1


async def test_every_call_has_a_deadline(ada: AsyncClient, proxy: FaultProxy) -> None:
    await ada.list()
    proxy.black_hole()
    with pytest.raises(errors.DeadlineExceededError):
        await ada.with_options(timeout_seconds=0.2).list()


async def test_an_unreachable_service_is_unavailable(ada: AsyncClient, proxy: FaultProxy) -> None:
    proxy.refuse()
    with pytest.raises(errors.UnavailableError):
        await ada.list()


async def test_a_client_can_wait_for_the_service(fake: FakeCarillon, proxy: FaultProxy) -> None:
    proxy.refuse()
    async with AsyncClient(
        proxy.target, token=fake.token("user", "ada"), wait_for_ready=True, timeout_seconds=1
    ) as client:
        with pytest.raises(errors.DeadlineExceededError):
            await client.list()
        proxy.heal()
        await client.with_options(timeout_seconds=10).list()


async def test_a_refused_token_is_renewed_once(fake: FakeCarillon) -> None:
    issued: list[str] = []

    def issue() -> str:
        issued.append(fake.token("user", "ada"))
        return issued[-1]

    async with AsyncClient(fake.target, token=issue) as client:
        await client.list()
        await client.list()
        assert len(issued) == 1
        fake.fail_next("CREDENTIALS_INVALID")
        with pytest.raises(errors.CredentialsInvalidError):
            await client.list()


async def test_a_new_token_is_used_after_a_refusal(fake: FakeCarillon) -> None:
    tokens = iter(["expired", fake.token("user", "ada")])
    async with AsyncClient(fake.target, token=lambda: next(tokens)) as client:
        await client.list()


@pytest.fixture
async def recorder() -> AsyncIterator[HeaderRecorder]:
    async with HeaderRecorder() as recorder:
        yield recorder


async def test_credentials_and_request_ids_travel_as_headers(recorder: HeaderRecorder) -> None:
    async with AsyncClient(recorder.target, token="secret") as client:
        with pytest.raises(errors.MethodUnknownError):
            await client.with_options(x_request_id="trace-7").list()
        with pytest.raises(errors.MethodUnknownError):
            await client.list()
    traced, plain = recorder.headers
    assert traced["authorization"] == plain["authorization"] == "Bearer secret"
    assert traced["x-request-id"] == "trace-7"
    assert "x-request-id" not in plain
    assert plain["user-agent"].startswith("carillon-python/")


async def test_what_is_sent_can_be_compressed(fake: FakeCarillon, proxy: FaultProxy) -> None:
    async def bytes_for(compression: grpc.Compression) -> int:
        async with AsyncClient(
            proxy.target, token=fake.token("producer"), compression=compression
        ) as producer:
            before = proxy.bytes_to_upstream
            content = {"title": "x", "body": "all the same " * 700}
            await producer.send(recipient_ids=["ada"], type="t", content=content)
            return proxy.bytes_to_upstream - before

    plain = await bytes_for(grpc.Compression.NoCompression)
    assert await bytes_for(grpc.Compression.Gzip) < plain / 3


async def test_many_streams_are_spread_over_several_connections(
    fake: FakeCarillon, proxy: FaultProxy
) -> None:
    async with AsyncClient(proxy.target, token=fake.token("user", "ada"), streams_per_connection=2) as client:
        streams = [client.subscribe() for _ in range(5)]
        for stream in streams:
            await anext(stream)
        assert proxy.connection_count == 3
        for stream in streams:
            await stream.aclose()


async def test_a_closed_client_refuses_to_call(ada: AsyncClient) -> None:
    await ada.close()
    with pytest.raises(RuntimeError):
        await ada.list()


async def test_closing_the_client_ends_its_calls(ada: AsyncClient, proxy: FaultProxy) -> None:
    await ada.list()
    proxy.black_hole()
    calling = asyncio.create_task(ada.list())
    await asyncio.sleep(0)
    await ada.close()
    with pytest.raises(errors.CarillonError):
        await asyncio.wait_for(calling, 2)


async def test_the_bulk_lane_takes_an_asynchronous_source_and_raises_its_end(
    producer: AsyncClient, fake: FakeCarillon
) -> None:
    async def source() -> AsyncIterator[dict[str, object]]:
        for recipient_id in ("ada", "bob"):
            yield {"recipient_ids": [recipient_id], "type": "t", "content": CONTENT}

    results = [result async for result in producer.send_stream(requests=source())]
    assert [result.index for result in results] == [0, 1]
    assert all(request.request_id for request in fake.sent)
    fake.fail_next("UNAVAILABLE")
    with pytest.raises(errors.UnavailableError):
        [result async for result in producer.send_stream(requests=source())]
