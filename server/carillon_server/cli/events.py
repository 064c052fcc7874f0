"""Events of a live inbox, one line each."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from carillon.v1.notification_service_pb2 import SubscribeResponse
from carillon.v1.types_pb2 import Counts, Notification
from carillon_server.cli import output
from carillon_server.cli.names import readable
from carillon_server.cli.notifications import marker, title

_WIDEST_WORD = len("changed")


def describe(event: SubscribeResponse) -> list[Text]:
    """The lines of one event, the unread count at the end of the last."""
    match event.WhichOneof("event"):
        case "snapshot":
            older_first = reversed(event.snapshot.notifications)
            lines = [_line("there", "dim", notification) for notification in older_first]
            return [*lines, _counts("live", event.snapshot.counts)]
        case "created":
            return _lines("new", "bold green", event.created)
        case "changed":
            return _lines("changed", "cyan", event.changed)
        case "removed":
            removed = [_word("removed", "red").append(gone) for gone in event.removed.ids]
            return _with_counts(removed, event.removed.counts)
        case "counts":
            return [_counts("counts", event.counts)]
        case _:
            cause = readable(SubscribeResponse.Reset.Cause, event.reset.cause).replace("_", " ")
            return [_word("reset", "yellow").append(f"starting afresh: {cause}")]


def _lines(word: str, style: str, group: SubscribeResponse.Created | SubscribeResponse.Changed) -> list[Text]:
    lines = [_line(word, style, notification) for notification in group.notifications]
    return _with_counts(lines, group.counts)


def _with_counts(lines: list[Text], counts: Counts) -> list[Text]:
    if lines:
        lines[-1].append(f"  {counts.unread_count} unread", "dim")
    return lines


def _line(word: str, style: str, notification: Notification) -> Text:
    line = _word(word, style).append(marker(notification)).append(" ").append(title(notification))
    return line.append(f"  {output.plain(notification.type)}  {notification.id}{_state(notification)}", "dim")


def _state(notification: Notification) -> str:
    states = {
        "read": notification.HasField("read_time"),
        "archived": notification.HasField("archive_time"),
        "pinned": notification.HasField("pin_time"),
    }
    held = [state for state, holds in states.items() if holds]
    if notification.HasField("action_taken"):
        held.append(f"pressed {output.plain(notification.action_taken.action_id)}")
    return f"  [{', '.join(held)}]" if held else ""


def _counts(word: str, counts: Counts) -> Text:
    numbers = f"{counts.unread_count} unread, {counts.unseen_count} unseen, {counts.total_count} in the inbox"
    return _word(word, "dim").append(numbers, "dim")


def _word(word: str, style: str) -> Text:
    now = f"{datetime.now().astimezone():%H:%M:%S}  "
    return Text.assemble((now, "dim"), (f"{word:<{_WIDEST_WORD}}  ", style))
