"""The connection pool, and the one seam through which every statement runs.

Statements are SQL text executed on asyncpg. A transaction runs in a task of its own, shielded from the
caller's cancellation: a client
that hangs up must not close a pooled connection half-way, nor leave its peer guessing what was committed.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar

import asyncpg

from carillon_server.deadline import bounded_seconds
from carillon_server.domain.errors import Reason, Refusal, Unavailable
from carillon_server.storage.pulse import Connect, Pulse
from carillon_server.storage.spares import Connection as PooledConnection
from carillon_server.storage.spares import Spares

Connection: TypeAlias = (
    "asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"
)
Record: TypeAlias = asyncpg.Record
Result = TypeVar("Result")

_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What the driver says when Postgres is killed between two messages of an answer.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
_BAD_ROW = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
_TRANSLATED = (
    asyncpg.QueryCanceledError,
    TimeoutError,
    asyncpg.LockNotAvailableError,
    *_AWAY,
    *_BAD_ROW,
)
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_MAX_TRIES = 5
_RENEW_SECONDS = 1.0
_STANDSTILL_SECONDS = 10
_MAX_STATEMENT_SECONDS = 10
_MAX_TRANSACTION_SECONDS = 20
_FIRST_WITH_TRANSACTION_TIMEOUT = 17
_APPLICATION = {"application_name": "carillon"}


class BadRowError(Exception):
    """Postgres takes the statement, but not one of its values: a fault of ours, since requests are
    validated before.
    """


class RowsLockedError(Exception):
    """Somebody else holds locks for longer than the connections of this pool wait for one."""


def driver_url(url: str, scheme: str) -> str:
    """The same address under another scheme: asyncpg wants `postgresql`, SQLAlchemy `postgresql+asyncpg`."""
    return f"{scheme}://{url.partition('://')[2]}"


async def _keep(_connection: Connection) -> None:
    """No statement changes a session, so there is nothing to reset: a round trip saved for each use."""


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turns what the driver raises into refusals that may be told to a caller."""
    try:
        yield
    except _TRANSLATED as error:
        raise _translate(error) from error


def _translate(error: Exception) -> Exception:
    if isinstance(error, asyncpg.QueryCanceledError | TimeoutError):
        return Refusal(Reason.DEADLINE_EXCEEDED, "the database did not answer in time")
    if isinstance(error, asyncpg.LockNotAvailableError):
        return RowsLockedError()
    return Unavailable() if isinstance(error, _AWAY) else BadRowError(type(error).__name__)


