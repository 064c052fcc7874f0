"""`carillon catalog`: types, templates and topics as files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from carillon_server.cli import output
from carillon_server.cli.catalog_folders import (
    FolderArgument,
    FoldersArgument,
    contents,
    load_good,
    refuse_problems,
)
from carillon_server.cli.catalog_settings import settings
from carillon_server.cli.failure import CommandError, ExitCode
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from carillon.catalog_types import CatalogBundle
    from carillon.v1.catalog_service_pb2 import ApplyCatalogResponse
    from carillon_server.bundle.loader import Loaded

_APPLY_SECONDS = 120.0
_NAME_AND_FOLDER = 2

catalog = typer.Typer(help="Keep types, templates and topics as files.", no_args_is_help=True)

PruneOption = Annotated[
    bool, typer.Option("--prune", help="Remove what this catalog brought before and no longer has.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with JSON, one object a line.")]

catalog.command("settings")(settings)


@catalog.command("validate")
def validate(folders: FoldersArgument, as_json: JsonOption = False) -> None:
    """Check folders without a server: every problem with its file and line.

    Templates are checked against their type's schema, and rendered with its sample.
    """
    from carillon_server.cli.catalog_check import check_folders

    loaded = load_good(folders, as_json=as_json)
    refuse_problems(asyncio.run(check_folders(loaded)), as_json=as_json)
    for each in loaded:
        if as_json:
            output.print_document({"catalog": each.bundle["name"], "good": True})
        else:
            output.show(f"{each.folder} is good: {contents(each)}.")


@catalog.command("list")
def list_shipped(as_json: JsonOption = False) -> None:
    """List the catalogs that come with Carillon."""
    from carillon_server.bundle.loader import load_catalog
    from carillon_server.bundle.shipped import shipped_catalogs

    table = output.table("name", "holds", "types", ids=("name",))
    for folder in shipped_catalogs():
        loaded = load_catalog(folder)
        types = [kind["name"] for kind in loaded.bundle["types"]]
        if as_json:
            output.print_document({"name": folder.name, "folder": str(folder), "types": types})
        table.add_row(folder.name, contents(loaded), ", ".join(types))
    if not as_json:
        output.show(table)


@catalog.command("apply")
@calls_service("operator")
async def apply(
    session: Session,
    folders: FoldersArgument,
    prune: PruneOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, no more.")] = False,
) -> None:
    """Bring the tenant to what the folders say. Each is applied as a whole or not at all."""
    _print(session, await _apply(session, folders, prune=prune, dry_run=dry_run), would=dry_run)


@catalog.command("diff")
@calls_service("operator")
async def diff(
    session: Session,
    folder: FolderArgument,
    prune: PruneOption = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where there are differences.")
    ] = False,
) -> None:
    """Show what applying a folder would change."""
    answers = await _apply(session, [folder], prune=prune, dry_run=True)
    _print(session, answers, would=True)
    if exit_code and any(answer.changes for _, answer in answers):
        raise typer.Exit(ExitCode.REFUSED)


@catalog.command("export")
@calls_service("operator")
async def export(
    session: Session,
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME] FOLDER",
            help="Where to: a new or empty folder. With a name: only what this catalog brought.",
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace the catalog that is there.")] = False,
) -> None:
    """Write what the tenant has as a folder, fit for applying it elsewhere."""
    from carillon_server.bundle.export import write_folder
    from carillon_server.bundle.writer import UnwritableError, files_of
    from carillon_server.cli.bundle_document import to_document

    if len(arguments) > _NAME_AND_FOLDER:
        raise typer.BadParameter("name a catalog and a folder, or a folder alone.", param_hint="FOLDER")
    name, folder = arguments[0] if len(arguments) == _NAME_AND_FOLDER else "", Path(arguments[-1])
    response = await session.client.export_catalog(catalog=name)
    try:
        files = files_of(to_document(response.bundle))
        write_folder(folder, files, replace=force)
    except (UnwritableError, OSError) as error:
        raise CommandError(ExitCode.USAGE, f"{folder} was not written: {error}") from None
    if session.as_json:
        output.print_document({"folder": str(folder), "files": list(files)})
    else:
        output.show(f"{output.number_of(len(files), 'file')} written to {folder}.")


async def _apply(
    session: Session, folders: Sequence[str], *, prune: bool, dry_run: bool
) -> list[tuple[str, ApplyCatalogResponse]]:
    from rich.console import Console
    from rich.progress import Progress

    loaded = load_good(folders, as_json=session.as_json)
    with Progress(console=Console(stderr=True), disable=session.as_json, transient=True) as progress:
        return [
            (each.bundle["name"], await _apply_one(session, each, prune=prune, dry_run=dry_run))
            for each in progress.track(loaded, description="Applying")
        ]


async def _apply_one(session: Session, loaded: Loaded, *, prune: bool, dry_run: bool) -> ApplyCatalogResponse:
    from carillon.errors import FieldInvalidError
    from carillon_server.bundle.located import locate

    client = session.client.with_options(timeout_seconds=_APPLY_SECONDS)
    bundle = cast("CatalogBundle", loaded.bundle)
    try:
        return await client.apply_catalog(bundle=bundle, dry_run=dry_run, prune=prune)
    except FieldInvalidError as error:
        violations = ((each.field, each.description) for each in error.field_violations)
        refuse_problems(locate(loaded, violations), as_json=session.as_json)
        raise


def _print(session: Session, answers: Sequence[tuple[str, ApplyCatalogResponse]], *, would: bool) -> None:
    if session.as_json:
        for name, answer in answers:
            output.print_document({"catalog": name, **output.as_document(answer)})
        return
    from carillon_server.cli.catalog_view import show_changes

    show_changes(answers, would=would)
