"""`carillon doctor`: is everything here that the service needs, and does it work?"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.connection import DEFAULT_DATA_DIR

if TYPE_CHECKING:
    from carillon_server.embedded.data_dir import DataDir
    from carillon_server.embedded.finding import Finding


def doctor(
    data_dir: Annotated[Path, typer.Option(help="Where `carillon up` keeps its data.")] = DEFAULT_DATA_DIR,
    database_url: Annotated[
        str, typer.Option(envvar="DATABASE_URL", help="Postgres. Default: the embedded one.")
    ] = "",
    redis_url: Annotated[
        str, typer.Option(envvar="REDIS_URL", help="Redis. Default: the embedded one.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON, as when the output is no terminal.")] = False,
) -> None:
    """Check this machine and the engines that the service uses. Exits with 1 if something does not work."""
    from carillon_server.embedded.data_dir import DataDir
    from carillon_server.embedded.finding import Status

    findings = asyncio.run(_examine(DataDir(data_dir), database_url, redis_url))
    if as_json or not sys.stdout.isatty():
        for finding in findings:
            typer.echo(json.dumps(asdict(finding)))
    else:
        _print(findings)
    if any(finding.status is Status.FAIL for finding in findings):
        raise typer.Exit(1)


async def _examine(directory: DataDir, database_url: str, redis_url: str) -> list[Finding]:
    from carillon_server.cli.service_checks import check_postgres, check_redis
    from carillon_server.embedded import machine_checks
    from carillon_server.embedded.data_dir import in_use
    from carillon_server.embedded.postgres import Postgres
    from carillon_server.embedded.valkey import Valkey

    findings = [machine_checks.check_python()]
    if not (database_url and redis_url):
        findings += machine_checks.check_programs()
    findings += machine_checks.check_data_dir(directory)
    findings.append(machine_checks.check_ports(directory))
    embedded_runs = in_use(directory)
    if postgres := database_url or (embedded_runs and Postgres(directory.postgres).url):
        findings += [finding async for finding in check_postgres(postgres)]
    if redis := redis_url or (embedded_runs and Valkey(directory.valkey).url):
        findings.append(await check_redis(redis))
    return findings


def _print(findings: list[Finding]) -> None:
    from rich.text import Text

    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    table = output.table("", "check", "found", ids=())
    for finding in findings:
        detail = f"{finding.detail}\n{finding.hint}" if finding.hint else finding.detail
        table.add_row(Text(finding.status, style=colours[finding.status]), finding.subject, detail)
    output.show(table)
