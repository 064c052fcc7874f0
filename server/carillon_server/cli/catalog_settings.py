"""`carillon catalog settings`: what holds for all types of the tenant."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.names import readable
from carillon_server.cli.session import Session, calls_service


class _UnknownTypes(StrEnum):
    REFUSE = "refuse"
    ACCEPT = "accept"
    DEFAULT = "default"


@calls_service("operator")
async def settings(
    session: Session,
    unknown_types: Annotated[
        _UnknownTypes | None,
        typer.Option(help="What becomes of types that the tenant does not have. default: as installed."),
    ] = None,
    default_locale: Annotated[
        str | None, typer.Option(metavar="LOCALE", help="For recipients without one. '': en.")
    ] = None,
    default_time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="For recipients without one. '': UTC.")
    ] = None,
) -> None:
    """Show what holds for all types, after changing what is named."""
    from carillon.v1.catalog_service_pb2 import CatalogSettings, UnknownTypes

    changed = CatalogSettings(default_locale=default_locale or "", default_time_zone=default_time_zone or "")
    if unknown_types not in (None, _UnknownTypes.DEFAULT):
        changed.unknown_types = UnknownTypes.Value(f"UNKNOWN_TYPES_{unknown_types.name}")
    given = {
        "unknown_types": unknown_types,
        "default_locale": default_locale,
        "default_time_zone": default_time_zone,
    }
    mask = [name for name, value in given.items() if value is not None]
    if mask:
        held = (await session.client.update_catalog_settings(settings=changed, update_mask=mask)).settings
    else:
        held = (await session.client.get_catalog_settings()).settings
    if session.as_json:
        output.print_json(held)
        return
    word = readable(UnknownTypes, held.unknown_types) if held.unknown_types else "as installed"
    table = output.table("what", "value", ids=())
    table.show_header = False
    table.add_row("unknown types", word)
    table.add_row("default locale", held.default_locale or "en")
    table.add_row("default time zone", held.default_time_zone or "UTC")
    output.show(table)
