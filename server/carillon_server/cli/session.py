"""One command's run against the service: its client and where its output goes."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

from carillon_server.cli.connection import Access, ConnectionOptions, find_access
from carillon_server.cli.option_groups import expand_groups, present

if TYPE_CHECKING:
    from carillon import AsyncClient


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with."""

    client: AsyncClient
    access: Access
    as_json: bool
    """Machine-readable output: asked for, or the output is no terminal."""


_CONNECTION = inspect.Parameter("connection", inspect.Parameter.KEYWORD_ONLY, annotation=ConnectionOptions)


def calls_service(identity: str) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Makes an ordinary command out of a coroutine that takes a `Session` first.

    `identity` is whose development token it uses where none is named: a recipient's own commands turn to
    the gateway's when `--recipient` names somebody.
    """

    def decorate(command: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)

        @wraps(command)
        def run(*, connection: ConnectionOptions, **arguments: Any) -> None:
            default = "gateway" if identity.startswith("user") and arguments.get("recipient") else identity
            access = find_access(connection, default)
            asyncio.run(_with_session(command, connection, access, arguments))

        parameters = [
            parameter.replace(annotation=hints[name])
            for name, parameter in inspect.signature(command).parameters.items()
            if name != "session"
        ]
        return expand_groups(present(run, [*parameters, _CONNECTION]))

    return decorate


async def _with_session(
    command: Callable[..., Awaitable[None]],
    connection: ConnectionOptions,
    access: Access,
    arguments: dict[str, Any],
) -> None:
    from carillon import AsyncClient

    async with AsyncClient(access.target, token=access.token, insecure=connection.insecure) as client:
        as_json = connection.as_json or not sys.stdout.isatty()
        await command(Session(client, access, as_json), **arguments)