class Database:
    """A pool of connections. Every method raises `Unavailable` when Postgres is away, within two seconds of
    when it went; DEADLINE_EXCEEDED when it is slow.
    """

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], acquire_timeout_seconds: float, connect: Connect
    ) -> None:
        """`connect` makes a connection beside the pool."""
        self._pool = pool
        self._spares = Spares(pool, acquire_timeout_seconds)
        self._pulse = Pulse(connect, self._spares.abandon)
        self._pulse.start()
        self._renewed_at = -math.inf
        self._running: set[asyncio.Task[Any]] = set()

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        max_connections: int,
        timeout_seconds: float = 2.0,
        generic_plans: bool = False,
        lock_timeout_ms: int = 0,
    ) -> Database:
        """Opens the pool; raises `Unavailable` when Postgres cannot be reached.

        `generic_plans` saves planning statements whose best plan does not depend on their arguments.
        `lock_timeout_ms` is how long a statement waits for a lock before it raises `RowsLockedError`; 0: as
        long as it may take.
        """
        address = driver_url(url, "postgresql")
        async with translated():
            settings = await _session_settings(address, timeout_seconds)
            if generic_plans:
                settings["plan_cache_mode"] = "force_generic_plan"
            if lock_timeout_ms:
                settings["lock_timeout"] = f"{lock_timeout_ms}ms"
            pool = await asyncpg.create_pool(
                address,
                min_size=1,
                max_size=max_connections,
                timeout=timeout_seconds,
                command_timeout=float(_MAX_STATEMENT_SECONDS),
                reset=_keep,
                server_settings=settings,
            )
        connect = partial(asyncpg.connect, address, timeout=timeout_seconds, server_settings=_APPLICATION)
        return cls(pool, timeout_seconds, connect)

    async def close(self) -> None:
        """Waits for what runs, then closes."""
        if self._running:
            await asyncio.wait(self._running)
        await self._pulse.stop()
        await self._spares.close()
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single statements, each its own transaction."""
        async with translated():
            connection = await self._take()
            try:
                yield connection
            except BaseException as error:
                await self._give_back(connection, error)
                raise
            if not self._spares.keep(connection):
                await self._spares.give_back(connection)

    async def fetch(self, sql: str, *args: object, timeout: float | None = None) -> list[Record]:
        """All rows of one read."""
        # Without the context managers: the reads of an inbox cost hardly more than these do.
        try:
            connection = await self._take()
            try:
                rows = await connection.fetch(sql, *args, timeout=timeout)
            except BaseException:
                await self._spares.give_back(connection)
                raise
            if not self._spares.keep(connection):
                await self._spares.give_back(connection)
        except _TRANSLATED as error:
            raise _translate(error) from error
        return rows

    async def _take(self) -> PooledConnection:
        if self._pulse.away:
            raise Unavailable
        try:
            return await self._spares.take()
        except TimeoutError:
            if self._pulse.away:
                raise Unavailable from None
            raise

    async def _give_back(self, connection: PooledConnection, error: BaseException) -> None:
        now = time.monotonic()
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError) and now - self._renewed_at > _RENEW_SECONDS:
            # Another server may have become the one to write to, behind the same name.
            self._renewed_at = now
            await self._spares.renew()
        await self._spares.give_back(connection)

    async def fetchrow(self, sql: str, *args: object, timeout: float | None = None) -> Record | None:
        """The first row of one read."""
        async with self.connection() as connection:
            return await connection.fetchrow(sql, *args, timeout=timeout)

    async def transaction(
        self, work: Callable[[Connection], Awaitable[Result]], *, timeout_seconds: float = 10.0
    ) -> Result:
        """Runs `work` in one transaction, again from the start after a deadlock; goes on when the caller is
        cancelled, but never past the deadline of the call that it is a part of.
        """
        seconds = bounded_seconds(timeout_seconds)
        task = asyncio.create_task(self._transaction(work, seconds), name="transaction")
        self._running.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: the caller may be gone

    async def _transaction(
        self, work: Callable[[Connection], Awaitable[Result]], timeout_seconds: float
    ) -> Result:
        for last_try in [False] * (_MAX_TRIES - 1) + [True]:
            try:
                async with (
                    asyncio.timeout(timeout_seconds),
                    self.connection() as connection,
                    connection.transaction(),
                ):
                    return await work(connection)
            except TimeoutError as error:
                raise Refusal(Reason.DEADLINE_EXCEEDED, "the database did not answer in time") from error
            except _AGAIN as error:
                if last_try:
                    raise Unavailable("too much contention") from error
        raise AssertionError("unreachable")


async def _session_settings(url: str, timeout_seconds: float) -> dict[str, str]:
    """A process that stands still in a transaction must not keep its rows from the others."""
    probe = await asyncpg.connect(url, timeout=timeout_seconds)
    try:
        version = probe.get_server_version().major
    finally:
        await probe.close()
    settings = {
        **_APPLICATION,
        "jit": "off",
        # We cancel what takes too long; this ends it where we cannot any more.
        "statement_timeout": f"{_MAX_STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{_STANDSTILL_SECONDS}s",
    }
    if version >= _FIRST_WITH_TRANSACTION_TIMEOUT:
        # The other one does not hold while a statement is only half told.
        settings["transaction_timeout"] = f"{_MAX_TRANSACTION_SECONDS}s"
    return settings


def column(rows: Sequence[Sequence[object]], index: int) -> list[object]:
    """One column of a batch, as an array parameter for `unnest`."""
    return [row[index] for row in rows]
