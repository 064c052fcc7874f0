"""`carillon recipients import`: many people out of a file."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import typer

from carillon_server.cli import output
from carillon_server.cli.failure import CommandError, ExitCode
from carillon_server.cli.import_batches import Importer, Tally
from carillon_server.cli.import_csv import read_csv
from carillon_server.cli.import_jsonl import read_jsonl
from carillon_server.cli.import_lines import BadLine, Line, LineSource, UnreadableFileError
from carillon_server.cli.import_progress import Meter, show_progress
from carillon_server.cli.import_stores import dry_store, service_store
from carillon_server.cli.session import Session, calls_service

_STANDARD_INPUT = "-"
_AGAIN = "Import the file again when that is mended: what is in stays as it is."


class FileFormat(StrEnum):
    """How a file holds recipients."""

    CSV = "csv"
    JSONL = "jsonl"


_FORMATS = {".csv": FileFormat.CSV, ".jsonl": FileFormat.JSONL, ".ndjson": FileFormat.JSONL}
_READERS = {FileFormat.CSV: read_csv, FileFormat.JSONL: read_jsonl}


@calls_service("producer")
async def import_recipients(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV or JSON lines; - for standard input.")],
    format: Annotated[  # noqa: A002 - the name of the option
        FileFormat | None, typer.Option(help="Left out, the ending of the file's name tells.")
    ] = None,
    errors: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what is wrong with which line here too.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and store nothing.")] = False,
) -> None:
    """Create or change the recipients of a file, line by line. A bad line fails alone.

    CSV, in UTF-8, has the columns recipient_id, locale, time_zone, email, phone and any number of
    attributes.NAME, in any order; an empty cell changes nothing. A line of JSON is
    {"recipient": {…}, "endpoints": […]}, as in the API.
    """
    read = _READERS[format or _format_of(file)]
    store = dry_store() if dry_run else service_store(session.client)
    with ExitStack() as stack:
        # Reading a pipe may take for ever; asyncio would let Ctrl-C wait for its end.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        opened = stack.enter_context(_opened(file))
        log = stack.enter_context(_created(errors)) if errors else None
        source = LineSource(opened)
        meter = stack.enter_context(show_progress(opened, source))
        tally = await _run(Importer(store, _teller(meter, log), meter.update), read(source), meter)
    _conclude(session, tally, dry_run=dry_run)


async def _run(importer: Importer, lines: Iterator[Line], meter: Meter) -> Tally:
    try:
        await importer.run(lines)
    except UnreadableFileError as error:
        raise CommandError(ExitCode.REFUSED, str(error), _told(importer.tally), _AGAIN) from None
    except BaseException:
        # Ctrl-C, or the service is gone: whoever waits should know how far it came.
        meter.say(f"Stopped. {_told(importer.tally)} {_AGAIN}")
        raise
    return importer.tally


def _conclude(session: Session, tally: Tally, *, dry_run: bool) -> None:
    if session.as_json:
        output.print_document({"stored": 0 if dry_run else tally.stored, "refused": tally.refused})
    done = "are good; nothing was stored" if dry_run else "are in"
    if tally.refused:
        lines = output.number_of(tally.refused, "line")
        raise CommandError(ExitCode.REFUSED, f"{lines} refused, {tally.stored:,} {done}.", _AGAIN)
    typer.echo(f"{tally.stored:,} {done}.", err=True)


def _told(tally: Tally) -> str:
    return f"Settled up to line {tally.line:,}: {tally.stored:,} good, {tally.refused:,} refused."


def _teller(meter: Meter, log: TextIO | None) -> Callable[[BadLine], None]:
    def tell(refusal: BadLine) -> None:
        text = output.plain(str(refusal))
        meter.say(text)
        if log is not None:
            log.write(f"{text}\n")

    return tell


def _format_of(file: str) -> FileFormat:
    found = _FORMATS.get(Path(file).suffix.lower())
    if found is None:
        raise CommandError(
            ExitCode.USAGE, f"Is {file} CSV or JSON lines?", "Say so with --format csv or --format jsonl."
        )
    return found


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == _STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(Path(file).open("rb"))
        except OSError as error:
            raise CommandError(ExitCode.USAGE, f"{file} cannot be read: {error.strerror}") from None
        yield opened


@contextmanager
def _created(file: Path) -> Iterator[TextIO]:
    with ExitStack() as stack:
        try:
            created = stack.enter_context(file.open("w", encoding="utf-8"))
        except OSError as error:
            raise CommandError(ExitCode.USAGE, f"{file} cannot be written: {error.strerror}") from None
        yield created
