"""`serve`, `worker` and `migrate`: the service as separate processes, set up by the environment."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli.failure import CommandError, ExitCode

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from carillon_server.config import Settings

DatabaseUrl = Annotated[
    str,
    typer.Option(
        envvar="DATABASE_URL",
        show_envvar=True,
        help="Where Postgres is: postgresql://user@host:port/database.",
    ),
]


def serve() -> None:
    """Run the gRPC server until SIGTERM or Ctrl-C.

    Settings come from the environment.
    """
    from carillon_server.app import serve as run_server

    _run(run_server(_settings()))


def worker() -> None:
    """Run a delivery worker until SIGTERM or Ctrl-C.

    Settings come from the environment.
    """
    from carillon_server.app import work

    _run(work(_settings()))


def migrate(database_url: DatabaseUrl) -> None:
    """Bring the database to the schema of this version. Safe to run again, and by several at once."""
    from carillon_server.storage.migrate import head_revision, upgrade

    upgrade(database_url)
    typer.echo(f"The database is at revision {head_revision()}.", err=True)


def _settings() -> Settings:
    from pydantic import ValidationError

    from carillon_server.config import load_settings

    try:
        return load_settings()
    except ValidationError as error:
        raise _settings_error(error) from None


def _settings_error(error: ValidationError) -> CommandError:
    problems = (f"{_variable(found)}: {found['msg']}" for found in error.errors(include_input=False))
    return CommandError(
        ExitCode.USAGE,
        "The settings in the environment are not complete.",
        *problems,
        "Each setting is described in docs/reference/configuration.md.",
    )


def _variable(found: ErrorDetails) -> str:
    name = str(found["loc"][0]) if found["loc"] else "settings"
    return name.upper() if name.isupper() else f"CARILLON_{name.upper()}"


def _run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    from uvloop import new_event_loop

    return new_event_loop
