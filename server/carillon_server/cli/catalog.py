"""`carillon catalog`: types, templates and topics as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.failure import CommandError, ExitCode

if TYPE_CHECKING:
    from carillon_server.bundle.loader import Loaded

catalog = typer.Typer(help="Keep types, templates and topics as files.", no_args_is_help=True)

FoldersArgument = Annotated[
    list[Path], typer.Argument(metavar="FOLDER...", help="Folders of catalogs, such as catalogs/audit.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with JSON, one line for each problem.")]


@catalog.command("validate")
def validate(folders: FoldersArgument, as_json: JsonOption = False) -> None:
    """Check folders without a server: every problem with its file and line."""
    from carillon_server.bundle.loader import load_catalog

    loaded = [load_catalog(folder) for folder in folders]
    _print_problems(loaded, as_json=as_json)
    if not as_json:
        for each in loaded:
            output.show(f"{each.folder} is good: {_contents(each)}.")


def _print_problems(loaded: list[Loaded], *, as_json: bool) -> None:
    problems = [problem for each in loaded for problem in each.notes.problems]
    for problem in problems:
        if as_json:
            place = problem.place
            output.print_document({"file": place.file, "line": place.line, "message": problem.message})
        else:
            typer.echo(output.plain(str(problem)))
    if problems:
        count = output.number_of(len(problems), "problem")
        raise CommandError(ExitCode.REFUSED, f"{count} in {output.number_of(len(loaded), 'catalog')}.")


def _contents(loaded: Loaded) -> str:
    counts = (
        output.number_of(len(loaded.bundle[nouns]), nouns.removesuffix("s"))
        for nouns in ("types", "templates", "layouts", "topics")
    )
    return ", ".join(counts)
