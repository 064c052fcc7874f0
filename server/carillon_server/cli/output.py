"""What commands print: tables and lines for people, JSON for programs. Ids are never shortened."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from google.protobuf.timestamp_pb2 import Timestamp
    from rich.console import RenderableType
    from rich.table import Table

_ROOM_FOR_IDS_COLUMNS = 76


def print_json(message: Message) -> None:
    """One message as one line of JSON, with the field names of the protos."""
    print_document(as_document(message))


def print_document(document: Mapping[str, object]) -> None:
    """One line of JSON."""
    typer.echo(_compact(document))


def json_line(message: Message) -> str:
    """One message as `print_json` prints it."""
    return _compact(as_document(message))


def _compact(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def print_json_lines(messages: Iterable[Message]) -> None:
    """One line of JSON per message."""
    for message in messages:
        print_json(message)


def as_document(message: Message) -> dict[str, Any]:
    """The fields of a message by their names in the protos; empty ones are left out."""
    from google.protobuf.json_format import MessageToDict

    document: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return document


def show(*renderables: RenderableType) -> None:
    """Prints for people, each on a line of its own. Text in brackets is text, not markup."""
    from rich.console import Console

    # Lines that are too long are left to the terminal to break, so that what is copied from it stays whole.
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    for renderable in renderables:
        console.print(renderable)


def table(*columns: str, ids: Collection[str] = ("id",)) -> Table:
    """A plain table. Cells break over lines where they must, ids last of all."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    wide = get_terminal_size().columns >= _ROOM_FOR_IDS_COLUMNS
    for column in columns:
        made.add_column(column, no_wrap=wide and column in ids, overflow="fold")
    return made


def number_of(count: int, one: str, several: str = "") -> str:
    """`1 notification`, `2 notifications`."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def plain(text: str) -> str:
    """Text from others on one line, unable to steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def instant(timestamp: Timestamp) -> datetime:
    """In the zone of this machine."""
    return timestamp.ToDatetime(tzinfo=UTC).astimezone()


def short_time(timestamp: Timestamp) -> str:
    """To the minute, without the date where it is today."""
    when = instant(timestamp)
    return f"{when:%H:%M}" if when.date() == datetime.now().astimezone().date() else f"{when:%Y-%m-%d %H:%M}"


def precise_time(timestamp: Timestamp) -> str:
    """To the second, without the date where it is today."""
    when = instant(timestamp)
    return (
        f"{when:%H:%M:%S}"
        if when.date() == datetime.now().astimezone().date()
        else f"{when:%Y-%m-%d %H:%M:%S}"
    )


def plain_lines(text: str) -> str:
    """As `plain`, but lines stay lines."""
    return "\n".join(plain(line) for line in text.splitlines())


def as_text(value: object) -> str:
    """A value of a document on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
