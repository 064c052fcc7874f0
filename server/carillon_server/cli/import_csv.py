"""Recipients in CSV: a header of known columns, then one recipient a record."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from carillon_server.cli.import_lines import BadLine, GoodLine, Line, UnreadableFileError, is_utf8

if TYPE_CHECKING:
    from carillon.v1.recipient_service_pb2 import UpsertRecipientRequest

_ID = "recipient_id"
_PROFILE = (_ID, "locale", "time_zone")
_ADDRESSES = {"email": "CHANNEL_EMAIL", "phone": "CHANNEL_SMS"}
_ATTRIBUTE = "attributes."
_NAMES = {f"recipient.{name}": name for name in (*_PROFILE, "attributes")}


def read_csv(lines: Iterable[str]) -> Iterator[Line]:
    """Raises `UnreadableFileError` for a header that is not understood, and where quotes do not match."""
    reader = csv.reader(lines, strict=True)
    columns: Sequence[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise UnreadableFileError(line, f"is no CSV from here on: {error}") from error
        if not cells:
            continue
        if columns is None:
            columns = _check_header(line, cells)
        else:
            yield _read_record(line, columns, cells)
    if columns is None:
        raise UnreadableFileError(1, "the file is empty: its first line names the columns")


def _check_header(line: int, columns: Sequence[str]) -> Sequence[str]:
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            raise UnreadableFileError(line, "is there twice", column)
        if not _is_known(column):
            known = ", ".join((*_PROFILE, *_ADDRESSES, f"{_ATTRIBUTE}NAME"))
            raise UnreadableFileError(line, f"is no column. Those that there are: {known}", column)
        seen.add(column)
    if _ID not in seen:
        raise UnreadableFileError(line, "the column is missing", _ID)
    return columns


def _is_known(column: str) -> bool:
    attribute = column.startswith(_ATTRIBUTE) and len(column) > len(_ATTRIBUTE) and is_utf8(column)
    return attribute or column in _PROFILE or column in _ADDRESSES


def _read_record(line: int, columns: Sequence[str], cells: Sequence[str]) -> Line:
    if len(cells) != len(columns):
        return BadLine(line, "", f"has {len(cells)} values for {len(columns)} columns")
    for column, cell in zip(columns, cells, strict=True):
        if not is_utf8(cell):
            return BadLine(line, column, "is not UTF-8")
    values = {column: cell for column, cell in zip(columns, cells, strict=True) if cell}
    if _ID not in values:
        return BadLine(line, _ID, "is missing")
    addresses = [column for column in _ADDRESSES if column in values]
    names = {f"endpoints[{index}].address": column for index, column in enumerate(addresses)}
    return GoodLine(line, _to_request(values, addresses), {**_NAMES, **names})


def _to_request(values: Mapping[str, str], addresses: Sequence[str]) -> UpsertRecipientRequest:
    from carillon.v1.recipient_service_pb2 import Endpoint, Recipient, UpsertRecipientRequest
    from carillon.v1.types_pb2 import Channel

    recipient = Recipient(
        recipient_id=values[_ID], locale=values.get("locale", ""), time_zone=values.get("time_zone", "")
    )
    attributes = {
        column.removeprefix(_ATTRIBUTE): cell
        for column, cell in values.items()
        if column.startswith(_ATTRIBUTE)
    }
    if attributes:
        recipient.attributes.update(attributes)
    endpoints = [
        Endpoint(channel=Channel.Value(_ADDRESSES[column]), address=values[column]) for column in addresses
    ]
    return UpsertRecipientRequest(recipient=recipient, endpoints=endpoints)
