"""`carillon types`: the kinds of things that happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from carillon_server.cli import output
from carillon_server.cli.catalog_arguments import (
    FileArgument,
    LimitOption,
    TypeArgument,
    YesOption,
    read_text,
    refuse_notes,
)
from carillon_server.cli.question import confirm
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from carillon.catalog_types import NotificationType

types = typer.Typer(help="Keep the kinds of things that happen.", no_args_is_help=True)


@types.command("list")
@calls_service("operator")
async def list_types(
    session: Session,
    catalog: Annotated[str, typer.Option("--catalog", help="Only what this catalog brought.")] = "",
    limit: LimitOption = 1_000,
) -> None:
    """List the tenant's types by name."""
    found = []
    async for kind in session.client.list_all_types(catalog=catalog):
        found.append(kind)
        if len(found) >= limit:
            break
    if session.as_json:
        output.print_json_lines(found)
        return
    from carillon_server.cli.type_view import show_types

    show_types(found)


@types.command("show")
@calls_service("operator")
async def show_type(session: Session, name: TypeArgument) -> None:
    """Show a type with its schema, its sample and its templates."""
    kind = (await session.client.get_type(name=name)).type
    if session.as_json:
        output.print_json(kind)
        return
    templates = [each async for each in session.client.list_all_templates(type=name)]
    from carillon_server.cli.type_view import show_type_in_full

    show_type_in_full(kind, templates)


@types.command("put")
@calls_service("operator")
async def put_types(session: Session, file: FileArgument) -> None:
    """Create or replace the types of a file, written like those of a catalog (`types: [...]`)."""
    from carillon_server.bundle.single import load_types

    loaded, notes = load_types(file, read_text(file))
    refuse_notes(notes, as_json=session.as_json)
    for each in loaded:
        response = await session.client.put_type(type=cast("NotificationType", each))
        if session.as_json:
            output.print_json(response.type)
        else:
            output.show(f"{response.type.name} is as the file says.")


@types.command("delete")
@calls_service("operator")
async def delete_type(session: Session, name: TypeArgument, yes: YesOption = False) -> None:
    """Remove a type and its templates. What was sent stays."""
    if not yes:
        confirm(f"Remove {name} with all its templates?")
    await session.client.delete_type(name=name)
    typer.echo(f"{name} is gone.", err=True)
