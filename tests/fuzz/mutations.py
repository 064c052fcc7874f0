"""What can be done to the bytes of a good message: the format allows most of it."""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from hypothesis import strategies as st

from carillon_server.transport.wire import field, tag, varint
from tests.transport.arbitrary import messages

_VARINT, _FIXED64, _DELIMITED, _GROUP, _END_GROUP, _FIXED32 = range(6)
_BODIES = {
    _VARINT: varint(2**64 - 1),
    _FIXED64: bytes(8),
    _DELIMITED: field(b"", b"\xff\xfe\x00x"),
    _FIXED32: bytes(4),
    _GROUP: b"",
    _END_GROUP: b"",
}


@st.composite
def mutated(draw: st.DrawFn, valid: Message) -> bytes:
    """The bytes of a valid message with something done to them."""
    mutation = draw(st.sampled_from(_MUTATIONS))
    return draw(mutation(valid))


def _filled(valid: Message) -> st.SearchStrategy[bytes]:
    """Arbitrary values in arbitrary places of a valid message."""
    return messages(type(valid)).map(lambda arbitrary: _merged(valid, arbitrary))


def _arbitrary(valid: Message) -> st.SearchStrategy[bytes]:
    return messages(type(valid)).map(lambda arbitrary: arbitrary.SerializeToString())


@st.composite
def _dented(draw: st.DrawFn, valid: Message) -> bytes:
    """Some bytes are others."""
    raw = bytearray(valid.SerializeToString() or b"x")
    for _ in range(draw(st.integers(1, 4))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw)


@st.composite
def _truncated(draw: st.DrawFn, valid: Message) -> bytes:
    raw = valid.SerializeToString()
    return raw[: draw(st.integers(0, len(raw)))]


@st.composite
def _doubled(draw: st.DrawFn, valid: Message) -> bytes:
    """Every field again and again: the last one counts, lists grow, messages merge."""
    return valid.SerializeToString() * draw(st.integers(2, 300))


@st.composite
def _mistyped(draw: st.DrawFn, valid: Message) -> bytes:
    """A field that the message has, written as another type of the format."""
    fields = valid.DESCRIPTOR.fields
    number = draw(st.sampled_from([each.number for each in fields])) if fields else 1
    kind = draw(st.sampled_from(sorted(_BODIES)))
    return valid.SerializeToString() + varint(number << 3 | kind) + _BODIES[kind]


@st.composite
def _unknown(draw: st.DrawFn, valid: Message) -> bytes:
    """Fields that the message does not have, many or large."""
    number, size = draw(st.integers(100, 2**29 - 1)), draw(st.sampled_from([0, 1, 100_000]))
    return valid.SerializeToString() + field(tag(number), bytes(size)) * draw(st.sampled_from([1, 20]))


@st.composite
def _deep(draw: st.DrawFn, valid: Message) -> bytes:
    """One field inside itself, deeper than any parser goes."""
    inner = b""
    number = draw(st.integers(1, 20))
    for _ in range(draw(st.sampled_from([15, 17, 99, 101, 3_000]))):
        inner = field(tag(number), inner)
    return valid.SerializeToString() + inner


@st.composite
def _structured(draw: st.DrawFn, valid: Message) -> bytes:
    """Documents that are too deep, too wide, or full of numbers that are none."""
    for name in _struct_fields(valid):
        getattr(valid, name).CopyFrom(draw(st.sampled_from(_STRUCTS)))
    return valid.SerializeToString()


def _struct_fields(message: Message) -> list[str]:
    return [
        each.name
        for each in message.DESCRIPTOR.fields
        if each.type == FieldDescriptor.TYPE_MESSAGE
        and each.message_type.full_name == "google.protobuf.Struct"
        and not each.is_repeated
    ]


def _nested(depth: int) -> Struct:
    document: dict[str, object] = {}
    for _ in range(depth):
        document = {"in": document}
    return _struct(document)


def _struct(document: dict[str, object]) -> Struct:
    struct = Struct()
    struct.update(document)
    return struct


def _merged(valid: Message, arbitrary: Message) -> bytes:
    return valid.SerializeToString() + arbitrary.SerializeToString()


_STRUCTS = [
    _nested(15),
    _nested(30),
    _struct({f"key {number}": number for number in range(2_000)}),
    _struct({"": "", "\x00": "\x00", "__proto__": {}, "x" * 5_000: 1}),
    _struct({"nan": float("nan"), "endless": float("inf"), "large": 1e308, "minus": -0.0}),
    _struct({"list": [[[[[[[[[[1]]]]]]]]]], "texts": ["x" * 1_000] * 300}),
]
_MUTATIONS = [
    _filled,
    _filled,
    _arbitrary,
    _dented,
    _truncated,
    _doubled,
    _mistyped,
    _unknown,
    _deep,
    _structured,
]
