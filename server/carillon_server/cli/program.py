"""All commands under one name."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from carillon_server.cli.api_key import api_key
from carillon_server.cli.broadcasts import broadcasts
from carillon_server.cli.catalog import catalog
from carillon_server.cli.deliveries import deliveries, explain
from carillon_server.cli.delivery_settings import settings as delivery_settings
from carillon_server.cli.doctor import doctor
from carillon_server.cli.endpoints import endpoints
from carillon_server.cli.epoch import raise_epoch
from carillon_server.cli.inbox import counts, list_inbox, show
from carillon_server.cli.layouts import layouts
from carillon_server.cli.marks import MARKS, mark_command
from carillon_server.cli.preferences import preferences
from carillon_server.cli.processes import migrate, serve, worker
from carillon_server.cli.providers import providers
from carillon_server.cli.recipients import recipients
from carillon_server.cli.send import cancel, send
from carillon_server.cli.stats import stats
from carillon_server.cli.tail import tail
from carillon_server.cli.templates import templates
from carillon_server.cli.token import token
from carillon_server.cli.topics import topics
from carillon_server.cli.types import types
from carillon_server.cli.up import up

SENDING = "Sending"
INBOX = "Reading an inbox"
PEOPLE = "People"
CATALOG = "What is sent"
DELIVERING = "What became of it"
OPERATING = "Running the service"

program = typer.Typer(
    name="carillon",
    help="Carillon: one Send, one inbox, live everywhere.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for sending in (send, cancel):
    program.command(rich_help_panel=SENDING)(sending)
program.add_typer(broadcasts, name="broadcasts", rich_help_panel=SENDING)
program.command("list", rich_help_panel=INBOX)(list_inbox)
for reading in (tail, show, counts):
    program.command(rich_help_panel=INBOX)(reading)
for mark in MARKS:
    program.command(mark.command, rich_help_panel=INBOX)(mark_command(mark))
for name, people in (
    ("recipients", recipients),
    ("topics", topics),
    ("endpoints", endpoints),
    ("preferences", preferences),
):
    program.add_typer(people, name=name, rich_help_panel=PEOPLE)
for name, telling_how in (
    ("catalog", catalog),
    ("types", types),
    ("templates", templates),
    ("layouts", layouts),
):
    program.add_typer(telling_how, name=name, rich_help_panel=CATALOG)
program.add_typer(deliveries, name="deliveries", rich_help_panel=DELIVERING)
for telling in (explain, stats):
    program.command(rich_help_panel=DELIVERING)(telling)
for name, delivering in (("providers", providers), ("delivery-settings", delivery_settings)):
    program.add_typer(delivering, name=name, rich_help_panel=DELIVERING)
for operating in (up, doctor, serve, worker, migrate, raise_epoch, token):
    program.command(rich_help_panel=OPERATING)(operating)
program.add_typer(api_key, name="api-key", rich_help_panel=OPERATING)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits with its code; see `cli.failure.ExitCode`."""
    try:
        program(args=arguments, prog_name="carillon")
    except Exception as error:  # noqa: BLE001 - the last word to a person is a sentence, not a traceback
        sys.exit(_tell(error))
    sys.exit(0)


def _tell(error: Exception) -> int:
    from carillon_server.cli.explain import explain as explain_failure

    if os.environ.get("CARILLON_TRACEBACK"):
        raise error
    failure = explain_failure(error)
    print(f"carillon: {failure}", *(f"  {line}" for line in failure.advice), sep="\n", file=sys.stderr)
    return failure.exit_code
