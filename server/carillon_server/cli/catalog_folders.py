"""Folders of catalogs, as people name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.failure import CommandError, ExitCode

if TYPE_CHECKING:
    from carillon_server.bundle.loader import Loaded
    from carillon_server.bundle.place import Problem

_BESIDE_CATALOGS = frozenset({"README.md", "schema"})
"""What else a shell finds for `catalogs/*`."""

FoldersArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="FOLDER...",
        help="Folders such as catalogs/audit, a folder of such folders, or names of catalogs that come with "
        "Carillon.",
    ),
]
FolderArgument = Annotated[
    str, typer.Argument(metavar="FOLDER", help="A folder, or a name as `catalog list` shows them.")
]


def load_good(names: Sequence[str], *, as_json: bool) -> list[Loaded]:
    """All of them; where something is wrong with one, all problems of all are printed, and that was it."""
    from carillon_server.bundle.loader import load_catalog

    loaded = [load_catalog(folder) for folder in _folders(names)]
    refuse_problems((problem for each in loaded for problem in each.notes.problems), as_json=as_json)
    return loaded


def refuse_problems(problems: Iterable[Problem], *, as_json: bool) -> None:
    """Prints each with its file and line, and ends the command if there are any."""
    found = list(problems)
    for problem in found:
        place = problem.place
        if as_json:
            output.print_document({"file": place.file, "line": place.line, "message": problem.message})
        else:
            typer.echo(output.plain(str(problem)))
    if found:
        raise CommandError(
            ExitCode.REFUSED, f"{output.number_of(len(found), 'problem')}; nothing was changed."
        )


def contents(loaded: Loaded) -> str:
    """`2 types, 8 templates`."""
    nouns = [noun for noun in ("types", "templates", "layouts", "topics") if loaded.bundle[noun]]
    counts = [output.number_of(len(loaded.bundle[noun]), noun.removesuffix("s")) for noun in nouns]
    return ", ".join(counts) or "nothing"


def _folders(names: Sequence[str]) -> list[Path]:
    """Those that are named; of a folder of catalogs all of them."""
    from carillon_server.bundle.loader import CATALOG_FILE_NAME

    found: list[Path] = []
    for folder in map(_folder, names):
        inside = sorted(path.parent for path in folder.glob(f"*/{CATALOG_FILE_NAME}"))
        if inside and not (folder / CATALOG_FILE_NAME).exists():
            found += inside
        elif len(names) == 1 or folder.name not in _BESIDE_CATALOGS:
            found.append(folder)
    return found


def _folder(name: str) -> Path:
    from carillon_server.bundle.shipped import shipped_catalogs

    folder = Path(name)
    if folder.exists():
        return folder
    shipped = {path.name: path for path in shipped_catalogs()}
    if name not in shipped:
        names = ", ".join(sorted(shipped)) or "none"
        raise CommandError(
            ExitCode.USAGE, f"There is no folder {name}.", f"Catalogs that come with Carillon: {names}."
        )
    return shipped[name]
