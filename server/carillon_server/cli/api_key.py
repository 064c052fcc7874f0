"""`carillon api-key`: keys for services that have no identity provider, kept in the database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from carillon_server.cli import output
from carillon_server.cli.failure import CommandError, ExitCode
from carillon_server.cli.names import RoleName, roles_named
from carillon_server.cli.processes import DatabaseUrl
from carillon_server.cli.values import instant_after, parse_duration

if TYPE_CHECKING:
    from carillon_server.services.api_keys import ApiKeys
    from carillon_server.storage.api_keys import ApiKey

Result = TypeVar("Result")

api_key = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option(help="The tenant.")]


@api_key.command("create")
def create_api_key(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="Who it is for: the name of a service.")],
    tenant: Tenant,
    database_url: DatabaseUrl,
    role: Annotated[
        list[RoleName] | None, typer.Option(help="What it allows; repeatable. Default: producer.")
    ] = None,
    lifetime: Annotated[
        timedelta | None,
        typer.Option("--for", parser=parse_duration, help="How long: 90d. Default: until revoked."),
    ] = None,
) -> None:
    """Make a key and print it. This is the only time that it is shown."""
    roles = roles_named(role or [RoleName.PRODUCER])
    expire_time = instant_after(lifetime, None, "--for")

    async def create(keys: ApiKeys) -> str:
        text, _ = await keys.create(tenant, subject, roles, expire_time)
        return text

    typer.echo(_with_keys(database_url, create))


@api_key.command("list")
def list_api_keys(
    tenant: Tenant,
    database_url: DatabaseUrl,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, as when the output is no terminal.")] = False,
) -> None:
    """List the keys of a tenant, the revoked ones too. Their secrets are kept nowhere."""

    async def read(keys: ApiKeys) -> list[ApiKey]:
        return await keys.list(tenant)

    keys = _with_keys(database_url, read)
    if as_json or not sys.stdout.isatty():
        for key in keys:
            output.print_document(_document(key))
    else:
        _show(keys)


@api_key.command("revoke")
def revoke_api_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key, as `api-key list` shows it.")],
    tenant: Tenant,
    database_url: DatabaseUrl,
) -> None:
    """Revoke a key. Within seconds no server takes it any more, and its live streams end."""

    async def revoke(keys: ApiKeys) -> bool:
        return await keys.revoke(tenant, key_id)

    if not _with_keys(database_url, revoke):
        raise CommandError(
            ExitCode.REFUSED,
            f"{tenant} has no key {key_id}.",
            "`carillon api-key list` shows those that it has.",
        )
    typer.echo(f"{key_id} is revoked.", err=True)


def _with_keys(database_url: str, work: Callable[[ApiKeys], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with _keys(database_url) as keys:
            return await work(keys)

    return asyncio.run(run())


@asynccontextmanager
async def _keys(database_url: str) -> AsyncIterator[ApiKeys]:
    from carillon_server.services.api_keys import ApiKeys
    from carillon_server.storage.database import Database

    database = await Database.connect(database_url, max_connections=1)
    try:
        yield ApiKeys(database, _now)
    finally:
        await database.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _document(key: ApiKey) -> dict[str, object]:
    times = {"create_time": key.create_time, "expire_time": key.expire_time, "revoke_time": key.revoke_time}
    return {
        "id": key.key_id,
        "tenant": key.tenant,
        "subject": key.subject,
        "scopes": sorted(key.roles),
        **{name: time.isoformat() for name, time in times.items() if time is not None},
    }


def _show(keys: Iterable[ApiKey]) -> None:
    table = output.table("id", "subject", "scopes", "since", "state")
    for key in keys:
        scopes = " ".join(sorted(key.roles))
        table.add_row(
            key.key_id, output.plain(key.subject), scopes, f"{key.create_time:%Y-%m-%d}", _state(key)
        )
    output.show(table)


def _state(key: ApiKey) -> str:
    if key.revoke_time is not None:
        return f"revoked {key.revoke_time:%Y-%m-%d}"
    if key.holds_at(_now()):
        return f"until {key.expire_time:%Y-%m-%d}" if key.expire_time else "valid"
    return f"expired {key.expire_time:%Y-%m-%d}"
