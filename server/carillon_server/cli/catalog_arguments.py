"""What commands about types and templates take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli.catalog_folders import refuse_problems
from carillon_server.cli.failure import CommandError, ExitCode
from carillon_server.cli.names import ChannelName
from carillon_server.cli.values import parse_object

if TYPE_CHECKING:
    from carillon_server.bundle.place import Notes

TypeArgument = Annotated[str, typer.Argument(metavar="TYPE", help="The type, such as scan.completed.")]
ChannelArgument = Annotated[ChannelName, typer.Argument(help="The channel.")]
LocaleArgument = Annotated[str, typer.Argument(metavar="LOCALE", help="The language, such as de or pt-BR.")]
ChannelsOption = Annotated[
    list[ChannelName] | None, typer.Option("--channel", help="Only this channel; repeatable.")
]
DataOption = Annotated[
    dict[str, Any] | None,
    typer.Option(
        "--data", parser=parse_object, metavar="JSON", help="The variables. Default: the type's sample."
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at the most.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The file.", exists=True, dir_okay=False, readable=True)
]


def read_text(path: Path) -> str:
    """A file of UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CommandError(ExitCode.USAGE, f"{path} cannot be read: {error}") from None


def refuse_notes(notes: Notes, *, as_json: bool) -> None:
    """Tells what is wrong with a file, and ends the command if there is anything."""
    refuse_problems(notes.problems, as_json=as_json)
