"""`carillon up`: everything on this machine, from an empty directory to a service that answers."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli.connection import DEFAULT_DATA_DIR

if TYPE_CHECKING:
    from types import FrameType

    from carillon_server.embedded.data_dir import DataDir
    from carillon_server.embedded.endpoints import Endpoints
    from carillon_server.embedded.stack import Stack

_DATA = {
    "project_id": "prj-7",
    "project_name": "Brandwerk Shop",
    "scan_id": "scn-1042",
    "dcs_score": 87.5,
    "scan_url": "/scans/scn-1042",
}
_SEND = {"recipient_ids": ["user-a"], "type": "scan.completed", "data": _DATA}


def up(
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept.")] = DEFAULT_DATA_DIR,
    grpc_port: Annotated[
        int, typer.Option(min=0, max=65535, help="The gRPC server. 0: any free one.")
    ] = 50051,
    http_port: Annotated[int, typer.Option(min=0, max=65535, help="The browser gateway.")] = 8080,
    smtp_port: Annotated[int, typer.Option(min=0, max=65535, help="The mail sink.")] = 1025,
    far_side_port: Annotated[
        int, typer.Option(min=0, max=65535, help="What takes webhooks, pushes and text messages.")
    ] = 8090,
    metrics_port: Annotated[int, typer.Option(min=0, max=65535, help="The server's metrics.")] = 9464,
    processes: Annotated[int, typer.Option(min=1, max=16, help="Servers on the one gRPC port.")] = 1,
    database_url: Annotated[
        str, typer.Option(envvar="DATABASE_URL", help="A Postgres to use instead of an embedded one.")
    ] = "",
    redis_url: Annotated[
        str, typer.Option(envvar="REDIS_URL", help="A Redis to use instead of an embedded one.")
    ] = "",
) -> None:
    """Run everything on this machine: engines, server, worker, gateway, and an outside. Ctrl-C stops it.

    The data stays in the data directory; what listens where, with tokens to use it, is in its endpoints.json
    while this runs.
    """
    from carillon_server.embedded.data_dir import DataDir, locked
    from carillon_server.embedded.endpoints import Ports
    from carillon_server.embedded.stack import ExternalEngines, Stack

    stopping = threading.Event()
    directory = DataDir(data_dir)
    with locked(directory):
        ports = Ports(grpc_port, http_port, smtp_port, far_side_port, metrics_port).settled()
        engines = ExternalEngines(database_url, redis_url)
        stack = Stack(directory, ports, engines, stopping, _report, processes)
        _stop_on_signals(stack, stopping)
        try:
            _run(stack, directory)
        finally:
            _report("stopping")
            stack.stop()


def _run(stack: Stack, directory: DataDir) -> None:
    from carillon_server.embedded.stack import InterruptedStartError

    _report("starting (the first time takes longer)")
    try:
        stack.start()
    except InterruptedStartError:
        return
    _print_ready(stack.endpoints, directory)
    stack.run()


def _stop_on_signals(stack: Stack, stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            stack.kill_children()
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _print_ready(endpoints: Endpoints, directory: DataDir) -> None:
    addresses = endpoints.addresses
    typer.echo("ready")
    typer.echo()
    for name in ("grpc", "http", "smtp", "far_side", "metrics"):
        typer.echo(f"  {name.replace('_', '-'):<8} {addresses[name]}")
    typer.echo(f"  {'mails':<8} {directory.mail}")
    typer.echo(f"  {'messages':<8} {directory.messages}")
    typer.echo(f"  {'logs':<8} {directory.logs}")
    typer.echo(f"\nSend a notification:\n\n  {_own_command(directory)}\n")
    typer.echo(f"The same without any of our code:\n\n  {_grpcurl(endpoints)}\n")
    typer.echo(f"Read it in the demo inbox:\n\n  {addresses['http']}/\n")


def _own_command(directory: DataDir) -> str:
    program = Path(sys.executable).parent / "carillon"
    here = Path.cwd()
    shown = program.relative_to(here) if program.is_relative_to(here) else program
    where = [] if directory.path == DEFAULT_DATA_DIR.resolve() else ["--data-dir", str(directory.path)]
    words = [str(shown), "send", "scan.completed", "--to", "user-a", "--data", json.dumps(_DATA)]
    return shlex.join([*words, *where])


def _grpcurl(endpoints: Endpoints) -> str:
    header = f"authorization: Bearer {endpoints.tokens['producer']}"
    method = "carillon.v1.NotificationService/Send"
    call = ["grpcurl", "-plaintext", "-H", header, "-d", json.dumps(_SEND)]
    return shlex.join([*call, endpoints.addresses["grpc"], method])


def _report(message: str) -> None:
    typer.echo(f"carillon: {message}", err=True)
