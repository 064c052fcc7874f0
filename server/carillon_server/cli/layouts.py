"""`carillon layouts`: what goes around mails."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.catalog_arguments import FileArgument, YesOption, read_text
from carillon_server.cli.failure import CommandError, ExitCode
from carillon_server.cli.names import readable
from carillon_server.cli.question import confirm
from carillon_server.cli.session import Session, calls_service

layouts = typer.Typer(help="Keep what goes around mails, and the pieces they include.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The layout.")]


class _Format(StrEnum):
    HTML = "html"
    MJML = "mjml"


@layouts.command("list")
@calls_service("operator")
async def list_layouts(session: Session) -> None:
    """List layouts and partials by name."""
    from carillon.v1.catalog_service_pb2 import LayoutFormat

    found = (await session.client.list_layouts(page_size=1_000)).layouts
    if session.as_json:
        output.print_json_lines(found)
        return
    table = output.table("name", "format", "characters", "catalog", ids=("name",))
    for each in found:
        size = f"{len(each.source):,}"
        table.add_row(each.name, readable(LayoutFormat, each.format), size, output.plain(each.catalog))
    output.show(table if table.row_count else "No layouts.")


@layouts.command("put")
@calls_service("operator")
async def put_layout(
    session: Session,
    file: FileArgument,
    name: Annotated[str, typer.Option("--name", help="Default: as the file is called.")] = "",
) -> None:
    """Create or replace a layout or a partial from a file: NAME.mjml or NAME.html."""
    endings = {f".{each}": each for each in _Format}
    if file.suffix not in endings:
        raise CommandError(ExitCode.USAGE, f"{file} is neither .mjml nor .html")
    response = await session.client.put_layout(
        layout={"name": name or file.stem, "format": endings[file.suffix].name, "source": read_text(file)}
    )
    if session.as_json:
        output.print_json(response.layout)
    else:
        output.show(f"{response.layout.name} is as the file says.")


@layouts.command("delete")
@calls_service("operator")
async def delete_layout(session: Session, name: NameArgument, yes: YesOption = False) -> None:
    """Remove a layout or a partial that no template uses."""
    if not yes:
        confirm(f"Remove {name}?")
    await session.client.delete_layout(name=name)
    typer.echo(f"{name} is gone.", err=True)
