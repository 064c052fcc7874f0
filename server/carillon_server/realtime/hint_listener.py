"""Listens for hints about the inboxes that have streams here.

One connection, subscribed to the channels of the hub's rooms; rooms that come and go are gathered into one
command. Redis keeps nothing for a subscriber, so whatever was published before a subscription was confirmed
is lost: each confirmation has the poller compare that inbox soon. That holds for a new room and for all
of them after a reconnect.

A dead peer says nothing, and so does a quiet one: a connection that is silent is pinged, and given up when it
stays silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from carillon_server import telemetry
from carillon_server.realtime.hint_seal import HintSealer
from carillon_server.realtime.hub import Hub
from carillon_server.storage.installation import Installation

PING_SECONDS = 1.0
"""A connection is given up after twice this time without a sign of life."""
_CONNECT_SECONDS = 1.0
_GATHER_SECONDS = 0.005
_MAX_CHANNELS_PER_COMMAND = 500
_MAX_BACKOFF_SECONDS = 2.0
_FIRST_BACKOFF_SECONDS = 0.1


class HintListener:
    """Hands hints of other processes to the hub."""

    def __init__(
        self,
        redis_url: str,
        sealer: HintSealer,
        hub: Hub,
        installation: Installation,
        on_gap: Callable[[Collection[bytes]], None],
        rng: Random,
    ) -> None:
        # With a timeout of its own the library waits by `asyncio.wait_for`, which on Python 3.11 swallows a
        # cancellation now and then; all waiting is bounded here instead.
        self._pool = ConnectionPool.from_url(redis_url, socket_timeout=None)
        self._sealer = sealer
        self._hub = hub
        self._installation = installation
        self._on_gap = on_gap
        self._rng = rng
        self._changed_rooms: set[bytes] = set()
        self._asked: dict[bytes, bytes] = {}
        """Channels subscribed to in this session, and their inboxes."""
        self._confirmed: set[bytes] = set()
        self._to_write = asyncio.Event()
        self._ping_due = False
        hub.on_room_change(self._note_room)

    def listens(self, channel: bytes) -> bool:
        """Whether hints of this channel arrive."""
        return channel in self._confirmed

    async def run(self) -> None:
        """Until cancelled."""
        backoff = _FIRST_BACKOFF_SECONDS
        while True:
            try:
                async with self._connected() as connection:
                    backoff = _FIRST_BACKOFF_SECONDS
                    await self._listen(connection)
            except (RedisError, OSError) as error:
                # Once for each outage: the pause grows until a connection is made.
                if backoff == _FIRST_BACKOFF_SECONDS:
                    telemetry.get_logger().warning("hints.listener_lost", error=type(error).__name__)
            await asyncio.sleep(self._rng.uniform(backoff / 2, backoff))
            backoff = min(2 * backoff, _MAX_BACKOFF_SECONDS)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AbstractConnection]:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis has no types here
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]  # nor here
            yield connection
        finally:
            self._asked.clear()
            self._confirmed.clear()
            async with asyncio.timeout(_CONNECT_SECONDS):
                await connection.disconnect()

    async def _listen(self, connection: AbstractConnection) -> None:
        self._changed_rooms = set(self._hub.rooms)
        self._to_write.set()
        writer = asyncio.create_task(self._write(connection), name="hint-subscriptions")
        try:
            await self._read(connection)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _read(self, connection: AbstractConnection) -> None:
        silent = False
        while True:
            reply = await connection.read_response(timeout=PING_SECONDS)
            if reply is not None:
                silent = False
                self._take(reply)
            elif silent:
                raise RedisConnectionError("no sign of life")
            else:
                silent = self._ping_due = True
                self._to_write.set()

    async def _write(self, connection: AbstractConnection) -> None:
        while True:
            await self._to_write.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._to_write.clear()
            if self._ping_due:
                self._ping_due = False
                await connection.send_command("PING")
            for command, channels in self._due_subscriptions():
                await connection.send_command(command, *channels)

    def _note_room(self, inbox_id: bytes) -> None:
        self._changed_rooms.add(inbox_id)
        self._to_write.set()

    def _due_subscriptions(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        changed, self._changed_rooms = self._changed_rooms, set()
        joined: list[bytes] = []
        left: list[bytes] = []
        for inbox_id in changed:
            for channel in self._sealer.listening_channels(inbox_id):
                wanted, asked = inbox_id in self._hub.rooms, channel in self._asked
                if wanted and not asked:
                    self._asked[channel] = inbox_id
                    joined.append(channel)
                elif asked and not wanted:
                    del self._asked[channel]
                    left.append(channel)
        yield from (("UNSUBSCRIBE", part) for part in _parts(left))
        yield from (("SUBSCRIBE", part) for part in _parts(joined))

    def _take(self, reply: Sequence[Any]) -> None:
        match reply:
            case [b"message", channel, payload]:
                self._receive(channel, payload)
            case [b"subscribe", channel, _] if channel in self._asked:
                self._confirmed.add(channel)
                self._on_gap([self._asked[channel]])
            case [b"unsubscribe", channel, _]:
                self._confirmed.discard(channel)

    def _receive(self, channel: bytes, payload: bytes) -> None:
        if self._sealer.is_own(payload):
            return
        hint = self._sealer.open(channel, payload)
        if hint is None:
            telemetry.hints_rejected.inc()
            return
        telemetry.hints_received.inc()
        event = hint.event
        if hint.installation_epoch != self._installation.epoch:
            # Its cursor would send the reader back to the start.
            event = replace(event, message=None)
        self._hub.offer(event)


def _parts(channels: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(channels), _MAX_CHANNELS_PER_COMMAND):
        yield channels[start : start + _MAX_CHANNELS_PER_COMMAND]
