"""`carillon recipients export`: everything held of one person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from carillon_server.cli import output
from carillon_server.cli.failure import CommandError, ExitCode
from carillon_server.cli.session import Session, calls_service

_OWNER_ONLY = 0o600


@calls_service("operator")
async def export_recipient(
    session: Session,
    recipient_id: Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient, by your own id.")],
    to: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it there, for nobody else to read."),
    ] = None,
) -> None:
    """Write down everything held of a recipient: one JSON object a line, with a noun and a record."""
    pieces = session.client.export_recipient(recipient_id=recipient_id)
    if to is None:
        async for piece in pieces:
            output.print_json(piece)
        return
    count = 0
    with _whole_file(to) as file:
        async for piece in pieces:
            file.write(output.json_line(piece) + "\n")
            count += 1
    typer.echo(f"{output.number_of(count, 'record')} in {to}.", err=True)


@contextmanager
def _whole_file(path: Path) -> Iterator[TextIO]:
    """A file that is there when it is complete, and not before."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise CommandError(ExitCode.USAGE, f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
