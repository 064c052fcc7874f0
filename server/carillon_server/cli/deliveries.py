"""`carillon deliveries`: what became of what was sent. `carillon explain`: the story of a notification."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.delivery_filters import DeliveryOptions
from carillon_server.cli.question import confirm
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from carillon.types import DeliveryFilter
    from carillon.v1.delivery_service_pb2 import Delivery

_LARGEST_PAGE = 100
_MOST_COUNTED = 10_000

deliveries = typer.Typer(help="See what became of what was sent, and try it again.", no_args_is_help=True)

DeliveryArgument = Annotated[
    str, typer.Argument(metavar="DELIVERY", help="The delivery, as `deliveries list` shows it.")
]


@deliveries.command("list")
@calls_service("operator")
async def list_deliveries(
    session: Session,
    which: DeliveryOptions,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at the most.")] = 20,
) -> None:
    """List deliveries, newest first."""
    listed: list[Delivery] = []
    page_size = min(limit, _LARGEST_PAGE)
    async for delivery in session.client.list_all_deliveries(filter=which.as_filter(), page_size=page_size):
        listed.append(delivery)
        if len(listed) == limit:
            break
    if session.as_json:
        output.print_json_lines(listed)
        return
    from carillon_server.cli.delivery_view import show_deliveries

    show_deliveries(listed)


@deliveries.command("show")
@calls_service("operator")
async def show_delivery(session: Session, delivery_id: DeliveryArgument) -> None:
    """Tell the story of a delivery: each attempt, what came of it, and what is next."""
    response = await session.client.get_delivery(id=delivery_id)
    if session.as_json:
        output.print_json(response.story)
        return
    from carillon_server.cli.delivery_view import show_story

    show_story(response.story)


@deliveries.command("retry")
@calls_service("operator")
async def retry_delivery(session: Session, delivery_id: DeliveryArgument) -> None:
    """Try a delivery again that ended without arriving."""
    response = await session.client.retry_delivery(id=delivery_id)
    _print(session, response.delivery)


@deliveries.command("cancel")
@calls_service("operator")
async def cancel_delivery(session: Session, delivery_id: DeliveryArgument) -> None:
    """End a delivery that waits. One that has ended stays as it is."""
    response = await session.client.cancel_delivery(id=delivery_id)
    _print(session, response.delivery)


@deliveries.command("redrive")
@calls_service("operator")
async def redrive_deliveries(
    session: Session,
    which: DeliveryOptions,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Try many deliveries again: without --state those that are exhausted. The oldest come first."""
    chosen = which.as_filter()
    counted = await session.client.redrive_deliveries(filter=chosen, dry_run=True)
    if dry_run:
        _print_redrive(session, 0, counted.remaining_count)
        return
    if not yes and counted.remaining_count:
        confirm(f"Try {_number(counted.remaining_count)} again?")
    _print_redrive(session, await _redrive(session, chosen, counted.remaining_count), 0)


@calls_service("operator")
async def explain(
    session: Session,
    notification_id: Annotated[
        str, typer.Argument(metavar="NOTIFICATION", help="The notification, by its id.")
    ],
) -> None:
    """Tell the whole story of one notification: decisions, deliveries, attempts, what the person did."""
    response = await session.client.explain_notification(id=notification_id)
    if session.as_json:
        output.print_json(response)
        return
    from carillon_server.cli.delivery_view import show_explanation

    show_explanation(response)


async def _redrive(session: Session, chosen: DeliveryFilter, expected: int) -> int:
    """Step by step, each delivery once; how many."""
    from rich.console import Console
    from rich.progress import Progress

    redriven, token = 0, ""
    quiet = session.as_json or not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("Trying again", total=expected)
        while True:
            step = await session.client.redrive_deliveries(filter=chosen, page_token=token)
            redriven += step.redriven_count
            progress.update(task, completed=redriven, total=redriven + step.remaining_count)
            token = step.next_page_token
            if not token:
                return redriven


def _print(session: Session, delivery: Delivery) -> None:
    if session.as_json:
        output.print_json(delivery)
        return
    from carillon_server.cli.delivery_view import show_deliveries

    show_deliveries([delivery])


def _print_redrive(session: Session, redriven: int, remaining: int) -> None:
    if session.as_json:
        output.print_document({"redriven_count": redriven, "remaining_count": remaining})
    elif redriven:
        output.show(f"{_number(redriven)} will be tried again.")
    else:
        output.show(f"{_number(remaining)} to try again.")


def _number(count: int) -> str:
    more = "or more " if count == _MOST_COUNTED else ""
    return f"{count:,} {more}{'delivery' if count == 1 else 'deliveries'}"
