"""Live streams of the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from google.protobuf.duration_pb2 import Duration

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._entry import Entry, Stage, now_utc
from carillon.testing._inbox import Inbox
from carillon.testing._refusal import Refusal, refuse
from carillon.testing._store import Listener, Store
from carillon.v1.notification_service_pb2 import SubscribeRequest, SubscribeResponse

_HEARTBEAT_SECONDS = (1.0, 25.0, 300.0)
_SNAPSHOT_SIZE = (20, 100)


async def subscribe(
    store: Store, caller: Caller, request: SubscribeRequest
) -> AsyncIterator[SubscribeResponse]:
    """Everything after the cursor, then everything that happens."""
    recipient_id = caller.address(request.recipient_id)
    _check(request)
    with store.listening(recipient_id) as listener:
        stream = _Stream(store, recipient_id, request)
        for message in stream.beginning():
            yield message
        while not listener.cut and listener.reconnect_delay is None:
            listener.bell.clear()
            news = stream.news()
            for message in news:
                yield message
            if not news and not await _rung(listener, stream.seconds_to_wait()):
                yield stream.heartbeat()
        if listener.cut:
            raise Refusal("UNAVAILABLE", retry_after_seconds=0)
        yield stream.draining(listener)


async def _rung(listener: Listener, seconds: float) -> bool:
    try:
        await asyncio.wait_for(listener.bell.wait(), seconds)
    except TimeoutError:
        return False
    return True


class _Stream:
    """Where one stream stands."""

    def __init__(self, store: Store, recipient_id: str, request: SubscribeRequest) -> None:
        self._store = store
        self._recipient_id = recipient_id
        self._request = request
        self._epoch, self._version = 0, 0
        self._heartbeat_seconds = _heartbeat_seconds(request)

    def beginning(self) -> list[SubscribeResponse]:
        """A snapshot, where there is no cursor to go on from."""
        if not self._request.cursor:
            return [self._snapshot(self._store.inbox(self._recipient_id))]
        self._epoch, self._version = self._store.open_cursor(self._recipient_id, self._request.cursor)
        return []

    def news(self) -> list[SubscribeResponse]:
        """What happened since, all of one instant: while messages go out, the inbox moves on."""
        inbox = self._store.inbox(self._recipient_id)
        cause = self._reset_cause(inbox)
        if cause is not None:
            reset = SubscribeResponse(cursor=self._cursor(), reset=SubscribeResponse.Reset(cause=cause))
            return [reset, self._snapshot(inbox)]
        messages = []
        for entry in inbox.changed_after(self._version):
            event = self._event(inbox, entry)
            self._version = entry.version
            if event is not None:
                event.cursor = self._cursor()
                messages.append(event)
        self._version = inbox.version
        return messages

    def heartbeat(self) -> SubscribeResponse:
        """Nothing happened."""
        return SubscribeResponse(cursor=self._cursor(), heartbeat=SubscribeResponse.Heartbeat())

    def draining(self, listener: Listener) -> SubscribeResponse:
        """The last message."""
        delay = Duration()
        if listener.reconnect_delay is not None:
            delay.FromTimedelta(listener.reconnect_delay)
        return SubscribeResponse(
            cursor=self._cursor(), draining=SubscribeResponse.Draining(reconnect_delay=delay)
        )

    def seconds_to_wait(self) -> float:
        """Until the next heartbeat, or until something appears or expires."""
        next_time = self._store.inbox(self._recipient_id).next_time()
        if next_time is None:
            return self._heartbeat_seconds
        return max(0.0, min(self._heartbeat_seconds, (next_time - now_utc()).total_seconds()))

    def _cursor(self) -> str:
        return self._store.sealer.seal("cursor", self._recipient_id, self._epoch, self._version)

    def _reset_cause(self, inbox: Inbox) -> SubscribeResponse.Reset.Cause.ValueType | None:
        if self._epoch != inbox.epoch:
            return SubscribeResponse.Reset.CAUSE_EPOCH_CHANGED
        if self._version > inbox.version:
            return SubscribeResponse.Reset.CAUSE_FUTURE
        if self._version < inbox.floor_version:
            return SubscribeResponse.Reset.CAUSE_TOO_OLD
        return None

    def _snapshot(self, inbox: Inbox) -> SubscribeResponse:
        default, most = _SNAPSHOT_SIZE
        size = min(self._request.snapshot_size or default, most)
        newest = [entry.notification for entry in inbox.newest_first(self._request.filter)[:size]]
        self._epoch, self._version = inbox.epoch, inbox.version
        snapshot = SubscribeResponse.Snapshot(notifications=newest, counts=inbox.counts)
        return SubscribeResponse(cursor=self._cursor(), snapshot=snapshot)

    def _event(self, inbox: Inbox, entry: Entry) -> SubscribeResponse | None:
        """What the change is to this reader; None where there is nothing to see."""
        if entry.stage is Stage.REMOVED:
            gone = SubscribeResponse.Removed(ids=[entry.notification.id], counts=inbox.counts)
            return SubscribeResponse(removed=gone) if entry.position else None
        if not entry.visible:
            return None
        if not entry.belongs(self._request.filter):
            return SubscribeResponse(counts=inbox.counts)
        shown = [entry.notification]
        if entry.position > self._version:
            created = SubscribeResponse.Created(notifications=shown, counts=inbox.counts)
            return SubscribeResponse(created=created)
        return SubscribeResponse(changed=SubscribeResponse.Changed(notifications=shown, counts=inbox.counts))


def _check(request: SubscribeRequest) -> None:
    limits.enforce([*limits.filtered(request.filter), *limits.printable("device_id", request.device_id)])
    for field in ("unread", "start_time", "end_time"):
        if request.filter.HasField(field):
            refuse(f"filter.{field}", "cannot be used here")
    if request.snapshot_size < 0:
        refuse("snapshot_size", "is not negative")
    if request.heartbeat.ToTimedelta().total_seconds() < 0:
        refuse("heartbeat", "is not negative")


def _heartbeat_seconds(request: SubscribeRequest) -> float:
    shortest, default, longest = _HEARTBEAT_SECONDS
    asked = request.heartbeat.ToTimedelta().total_seconds()
    return min(max(asked, shortest), longest) if asked else default
