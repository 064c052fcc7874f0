"""One live stream: the state machine from its opening to its end.

Order of an opening: join the hub, then read. What is committed after the read was offered since the stream
joined, what was committed before is in the read, so nothing lies between. Then the stream takes what the hub
offers: an event is forwarded if it begins right after the version where the reader stands, and dropped if it
ends at or before it. Otherwise there is a gap, and the stream reads from Postgres what lies after that
version. Whatever loses or repeats events on their way, the reader gets every version once and in order.

Where versions cannot be compared (another epoch, of the inbox or of the installation) or are gone (below the
floor), the reader is told so (`reset`) and gets a snapshot.

When Postgres cannot be read, an opening fails, but an open stream stays, behind, until the poller finds that
Postgres answers again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from carillon_server import telemetry
from carillon_server.domain.cursor import Cursor, CursorSealer
from carillon_server.domain.errors import Unavailable
from carillon_server.domain.identity import Principal
from carillon_server.domain.inbox import InboxState
from carillon_server.domain.live_inbox import ResetCause, StreamRequest
from carillon_server.domain.notification import ChangeKind
from carillon_server.realtime.event import EventEncoder, LiveEvent
from carillon_server.realtime.hub import Hub
from carillon_server.realtime.mailbox import Mailbox
from carillon_server.realtime.outlet import Outlet, SlowReaderWatch, Write
from carillon_server.realtime.reader import InboxReader, ReadFailed
from carillon_server.realtime.replay import Group, group_changes
from carillon_server.services.ports import Clock
from carillon_server.storage.changes import ChangesPage
from carillon_server.storage.installation import Installation

# After a mass reconnect all streams would fall silent, and speak, at once.
_HEARTBEAT_JITTER = (0.8, 1.0)
# A timer may fire this much early; waiting for the rest would be a loop.
_TIMER_RESOLUTION_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class StreamResources:
    """What all streams of a process share."""

    hub: Hub
    reader: InboxReader
    installation: Installation
    sealer: CursorSealer
    encoder: EventEncoder
    clock: Clock
    rng: Random
    slow_readers: SlowReaderWatch


class Stream:
    """Tells one reader of one inbox, in order, without gaps, nothing twice."""

    __slots__ = (
        "_epoch",
        "_installation_epoch",
        "_mailbox",
        "_outlet",
        "_request",
        "_shared",
        "_silence_seconds",
        "_version",
    )

    def __init__(
        self, shared: StreamResources, principal: Principal, request: StreamRequest, write: Write
    ) -> None:
        self._shared = shared
        self._request = request
        self._mailbox = Mailbox(principal, takes_events=request.filter.selects_everything)
        self._outlet = Outlet(write, self._mailbox, shared.slow_readers)
        self._silence_seconds = request.heartbeat_seconds * shared.rng.uniform(*_HEARTBEAT_JITTER)
        self._installation_epoch = shared.installation.epoch
        self._epoch = 0
        self._version = 0

    async def run(self) -> None:
        """Until the client hangs up (CancelledError) or the server drains (returns).

        Raises CURSOR_INVALID, STREAM_LIMIT and UNAVAILABLE at once, SLOW_READER and CREDENTIALS_INVALID when
        it comes to that.
        """
        address = self._request.address
        start = self._open_cursor()
        self._shared.hub.join(address, self._mailbox)
        try:
            await self._begin(start)
            await self._live()
        finally:
            self._shared.hub.leave(address.inbox_id, self._mailbox)
            self._mailbox.close()

    def _open_cursor(self) -> Cursor | None:
        token = self._request.cursor
        return self._shared.sealer.open(token, self._request.address.inbox_id) if token else None

    async def _begin(self, start: Cursor | None) -> None:
        try:
            if start is None:
                await self._send_snapshot()
            else:
                self._installation_epoch = start.installation_epoch
                self._epoch, self._version = start.inbox_epoch, start.version
                await self._catch_up()
                self._arrive()
        except ReadFailed as error:
            raise Unavailable from error
        if self._outlet.last_send_time is None:
            await self._send_heartbeat()

    async def _live(self) -> None:
        mailbox = self._mailbox
        while mailbox.draining_delay_seconds is None:
            if mailbox.ending is not None:
                raise mailbox.ending
            if mailbox.take_behind():
                await self._catch_up_when_possible()
            elif events := mailbox.take():
                await self._forward(events)
            elif (silence := self._remaining_silence()) > _TIMER_RESOLUTION_SECONDS:
                await mailbox.wait(silence)
            else:
                await self._send_heartbeat()
        token = self._seal(self._version)
        await self._outlet.send(self._shared.encoder.draining(token, mailbox.draining_delay_seconds))

    async def _forward(self, events: Sequence[LiveEvent]) -> None:
        for event in events:
            if event.epoch == self._epoch and event.last_version <= self._version:
                continue
            if event.epoch != self._epoch or event.first_version != self._version + 1:
                self._mailbox.fall_behind()
                return
            if event.message:
                self._observe_lag(event)
                await self._outlet.send(event.message)
            self._version = event.last_version

    def _observe_lag(self, event: LiveEvent) -> None:
        if event.commit_time is not None:
            lag = self._shared.clock() - event.commit_time
            telemetry.stream_lag_seconds.observe(max(0.0, lag.total_seconds()))

    async def _catch_up_when_possible(self) -> None:
        telemetry.stream_catch_ups.inc()
        try:
            await self._catch_up()
        except ReadFailed:
            self._shared.hub.stall(self._mailbox)

    async def _catch_up(self) -> None:
        complete = False
        while not complete:
            page = await self._shared.reader.read_changes(self._request.address, self._version)
            cause = self._reset_cause(page.state if page else None)
            if page is None or cause is not None:
                await self._start_afresh(cause or ResetCause.EPOCH_CHANGED)
                return
            await self._tell(page)
            complete = page.complete

    def _reset_cause(self, state: InboxState | None) -> ResetCause | None:
        if self._installation_epoch != self._shared.installation.epoch:
            return ResetCause.EPOCH_CHANGED
        if state is None or state.epoch != self._epoch:
            return ResetCause.EPOCH_CHANGED
        if self._version < state.floor_version:
            return ResetCause.TOO_OLD
        return ResetCause.FUTURE if self._version > state.version else None

    async def _tell(self, page: ChangesPage) -> None:
        for group in group_changes(page, self._version, self._request.filter):
            await self._outlet.send(self._encode(group, page))
            self._version = group.last_version
        self._version = page.last_version

    def _encode(self, group: Group, page: ChangesPage) -> bytes:
        token, counts = self._seal(group.last_version), page.state.counts
        if group.kind is ChangeKind.NOTHING:
            return self._shared.encoder.counts(token, counts)
        return self._shared.encoder.change(token, group.kind, group.notifications, counts)

    async def _start_afresh(self, cause: ResetCause) -> None:
        telemetry.stream_resets.labels(cause.name.lower()).inc()
        await self._outlet.send(self._shared.encoder.reset(self._seal(self._version), cause))
        await self._send_snapshot()

    async def _send_snapshot(self) -> None:
        installation_epoch = self._shared.installation.epoch
        request = self._request
        snapshot = await self._shared.reader.read_snapshot(
            request.address, request.filter, request.snapshot_size
        )
        state = snapshot.state
        self._installation_epoch, self._epoch = installation_epoch, state.epoch
        token = self._seal(state.version)
        await self._outlet.send(self._shared.encoder.snapshot(token, snapshot.notifications, state.counts))
        self._version = state.version
        self._arrive()

    def _arrive(self) -> None:
        inbox_id = self._request.address.inbox_id
        self._shared.hub.arrive(inbox_id, self._mailbox, (self._epoch, self._version))

    async def _send_heartbeat(self) -> None:
        await self._outlet.send(self._shared.encoder.heartbeat(self._seal(self._version)))

    def _remaining_silence(self) -> float:
        last = self._outlet.last_send_time or 0.0
        return last + self._silence_seconds - asyncio.get_running_loop().time()

    def _seal(self, version: int) -> str:
        inbox_id = self._request.address.inbox_id
        return self._shared.sealer.seal(Cursor(inbox_id, self._installation_epoch, self._epoch, version))
