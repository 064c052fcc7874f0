"""A bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import typer

from carillon_server.cli.import_lines import LineSource

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from carillon_server.cli.import_batches import Tally


class Meter:
    """What a person sees while a file is read; without a bar, only what is said."""

    def __init__(self, source: LineSource, bar: tuple[Progress, TaskID] | None) -> None:
        self._source = source
        self._bar = bar

    def update(self, tally: Tally) -> None:
        """Moves the bar to where the file was read to."""
        if self._bar:
            progress, task = self._bar
            progress.update(task, completed=self._source.bytes_read, lines=f"{tally.line:,} lines")

    def say(self, text: str) -> None:
        """A line on standard error, above the bar."""
        if self._bar:
            self._bar[0].console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(text, err=True)


@contextmanager
def show_progress(file: BinaryIO, source: LineSource) -> Iterator[Meter]:
    """The bar is gone afterwards."""
    if not sys.stderr.isatty():
        yield Meter(source, None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[lines]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        # Of a pipe nobody knows the size: the bar only moves.
        total = os.fstat(file.fileno()).st_size or None
        yield Meter(source, (progress, progress.add_task("", total=total, lines="")))
