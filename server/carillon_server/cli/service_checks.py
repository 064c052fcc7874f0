"""Checks of the engines that the service stands on, wherever they run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from carillon_server.embedded.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from carillon_server.storage.database import Database

_DURABLE = {"fsync": {"on"}, "full_page_writes": {"on"}, "synchronous_commit": {"on", "remote_apply"}}
_CLOCK_WARN_SECONDS = 1.0
_TIMEOUT_SECONDS = 5.0


async def check_postgres(url: str) -> AsyncIterator[Finding]:
    """Whether Postgres answers, keeps what it commits, has the current schema and the same time."""
    from carillon_server.domain.errors import Refusal
    from carillon_server.storage.database import Database

    try:
        database = await Database.connect(url, max_connections=2, timeout_seconds=_TIMEOUT_SECONDS)
    except (Refusal, ValueError) as error:
        yield fail("Postgres", f"cannot be used: {error}", "Check DATABASE_URL, and that Postgres runs.")
        return
    try:
        yield ok("Postgres", await _show(database, "server_version"))
        yield await _check_durability(database)
        yield await _check_schema(database)
        yield await _check_clock(database)
    finally:
        await database.close()


async def check_redis(url: str) -> Finding:
    """Whether Redis answers."""
    from carillon_server.delivery.queue import RedisProbe

    probe = RedisProbe(url)
    try:
        if await probe():
            return ok("Redis", "answers")
    finally:
        await probe.close()
    hint = "Check REDIS_URL, and that Redis runs. Without it, everything is slower but nothing is lost."
    return fail("Redis", "does not answer", hint)


async def _check_durability(database: Database) -> Finding:
    found = {name: await _show(database, name) for name in _DURABLE}
    weak = {name: value for name, value in found.items() if value not in _DURABLE[name]}
    if weak:
        detail = ", ".join(f"{name} = {value}" for name, value in weak.items())
        return fail("durability", detail, "With this, an answered Send may be lost in a crash of Postgres.")
    return ok("durability", ", ".join(f"{name} = {value}" for name, value in found.items()))


async def _check_schema(database: Database) -> Finding:
    from carillon_server.storage.schema import REVISION, SchemaBehindError, check_schema

    try:
        await check_schema(database)
    except SchemaBehindError as error:
        return fail("schema", str(error), "Run `carillon migrate`.")
    return ok("schema", f"revision {REVISION}")


async def _check_clock(database: Database) -> Finding:
    row = await database.fetchrow("SELECT clock_timestamp()")
    apart_seconds = abs((datetime.now(UTC) - row[0]).total_seconds()) if row else 0.0
    detail = f"{apart_seconds:.1f} s from the clock of Postgres"
    if apart_seconds > _CLOCK_WARN_SECONDS:
        return warn(
            "clock", detail, "Let both machines keep time with NTP: tokens and schedules depend on it."
        )
    return ok("clock", detail)


async def _show(database: Database, setting: str) -> str:
    row = await database.fetchrow("SELECT current_setting($1)", setting)
    return str(row[0]) if row else ""
