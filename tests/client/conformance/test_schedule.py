from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from carillon import AsyncClient, errors
from carillon.v1 import types_pb2
from tests.eventually import eventually

Send = Callable[..., Awaitable[str]]
CONTENT = {"title": "Later"}


def ahead(**span: float) -> datetime:
    return datetime.now(UTC) + timedelta(**span)


async def test_what_is_scheduled_is_deferred_and_invisible(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    when = ahead(hours=1)
    response = await producer.send(recipient_ids=[ada], type="t", content=CONTENT, deliver_time=when)
    [result] = response.results
    in_app = next(each for each in result.decisions if each.channel == types_pb2.CHANNEL_IN_APP)
    assert (in_app.verdict, in_app.reason) == (types_pb2.VERDICT_DEFER, types_pb2.DECISION_REASON_SCHEDULED)
    assert in_app.until_time.ToDatetime(tzinfo=UTC) == when
    page = await gateway.list(recipient_id=ada)
    assert (list(page.notifications), page.total_count) == ([], 0)
    with pytest.raises(errors.NotificationNotFoundError):
        await gateway.get(recipient_id=ada, id=result.notification_id)
    assert (await producer.get(id=result.notification_id)).notification.deliver_time == in_app.until_time


async def test_what_was_scheduled_appears_on_top_when_its_time_comes(
    producer: AsyncClient, gateway: AsyncClient, send: Send, ada: str
) -> None:
    later = await send(ada, deliver_time=ahead(seconds=0.5))
    now = await send(ada)

    async def appeared() -> bool:
        page = await gateway.list(recipient_id=ada)
        return [each.id for each in page.notifications] == [later, now]

    await eventually(appeared, within_seconds=15)
    assert (await gateway.list(recipient_id=ada)).unread_count == 2


async def test_a_live_stream_is_told_when_a_scheduled_notification_appears(
    gateway: AsyncClient, send: Send, ada: str
) -> None:
    async with gateway.subscribe(recipient_id=ada, patience_seconds=15) as stream:
        await anext(stream)
        later = await send(ada, deliver_time=ahead(seconds=0.5))
        event = await anext(stream)
        assert [each.id for each in event.created.notifications] == [later]


async def test_a_past_time_means_now(gateway: AsyncClient, send: Send, ada: str) -> None:
    sent = await send(ada, deliver_time=ahead(hours=-1))
    assert [each.id for each in (await gateway.list(recipient_id=ada)).notifications] == [sent]


async def test_what_expires_is_taken_away(gateway: AsyncClient, send: Send, ada: str) -> None:
    async with gateway.subscribe(recipient_id=ada, patience_seconds=15) as stream:
        await anext(stream)
        sent = await send(ada, expire_time=ahead(seconds=1))
        await anext(stream)
        removed = await anext(stream)
        assert list(removed.removed.ids) == [sent]
    assert (await gateway.list(recipient_id=ada)).total_count == 0


async def test_expiry_is_ahead_and_after_delivery(producer: AsyncClient, ada: str) -> None:
    for times in (
        {"expire_time": ahead(seconds=-1)},
        {"deliver_time": ahead(hours=2), "expire_time": ahead(hours=1)},
    ):
        with pytest.raises(errors.FieldInvalidError) as refused:
            await producer.send(recipient_ids=[ada], type="t", content=CONTENT, **times)
        assert [violation.field for violation in refused.value.field_violations] == ["expire_time"]


async def test_a_cancelled_notification_never_appears(
    producer: AsyncClient, gateway: AsyncClient, send: Send, ada: str
) -> None:
    sent = await send(ada, deliver_time=ahead(seconds=0.5))
    assert (await producer.cancel(ids=[sent, "ntf_unknown"])).cancelled_notification_count == 1
    assert (await producer.cancel(ids=[sent])).cancelled_notification_count == 0
    async with gateway.subscribe(recipient_id=ada, patience_seconds=15) as stream:
        await anext(stream)
        marker = await send(ada, deliver_time=ahead(seconds=1))
        event = await anext(stream)
        assert [each.id for each in event.created.notifications] == [marker]


async def test_cancelling_by_request_and_by_collapse_key(
    producer: AsyncClient, send: Send, ada: str, bob: str
) -> None:
    request_id = uuid.uuid4().hex
    await producer.send(
        recipient_ids=[ada, bob],
        type="t",
        content=CONTENT,
        deliver_time=ahead(hours=1),
        request_id=request_id,
    )
    assert (await producer.cancel(request_id=request_id)).cancelled_notification_count == 2
    await send(ada, collapse_key="sync", deliver_time=ahead(hours=1))
    await send(bob, collapse_key="sync", deliver_time=ahead(hours=1))
    cancelled = await producer.cancel(collapse_key="sync", recipient_ids=[ada])
    assert cancelled.cancelled_notification_count == 1


async def test_what_is_in_an_inbox_already_stays(
    producer: AsyncClient, gateway: AsyncClient, send: Send, ada: str
) -> None:
    sent = await send(ada)
    assert (await producer.cancel(ids=[sent])).cancelled_notification_count == 0
    assert (await gateway.list(recipient_id=ada)).total_count == 1


async def test_a_cancel_names_exactly_one_thing_that_was_sent(producer: AsyncClient) -> None:
    with pytest.raises(errors.FieldInvalidError):
        await producer.cancel()
    with pytest.raises(errors.FieldInvalidError):
        await producer.cancel(ids=["ntf_a"], request_id="b")
    with pytest.raises(errors.FieldInvalidError):
        await producer.cancel(collapse_key="sync")
    with pytest.raises(errors.RequestNotFoundError):
        await producer.cancel(request_id=uuid.uuid4().hex)
