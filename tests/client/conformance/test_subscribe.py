from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carillon import AsyncClient, AsyncSubscription, errors
from carillon.v1.notification_service_pb2 import SubscribeResponse

Send = Callable[..., Awaitable[str]]
Resume = Callable[..., AsyncSubscription]
INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
_PATIENCE_SECONDS = 10


async def next_event(stream: AsyncSubscription) -> SubscribeResponse:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        return await anext(stream)


def ids(message: Any) -> list[str]:
    return [notification.id for notification in message.notifications]


async def collect(
    stream: AsyncSubscription, until: Callable[[SubscribeResponse], bool]
) -> list[SubscribeResponse]:
    """Events up to the first that satisfies `until`."""
    events = [await next_event(stream)]
    while not until(events[-1]):
        events.append(await next_event(stream))
    return events


@pytest.fixture
def follow(gateway: AsyncClient, ada: str) -> Resume:
    """A stream of Ada's inbox."""

    def follow(**changes: Any) -> AsyncSubscription:
        return gateway.subscribe(recipient_id=ada, patience_seconds=_PATIENCE_SECONDS, **changes)

    return follow


async def test_a_stream_without_a_cursor_starts_with_the_newest(follow: Resume, send: Send, ada: str) -> None:
    sent = [await send(ada) for _ in range(3)]
    async with follow(snapshot_size=2) as stream:
        first = await next_event(stream)
    assert ids(first.snapshot) == [sent[2], sent[1]]
    assert (first.snapshot.counts.total_count, first.snapshot.counts.unread_count) == (3, 3)
    assert first.cursor


async def test_every_change_is_told_with_the_counters_after_it(
    follow: Resume, gateway: AsyncClient, send: Send, ada: str
) -> None:
    async with follow() as stream:
        await next_event(stream)
        sent = await send(ada)
        created = await next_event(stream)
        assert ids(created.created) == [sent]
        assert created.created.counts.unread_count == 1
        await gateway.mark_read(recipient_id=ada, ids=[sent])
        read = await next_event(stream)
        assert ids(read.changed) == [sent]
        assert read.changed.notifications[0].HasField("read_time")
        assert read.changed.counts.unread_count == 0
        await gateway.archive(recipient_id=ada, ids=[sent])
        archived = await next_event(stream)
        assert archived.changed.notifications[0].HasField("archive_time")
        assert archived.changed.counts.archived_count == 1
        await gateway.delete(recipient_id=ada, ids=[sent])
        removed = await next_event(stream)
        assert list(removed.removed.ids) == [sent]
        assert removed.removed.counts.archived_count == 0


async def test_a_resumed_stream_tells_everything_after_its_cursor_once_in_its_latest_state(
    follow: Resume, gateway: AsyncClient, send: Send, ada: str
) -> None:
    old = await send(ada)
    async with follow() as stream:
        await next_event(stream)
        cursor = stream.cursor
    first, second, third = [await send(ada) for _ in range(3)]
    await gateway.mark_read(recipient_id=ada, ids=[second])
    await gateway.delete(recipient_id=ada, ids=[third])
    await gateway.mark_seen(recipient_id=ada, ids=[old])
    last = await send(ada)
    async with follow(cursor=cursor) as stream:
        events = await collect(stream, lambda event: last in ids(event.created))
    created = [each for event in events for each in event.created.notifications]
    changed = [each.id for event in events for each in event.changed.notifications]
    removed = [sent for event in events for sent in event.removed.ids]
    assert [each.id for each in created] == [first, second, last]
    assert [each.HasField("read_time") for each in created] == [False, True, False]
    assert changed == [old]
    assert set(removed) <= {third}


async def test_the_cursor_of_a_page_continues_right_after_it(
    follow: Resume, gateway: AsyncClient, send: Send, ada: str
) -> None:
    await send(ada)
    cursor = (await gateway.list(recipient_id=ada)).cursor
    after = await send(ada)
    async with follow(cursor=cursor) as stream:
        assert ids((await next_event(stream)).created) == [after]


async def test_the_cursor_of_a_mark_continues_right_after_it(
    follow: Resume, gateway: AsyncClient, send: Send, ada: str
) -> None:
    sent = await send(ada)
    cursor = (await gateway.mark_read(recipient_id=ada, ids=[sent])).cursor
    after = await send(ada)
    async with follow(cursor=cursor) as stream:
        assert ids((await next_event(stream)).created) == [after]


