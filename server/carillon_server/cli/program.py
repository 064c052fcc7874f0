"""All commands under one name."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from carillon_server.cli.processes import migrate, serve, worker

OPERATING = "Running the service"

program = typer.Typer(
    name="carillon",
    help="Carillon: one Send, one inbox, live everywhere.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (serve, worker, migrate):
    program.command(rich_help_panel=OPERATING)(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits with its code; see `cli.failure.ExitCode`."""
    try:
        program(args=arguments, prog_name="carillon")
    except Exception as error:  # noqa: BLE001 - the last word to a person is a sentence, not a traceback
        sys.exit(_tell(error))
    sys.exit(0)


def _tell(error: Exception) -> int:
    from carillon_server.cli.explain import explain

    if os.environ.get("CARILLON_TRACEBACK"):
        raise error
    failure = explain(error)
    print(f"carillon: {failure}", *(f"  {line}" for line in failure.advice), sep="\n", file=sys.stderr)
    return failure.exit_code
