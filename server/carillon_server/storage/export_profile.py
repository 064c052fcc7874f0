"""What is held of a recipient apart from notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from carillon_server.domain.channel import Priority
from carillon_server.domain.export import Noun, Piece
from carillon_server.domain.inbox import InboxAddress
from carillon_server.storage.database import Record
from carillon_server.storage.endpoints import COLUMNS as ENDPOINT_COLUMNS
from carillon_server.storage.endpoints import read_endpoint
from carillon_server.storage.export_source import Source
from carillon_server.storage.preference_rows import parse_preferences
from carillon_server.storage.recipients import COLUMNS as RECIPIENT_COLUMNS
from carillon_server.storage.recipients import read_recipient

_LOWEST_PRIORITY = 0


def _profile(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    yield Piece(Noun.PROFILE, read_recipient(row))


def _endpoint(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    more = {name: row[name] for name in ("register_time", "retire_time", "retire_reason")}
    yield Piece(Noun.ENDPOINT, read_endpoint(row), more)


def _preferences(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    yield Piece(Noun.PREFERENCES, parse_preferences(row["document"], row["update_time"]))


def _inbox(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    yield Piece(Noun.INBOX, more={**_counts(row), "version": row["version"]})


def _counter(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    kind = {"type": row["type"], "category": row["category"]}
    yield Piece(Noun.COUNTER, more={**kind, "priority": _priority(row["priority"]), **_counts(row)})


def _device(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    yield Piece(Noun.DEVICE, more={name: row[name] for name in ("device_id", "acked_version", "ack_time")})


def _topic(row: Record, _address: InboxAddress) -> Iterator[Piece]:
    yield Piece(Noun.TOPIC, more={name: row[name] for name in ("topic", "condition", "create_time")})


def _counts(row: Record) -> dict[str, int]:
    return {f"{name}_count": row[name] for name in ("total", "unread", "unseen", "archived")}


def _priority(number: int) -> str:
    return f"PRIORITY_{Priority(number).name}"


def _only_row(columns: str, table: str, read: Callable[[Record, InboxAddress], Iterator[Piece]]) -> Source:
    """A table that has one row of a recipient at the most, so that nothing comes after it."""
    return Source(f"SELECT {columns} FROM {table} WHERE inbox_id = $1 LIMIT $2", (), (), read)


SOURCES = (
    _only_row(RECIPIENT_COLUMNS, "recipient", _profile),
    Source(
        f"""SELECT {ENDPOINT_COLUMNS}, register_time, retire_time, retire_reason FROM endpoint
        WHERE inbox_id = $1 AND endpoint_id > $3 ORDER BY endpoint_id LIMIT $2""",
        ("endpoint_id",),
        (b"",),
        _endpoint,
    ),
    _only_row("document, update_time", "preference", _preferences),
    _only_row("version, total, unread, unseen, archived", "inbox", _inbox),
    Source(
        """SELECT * FROM inbox_counter WHERE inbox_id = $1 AND (type, category, priority) > ($3, $4, $5)
        ORDER BY type, category, priority LIMIT $2""",
        ("type", "category", "priority"),
        ("", "", _LOWEST_PRIORITY),
        _counter,
    ),
    Source(
        "SELECT * FROM device WHERE inbox_id = $1 AND device_id > $3 ORDER BY device_id LIMIT $2",
        ("device_id",),
        ("",),
        _device,
    ),
    Source(
        "SELECT * FROM topic_member WHERE inbox_id = $1 AND topic > $3 ORDER BY topic LIMIT $2",
        ("topic",),
        ("",),
        _topic,
    ),
)
"""Small tables, in the order in which they are told."""
