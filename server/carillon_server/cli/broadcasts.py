"""`carillon broadcasts`: what was sent to topics and to everyone, and how far it has come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from carillon.v1.notification_service_pb2 import Broadcast

_LARGEST_PAGE = 100
_LOOK_AGAIN_SECONDS = 0.2

broadcasts = typer.Typer(help="Sends to topics and to everyone, on their way.", no_args_is_help=True)

BroadcastArgument = Annotated[str, typer.Argument(metavar="ID", help="The broadcast.")]


@broadcasts.command("list")
@calls_service("producer")
async def list_broadcasts(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at the most.")] = 20,
) -> None:
    """List broadcasts, newest first: those that you sent, or for operators all."""
    listed: list[Broadcast] = []
    async for broadcast in session.client.list_all_broadcasts(page_size=min(limit, _LARGEST_PAGE)):
        listed.append(broadcast)
        if len(listed) == limit:
            break
    _print(session, *listed)


@broadcasts.command("show")
@calls_service("producer")
async def show_broadcast(session: Session, id_: BroadcastArgument) -> None:
    """Show how far a broadcast has come."""
    _print(session, (await session.client.get_broadcast(id=id_)).broadcast)


@broadcasts.command("cancel")
@calls_service("producer")
async def cancel_broadcast(session: Session, id_: BroadcastArgument) -> None:
    """Stop a broadcast where it is: nobody more is notified."""
    _print(session, (await session.client.cancel_broadcast(id=id_)).broadcast)


@broadcasts.command("watch")
@calls_service("producer")
async def watch_broadcast(session: Session, id_: BroadcastArgument) -> None:
    """Follow a broadcast until it ends."""
    await watch(session, id_)


async def watch(session: Session, id_: str) -> None:
    """A bar until it ends, then what became of it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=session.as_json, transient=True) as progress:
        task = progress.add_task("notifying", total=None)
        broadcast = (await session.client.get_broadcast(id=id_)).broadcast
        while not broadcast.HasField("finish_time"):
            total = max(broadcast.audience_count, broadcast.processed_count)
            progress.update(task, completed=broadcast.processed_count, total=total)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            broadcast = (await session.client.get_broadcast(id=id_)).broadcast
    _print(session, broadcast)


def _print(session: Session, *listed: Broadcast) -> None:
    if session.as_json:
        output.print_json_lines(listed)
    else:
        from carillon_server.cli.broadcast_view import show_broadcasts

        show_broadcasts(listed)
