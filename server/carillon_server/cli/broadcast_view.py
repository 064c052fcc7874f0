"""Broadcasts, for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from carillon.v1.notification_service_pb2 import Broadcast, BroadcastState, SendResponse
from carillon_server.cli import output
from carillon_server.cli.names import readable

_STYLES = {
    BroadcastState.BROADCAST_STATE_RUNNING: "cyan",
    BroadcastState.BROADCAST_STATE_COMPLETED: "green",
    BroadcastState.BROADCAST_STATE_CANCELLED: "yellow",
    BroadcastState.BROADCAST_STATE_FAILED: "red",
}


def show_broadcasts(broadcasts: Iterable[Broadcast]) -> None:
    """One row each, and under it what went wrong."""
    table = output.table("id", "type", "to", "state", "reached", "notified", "failed", "sent")
    problems = []
    for each in broadcasts:
        table.add_row(
            each.id,
            output.plain(each.type),
            each.topic or "everyone",
            Text(readable(BroadcastState, each.state), _STYLES.get(each.state, "dim")),
            f"{each.processed_count:,} of {each.audience_count:,}",
            f"{each.notified_count:,}",
            f"{each.failed_count:,}",
            output.short_time(each.create_time),
        )
        if each.failure:
            problems.append(Text(f"{each.id}: {output.plain(each.failure)}", "red"))
    output.show(table, *problems)


def show_begun(response: SendResponse) -> None:
    """The answer to a send to many."""
    audience = output.number_of(response.audience_count, "recipient")
    if not response.broadcast_id:
        output.show(f"It would go to {audience}.")
        return
    output.show(f"{response.broadcast_id} is on its way to {audience}.")
    if response.replayed:
        output.show("Sent before under the same request id; nothing was sent now.")
