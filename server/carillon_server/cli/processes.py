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


Processes = Annotated[
    int | None,
    typer.Option(
        envvar="CARILLON_SERVER_PROCESSES",
        show_envvar=True,
        min=1,
        max=64,
        help="Servers on the one port, a process each. Default: 1.",
    ),
]


def serve(processes: Processes = None) -> None:
    """Run the gRPC server until SIGTERM or Ctrl-C.

    Settings come from the environment. With several processes, SIGHUP replaces them one after the other.
    """
    settings = _settings()
    if processes is not None:
        settings = settings.model_copy(update={"server_processes": processes})
    if settings.server_processes > 1:
        _serve_several(settings)
        return
    from carillon_server.app import serve as run_server

    run(run_server(settings))


def _serve_several(settings: Settings) -> None:
    from carillon_server.processes.errors import ProcessesError
    from carillon_server.processes.supervisor import supervise

    try:
        run(supervise(settings, ("carillon_server.cli.member",)))
    except ProcessesError as error:
        raise CommandError(ExitCode.UNAVAILABLE, str(error)) from error


def worker() -> None:
    """Run a delivery worker until SIGTERM or Ctrl-C.

    Settings come from the environment.
    """
    from carillon_server.app import work

    run(work(_settings()))


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


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs it on the event loop of the service."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    from uvloop import new_event_loop

    return new_event_loop
