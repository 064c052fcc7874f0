"""Which service a command talks to, and as whom.

Named by options or the environment; without them, the service that `carillon up` runs on this machine,
which leaves its address and development tokens in `endpoints.json` of its data directory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from carillon_server.cli.failure import CommandError, ExitCode

DEFAULT_DATA_DIR = Path(".carillon/data")
CONNECTION = "Connection"


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """What every command that calls the service takes."""

    target: Annotated[
        str,
        typer.Option(
            envvar="CARILLON_TARGET",
            metavar="HOST:PORT",
            help="The service. Default: the one that `carillon up` runs here.",
            rich_help_panel=CONNECTION,
        ),
    ] = ""
    token: Annotated[
        str,
        typer.Option(
            envvar="CARILLON_TOKEN", help="Token or API key to call with.", rich_help_panel=CONNECTION
        ),
    ] = ""
    act_as: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="WHO",
            help="Whose development token: producer, user-a, user-b, gateway or operator.",
            rich_help_panel=CONNECTION,
        ),
    ] = ""
    data_dir: Annotated[
        Path,
        typer.Option(help="Where `carillon up` keeps its data.", rich_help_panel=CONNECTION),
    ] = DEFAULT_DATA_DIR
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Without TLS, also to another machine.", rich_help_panel=CONNECTION),
    ] = False
    as_json: Annotated[
        bool,
        typer.Option("--json", help="JSON, as when the output is no terminal.", rich_help_panel=CONNECTION),
    ] = False


@dataclass(frozen=True, slots=True)
class Access:
    """An address and the credentials for it."""

    target: str
    token: str


def find_access(options: ConnectionOptions, default_identity: str) -> Access:
    """Decides where to call and as whom. Raises `CommandError` where that is not known."""
    if options.target and options.token:
        return Access(options.target, options.token)
    if options.target and not options.act_as:
        raise CommandError(
            ExitCode.USAGE,
            f"No token to call {options.target} with.",
            "Pass one with CARILLON_TOKEN, or --as WHO for a development token of `carillon up`.",
        )
    endpoints = _read_endpoints(options.data_dir)
    token = options.token or _development_token(endpoints, options.act_as or default_identity)
    return Access(options.target or str(endpoints["grpc"]), token)


def _read_endpoints(data_dir: Path) -> dict[str, Any]:
    path = data_dir / "endpoints.json"
    try:
        endpoints: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise CommandError(
            ExitCode.UNAVAILABLE,
            f"No service to talk to: nothing runs with the data directory {data_dir}.",
            "Start one with `make run` (or `carillon up`), or name one with --target and CARILLON_TOKEN.",
        ) from None
    except (OSError, ValueError) as error:
        raise CommandError(
            ExitCode.USAGE,
            f"{path} cannot be read: {error}",
            "Start `carillon up` again: it writes the file anew.",
        ) from None
    return endpoints


def _development_token(endpoints: dict[str, Any], identity: str) -> str:
    tokens: dict[str, str] = endpoints["tokens"]
    if identity not in tokens:
        raise CommandError(
            ExitCode.USAGE,
            f"There is no development token for {identity!r}.",
            f"Those that there are: {', '.join(sorted(tokens))}. `carillon token` makes others.",
        )
    return tokens[identity]
