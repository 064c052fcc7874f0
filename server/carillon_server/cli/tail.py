"""`carillon tail`: the live inbox, one line per event."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.filters import KindOptions, RecipientOption
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from carillon.v1.notification_service_pb2 import SubscribeResponse


@calls_service("user-a")
async def tail(
    session: Session,
    kinds: KindOptions,
    recipient: RecipientOption = "",
    cursor: Annotated[
        str, typer.Option(help="Go on after this cursor. Default: start with what is there.")
    ] = "",
    lines: Annotated[
        int,
        typer.Option("--lines", "-n", min=1, max=100, help="How many of those that are there to show first."),
    ] = 10,
    device: Annotated[str, typer.Option(help="The device that listens, the same each time.")] = "",
) -> None:
    """Watch an inbox live until Ctrl-C. After a lost connection it goes on where it stood."""
    subscription = session.client.subscribe(
        recipient_id=recipient, cursor=cursor, filter=kinds.as_filter(), device_id=device, snapshot_size=lines
    )
    try:
        async with subscription:
            async for event in subscription:
                _print(session, event)
    except asyncio.CancelledError:
        if subscription.cursor:
            typer.echo(f"\nGo on from here with: carillon tail --cursor {subscription.cursor}", err=True)
        raise


def _print(session: Session, event: SubscribeResponse) -> None:
    if session.as_json:
        output.print_json(event)
        return
    from carillon_server.cli.events import describe

    output.show(*describe(event))
