"""Reading a file of recipients line by line, in constant memory, and what is wrong with a line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

if TYPE_CHECKING:
    from carillon.v1.recipient_service_pb2 import UpsertRecipientRequest

MAX_LINE_BYTES = 1024 * 1024
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True, slots=True)
class GoodLine:
    """A recipient to store."""

    line: int
    request: UpsertRecipientRequest
    names: Mapping[str, str] = field(default_factory=dict)
    """What the file calls the fields of the request."""

    def name(self, path: str) -> str:
        """What the file calls a field."""
        return self.names.get(path, path)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be stored, and why."""

    line: int
    field: str
    """Empty: the line as a whole."""
    description: str

    def __str__(self) -> str:
        where = f"line {self.line}: {self.field}" if self.field else f"line {self.line}"
        return f"{where}: {self.description}"


Line: TypeAlias = GoodLine | BadLine


class UnreadableFileError(Exception):
    """Nothing can be read from this line on."""

    def __init__(self, line: int, description: str, field: str = "") -> None:
        super().__init__(str(BadLine(line, field, description)))
        self.line = line


class LineSource:
    """The lines of a file. Bytes that are no UTF-8 become surrogates, for `is_utf8` to find."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes_read = 0

    def __iter__(self) -> Iterator[str]:
        number = 0
        while raw := self._file.readline(MAX_LINE_BYTES + 1):
            number += 1
            self.bytes_read += len(raw)
            if len(raw) > MAX_LINE_BYTES:
                raise UnreadableFileError(number, f"is longer than {MAX_LINE_BYTES:,} bytes")
            yield (_without_mark(raw) if number == 1 else raw).decode("utf-8", "surrogateescape")


def is_utf8(text: str) -> bool:
    """Whether it was UTF-8 in the file, and no half of a character."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _without_mark(raw: bytes) -> bytes:
    if raw.startswith(_OTHER_ENCODINGS):
        raise UnreadableFileError(1, "the file is UTF-16 or UTF-32: save it as UTF-8")
    return raw.removeprefix(codecs.BOM_UTF8)
