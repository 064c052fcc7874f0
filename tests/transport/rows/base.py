"""What a row is, and the rows that fields of one kind share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

NUL, LINE_FEED, C1, LINE_SEPARATOR = "a\x00b", "a\nb", "a\x85b", "a\u2028b"
YEAR_10000 = {"seconds": 253_402_300_800}
YEAR_0 = {"seconds": -62_135_596_801}
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Row:
    """A valid request with changes. `field`: under which it is refused; None: its fields are all fine."""

    rpc: str
    changes: dict[str, Any]
    field: str | None = None


def soon(seconds: float) -> dict[str, int]:
    return {"seconds": int(time.time() + seconds)}


def nested(levels: int) -> Struct:
    """A Struct so many levels deep."""
    struct = Struct()
    inner = struct
    for _ in range(levels - 1):
        inner = inner.get_or_create_struct("k")
    return struct


def keyed(count: int) -> Struct:
    return Struct(fields={f"k{number}": Value(bool_value=True) for number in range(count)})


def sized(byte_count: int) -> Struct:
    """A Struct of exactly so many bytes."""
    spare = byte_count - Struct(fields={"k": Value(string_value="x" * (byte_count - 40))}).ByteSize()
    return Struct(fields={"k": Value(string_value="x" * (byte_count - 40 + spare))})


def line(rpc: str, field: str, max_characters: int, *, required: bool = False) -> Iterator[Row]:
    """The rows of a field that holds one line."""
    yield Row(rpc, at(field, "x" * max_characters))
    yield Row(rpc, at(field, "ö" * max_characters))
    yield Row(rpc, at(field, "x" * (max_characters + 1)), field)
    for text in (NUL, LINE_FEED, "a\rb", "\x7f", C1, LINE_SEPARATOR):
        yield Row(rpc, at(field, text), field)
    if required:
        yield Row(rpc, at(field, ""), field)


def at(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {first: at(rest, value) if rest else value}


def labels(rpc: str, field: str, max_entries: int) -> Iterator[Row]:
    yield Row(rpc, at(field, {"k" * 64: "v" * 200, "empty": ""}))
    yield Row(rpc, at(field, {f"k{number}": "v" for number in range(max_entries)}))
    yield Row(rpc, at(field, {f"k{number}": "v" for number in range(max_entries + 1)}), field)
    for key, value in (("", "v"), ("k" * 65, "v"), ("k", "v" * 201), (NUL, "v"), ("k", LINE_FEED)):
        yield Row(rpc, at(field, {key: value}), field)


def own_values(rpc: str, field: str) -> Iterator[Row]:
    for struct in (nested(16), keyed(500), sized(32 * 1024)):
        yield Row(rpc, at(field, struct))
    in_list = Struct()
    in_list.get_or_create_list("k").extend([[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]])
    numbers = [Struct(fields={"k": Value(number_value=float(text))}) for text in ("nan", "inf", "-inf")]
    texts = [Struct(fields={"k": Value(string_value=NUL)}), Struct(fields={NUL: Value(bool_value=True)})]
    for struct in (nested(17), keyed(501), sized(32 * 1024 + 1), in_list, *numbers, *texts):
        yield Row(rpc, at(field, struct), field)
    yield Row(rpc, at(field, Struct(fields={"k": Value()})), field)


def sizes(rpc: str, field: str) -> Iterator[Row]:
    for size in (0, 1, 2**31 - 1):
        yield Row(rpc, {field: size})
    for size in (-1, -(2**31)):
        yield Row(rpc, {field: size}, field)
