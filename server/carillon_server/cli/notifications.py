"""Notifications and counters, for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from carillon.v1.notification_service_pb2 import GetCountsResponse, ListResponse
from carillon.v1.types_pb2 import Counts, Notification, Priority
from carillon_server.cli import output
from carillon_server.cli.names import readable

_PRIORITY_STYLES = {Priority.PRIORITY_HIGH: "yellow", Priority.PRIORITY_URGENT: "bold red"}

_SHOWN = ("title", "body")


def show_list(listed: ListResponse) -> None:
    """One row per notification; a dot marks the unread ones."""
    table = output.table("", "id", "time", "title", "type")
    for notification in listed.notifications:
        table.add_row(
            marker(notification),
            notification.id,
            output.short_time(notification.deliver_time),
            title(notification),
            output.plain(notification.type),
        )
    output.show(table if listed.notifications else Text("Nothing here.", "dim"))
    output.show(
        f"{listed.unread_count} unread, {listed.unseen_count} unseen, {listed.total_count} in the inbox."
    )


def show_notification(notification: Notification) -> None:
    """Everything that is known of one notification."""
    output.show(Text.assemble(marker(notification), " ", title(notification)))
    if notification.content.body:
        output.show(Padding(output.plain_lines(notification.content.body), (0, 0, 1, 2)))
    facts = output.table("what", "value", ids=())
    facts.show_header = False
    for name, value in _facts(notification):
        facts.add_row(Text(name, "dim"), output.plain(value))
    output.show(facts)


def show_counts(response: GetCountsResponse) -> None:
    """One row for the whole inbox and for each of its parts."""
    table = output.table("", "total", "unread", "unseen", "archived")
    _add_counts(table, "all", response.counts)
    for kind in sorted(response.by_type):
        _add_counts(table, f"type {kind}", response.by_type[kind])
    for category in sorted(response.by_category):
        _add_counts(table, f"category {category or '(none)'}", response.by_category[category])
    for part in response.by_priority:
        _add_counts(table, f"priority {readable(Priority, part.priority)}", part.counts)
    output.show(table)


def marker(notification: Notification) -> Text:
    """Unread, pinned, or neither."""
    dot = Text(" ") if notification.HasField("read_time") else Text("●", "bold blue")
    return dot + Text("*", "yellow") if notification.HasField("pin_time") else dot


def title(notification: Notification) -> Text:
    """The title, bold while unread, coloured where it is urgent."""
    weight = "" if notification.HasField("read_time") else "bold"
    colour = _PRIORITY_STYLES.get(notification.priority, "")
    return Text(output.plain(notification.content.title), f"{weight} {colour}".strip())


def _facts(notification: Notification) -> Iterable[tuple[str, str]]:
    for name, value in output.as_document(notification).items():
        if name == "content":
            yield from ((part, output.as_text(text)) for part, text in value.items() if part not in _SHOWN)
        else:
            yield name, output.as_text(value)


def _add_counts(table: Table, name: str, counts: Counts) -> None:
    table.add_row(
        output.plain(name),
        str(counts.total_count),
        str(counts.unread_count),
        str(counts.unseen_count),
        str(counts.archived_count),
    )
