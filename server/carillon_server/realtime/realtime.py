"""Everything live of one process, put together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from carillon_server.config import Settings
from carillon_server.domain.cursor import CursorSealer
from carillon_server.domain.identity import Principal
from carillon_server.domain.live_inbox import StreamRequest
from carillon_server.domain.notification import InboxChange
from carillon_server.realtime.credentials import CredentialWatch, Recheck
from carillon_server.realtime.drain import drain
from carillon_server.realtime.event import EventEncoder, EventFactory
from carillon_server.realtime.hint_listener import HintListener
from carillon_server.realtime.hint_publisher import HintPublisher
from carillon_server.realtime.hint_seal import HintSealer
from carillon_server.realtime.hub import Hub
from carillon_server.realtime.outlet import SlowReaderWatch, Write
from carillon_server.realtime.poller import Poller
from carillon_server.realtime.reader import InboxReader
from carillon_server.realtime.stream import Stream, StreamResources
from carillon_server.realtime.supervision import report_fault, supervise
from carillon_server.services.ports import Clock
from carillon_server.storage.database import Database
from carillon_server.storage.installation import Installation


class Realtime:
    """Serves streams and tells them, and other processes, what is committed. Workers have one without
    streams.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        installation: Installation,
        encoder: EventEncoder,
        *,
        clock: Clock,
        recheck: Recheck,
    ) -> None:
        redis_url = settings.redis_url.get_secret_value()
        sealer = CursorSealer(settings.raw_secret_keys)
        hint_sealer = HintSealer(settings.raw_secret_keys)
        self._rng = Random()
        self._hub = Hub(
            max_per_inbox=settings.max_streams_per_user, max_per_tenant=settings.max_streams_per_tenant
        )
        self._factory = EventFactory(encoder, sealer, installation)
        self._poller = Poller(self._hub, database, installation, settings.stream_poll_seconds)
        self._listener = HintListener(
            redis_url, hint_sealer, self._hub, installation, self._poller.check_soon, self._rng
        )
        self._hints = HintPublisher(
            redis_url, hint_sealer, self._factory, installation, self._listener.listens
        )
        self._watch = CredentialWatch(self._hub, recheck, clock)
        self._slow_readers = SlowReaderWatch(settings.slow_reader_seconds)
        self._resources = StreamResources(
            hub=self._hub,
            reader=InboxReader(database, max(1, settings.database_max_connections // 2)),
            installation=installation,
            sealer=sealer,
            encoder=encoder,
            clock=clock,
            rng=self._rng,
            slow_readers=self._slow_readers,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts what runs in the background. Nothing has to answer yet."""
        self._tasks = [
            supervise("hint-publisher", self._hints.run),
            supervise("hint-listener", self._listener.run),
            supervise("stream-poller", self._poller.run),
            supervise("credential-watch", self._watch.run),
            supervise("slow-reader-watch", self._slow_readers.run),
        ]

    async def drain(self, seconds: float) -> None:
        """Sends all streams elsewhere, spread over `seconds`, and refuses new ones."""
        await drain(self._hub, seconds, self._rng)

    async def stop(self) -> None:
        """Ends what runs in the background."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hints.close()

    def publisher(self, changes: Sequence[InboxChange]) -> None:
        """The `ChangePublisher`: called right after a commit, in its order; never raises or waits."""
        for change in changes:
            try:
                self._publish(change)
            except Exception as fault:  # noqa: BLE001 - it is committed: the caller must be told so
                report_fault("publisher", fault)

    def open_stream(self, principal: Principal, request: StreamRequest, write: Write) -> Stream:
        """A stream that begins when it is run."""
        return Stream(self._resources, principal, request, write)

    def _publish(self, change: InboxChange) -> None:
        event = self._factory.build(change) if change.inbox_id in self._hub.rooms else None
        if event is not None:
            self._hub.offer(event)
        self._hints.enqueue(change, event)
