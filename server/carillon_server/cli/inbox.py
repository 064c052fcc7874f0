"""`carillon list`, `show` and `counts`: reading an inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.filters import KindOptions, RecipientOption, StateOptions
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from carillon.types import Filter
    from carillon.v1.notification_service_pb2 import ListResponse

_LARGEST_PAGE = 100


@calls_service("user-a")
async def list_inbox(
    session: Session,
    kinds: KindOptions,
    states: StateOptions,
    recipient: RecipientOption = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at the most.")] = 20,
) -> None:
    """List an inbox, newest first, with its exact counters."""
    listed = await _read(session, recipient, states.added_to(kinds.as_filter()), limit)
    if session.as_json:
        output.print_json_lines(listed.notifications)
    else:
        from carillon_server.cli.notifications import show_list

        show_list(listed)


@calls_service("user-a")
async def show(
    session: Session,
    notification_id: Annotated[str, typer.Argument(metavar="ID", help="The notification.")],
    recipient: RecipientOption = "",
) -> None:
    """Show one notification in full.

    Producers (--as producer) see those that they sent.
    """
    response = await session.client.get(id=notification_id, recipient_id=recipient)
    if session.as_json:
        output.print_json(response.notification)
    else:
        from carillon_server.cli.notifications import show_notification

        show_notification(response.notification)


@calls_service("user-a")
async def counts(session: Session, recipient: RecipientOption = "") -> None:
    """Show the exact counters of an inbox, and of its parts."""
    response = await session.client.get_counts(recipient_id=recipient)
    if session.as_json:
        output.print_json(response)
    else:
        from carillon_server.cli.notifications import show_counts

        show_counts(response)


async def _read(session: Session, recipient: str, chosen: Filter, limit: int) -> ListResponse:
    listed = page = await session.client.list(
        recipient_id=recipient, filter=chosen, page_size=min(limit, _LARGEST_PAGE)
    )
    while page.next_page_token and len(listed.notifications) < limit:
        page = await session.client.list(
            recipient_id=recipient,
            filter=chosen,
            page_size=min(limit - len(listed.notifications), _LARGEST_PAGE),
            page_token=page.next_page_token,
        )
        listed.notifications.extend(page.notifications)
    return listed