async def test_several_devices_see_the_same(follow: Resume, send: Send, ada: str) -> None:
    async with follow(device_id="phone") as phone, follow(device_id="desk") as desk:
        await next_event(phone)
        await next_event(desk)
        sent = await send(ada)
        on_phone, on_desk = await next_event(phone), await next_event(desk)
        assert ids(on_phone.created) == ids(on_desk.created) == [sent]
        assert on_phone.cursor == on_desk.cursor


async def test_outside_of_its_filter_a_stream_is_told_the_counters_alone(
    follow: Resume, send: Send, ada: str
) -> None:
    async with follow(filter={"types": ["wanted"]}) as stream:
        await next_event(stream)
        await send(ada, type="other")
        other = await next_event(stream)
        assert other.WhichOneof("event") == "counts"
        assert other.counts.unread_count == 1
        wanted = await send(ada, type="wanted")
        assert ids((await next_event(stream)).created) == [wanted]


@pytest.mark.parametrize(
    ("field", "value"), [("unread", True), ("start_time", INSTANT), ("end_time", INSTANT)]
)
async def test_a_stream_cannot_be_filtered_by_what_changes(follow: Resume, field: str, value: object) -> None:
    with pytest.raises(errors.FieldInvalidError) as refused:
        async with follow(filter={field: value}) as stream:
            await next_event(stream)
    assert [violation.field for violation in refused.value.field_violations] == [f"filter.{field}"]


async def test_a_replaced_notification_is_removed_before_the_new_one_comes(
    follow: Resume, send: Send, ada: str
) -> None:
    old = await send(ada, collapse_key="sync")
    async with follow() as stream:
        await next_event(stream)
        new = await send(ada, collapse_key="sync")
        events = await collect(stream, lambda event: new in ids(event.created))
    assert [sent for event in events for sent in event.removed.ids] == [old]
    assert events[-1].created.counts.total_count == 1


async def test_a_foreign_or_broken_cursor_starts_the_stream_afresh_after_a_reset(
    follow: Resume, gateway: AsyncClient, send: Send, ada: str, bob: str
) -> None:
    await send(bob)
    sent = await send(ada)
    foreign = (await gateway.list(recipient_id=bob)).cursor
    for cursor in (foreign, "rubbish"):
        async with follow(cursor=cursor) as stream:
            reset = await next_event(stream)
            snapshot = await next_event(stream)
        assert reset.WhichOneof("event") == "reset"
        assert ids(snapshot.snapshot) == [sent]


async def test_a_foreign_or_broken_cursor_is_refused_elsewhere(
    gateway: AsyncClient, send: Send, ada: str, bob: str
) -> None:
    await send(ada)
    foreign = (await gateway.list(recipient_id=bob)).cursor
    for cursor in (foreign, "rubbish"):
        with pytest.raises(errors.CursorInvalidError):
            await gateway.ack(recipient_id=ada, device_id="phone", cursor=cursor)
        with pytest.raises(errors.CursorInvalidError):
            await gateway.mark_read(recipient_id=ada, all=True, until_cursor=cursor)


async def test_an_erased_recipients_streams_start_afresh(
    follow: Resume, gateway: AsyncClient, operator: AsyncClient, send: Send, ada: str
) -> None:
    await send(ada)
    async with follow() as stream:
        await next_event(stream)
        await operator.delete_recipient(recipient_id=ada)
        events = await collect(stream, lambda event: event.WhichOneof("event") == "snapshot")
        assert [event.WhichOneof("event") for event in events] == ["reset", "snapshot"]
        assert events[0].reset.cause == SubscribeResponse.Reset.CAUSE_EPOCH_CHANGED
        assert not events[1].snapshot.notifications
        again = await send(ada)
        assert ids((await next_event(stream)).created) == [again]


async def test_a_device_confirms_how_far_it_came(follow: Resume, gateway: AsyncClient, ada: str) -> None:
    async with follow(device_id="phone") as stream:
        await next_event(stream)
        await gateway.ack(recipient_id=ada, device_id="phone", cursor=stream.cursor)
        await gateway.ack(recipient_id=ada, device_id="phone", cursor=stream.cursor)


async def test_a_quiet_stream_stays_alive_by_heartbeats(follow: Resume, send: Send, ada: str) -> None:
    async with follow(heartbeat=timedelta(seconds=1)) as stream:
        await next_event(stream)
        waiting = asyncio.create_task(anext(stream))
        # Longer than the client bears a stream without any message.
        done, _ = await asyncio.wait([waiting], timeout=3.5)
        assert not done
        sent = await send(ada)
        assert ids((await waiting).created) == [sent]
