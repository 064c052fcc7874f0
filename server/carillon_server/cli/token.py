"""`carillon token`: a token for development, signed with the key of `carillon up`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from carillon_server.cli.connection import DEFAULT_DATA_DIR
from carillon_server.cli.names import RoleName, roles_named
from carillon_server.cli.values import parse_duration


def token(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="Who it is for: for users, the recipient's id.")
    ],
    role: Annotated[
        list[RoleName] | None, typer.Option(help="What it allows; repeatable. Default: user.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="The tenant.")] = "demo",
    lifetime: Annotated[
        timedelta | None,
        typer.Option("--for", parser=parse_duration, help="How long: 1h, 30d. Default: 12h."),
    ] = None,
    data_dir: Annotated[Path, typer.Option(help="Where `carillon up` keeps its keys.")] = DEFAULT_DATA_DIR,
) -> None:
    """Print a token for development. It holds for the service that `carillon up` runs on the same data."""
    from carillon_server.embedded.data_dir import DataDir
    from carillon_server.embedded.dev_identity import mint

    scopes = sorted(roles_named(role or [RoleName.USER]))
    typer.echo(mint(DataDir(data_dir).identity, tenant, subject, scopes, lifetime or timedelta(hours=12)))
