"""What the fake refuses in a request: the limits of the API that callers run into most."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from google.protobuf.struct_pb2 import Struct, Value

from carillon.testing._entry import to_datetime
from carillon.testing._refusal import Refusal
from carillon.v1 import types_pb2
from carillon.v1.notification_service_pb2 import Attachment, SendRequest
from carillon.v1.types_pb2 import Channel, Content, Filter, Priority

_TOPIC = re.compile(r"[A-Za-z0-9_.:/-]{1,100}\Z")
_TYPE = re.compile(r"[a-zA-Z0-9_.-]{1,100}\Z")
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]*\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_URL = re.compile(r"https?://[^\s/]+\S*\Z")
_PATH = re.compile(r"/(?!/)\S*\Z")
PHONE = re.compile(r"\+[1-9]\d{6,14}\Z")
_SEPARATOR = re.compile(r"[/\\]")
_NAME = r"[A-Za-z0-9!#$&^_.+-]+"
_CONTENT_TYPE = re.compile(rf"(?!(?:multipart|message)/){_NAME}/{_NAME}\Z", re.IGNORECASE)
_CONTENT_ID = re.compile(r"[A-Za-z0-9_.@-]{1,100}\Z")
_MAX_ATTACHMENT_BYTES = 2 * 1024 * 1024
_MAX_ATTACHED_BYTES = 3 * 1024 * 1024
_MAX_DATA_BYTES = 32 * 1024
_MAX_DATA_DEPTH = 16
_MAX_DATA_KEYS = 500
_MAX_SCHEDULE = timedelta(days=366)
_MAX_FALLBACKS = 3
_CHAIN_LENGTHS = range(2, 6)
_MIN_AFTER = timedelta(seconds=1)
_MAX_AFTER = timedelta(hours=24)

Violation = tuple[str, str]


def enforce(violations: Iterable[Violation]) -> None:
    """Refuses a request that has any."""
    found = list(violations)
    if found:
        raise Refusal("FIELD_INVALID", violations=found)


def text(field: str, value: str, maximum: int, minimum: int = 0) -> Iterator[Violation]:
    """One line."""
    if not minimum <= len(value) <= maximum:
        yield field, f"has {minimum} to {maximum} characters"
    if _CONTROL.search(value):
        yield field, "has no control characters"


def type_name(field: str, value: str) -> Iterator[Violation]:
    """What kind of thing happened."""
    if not _TYPE.match(value):
        yield field, "has 1 to 100 of a-z A-Z 0-9 _ . -"


def printable(field: str, value: str, minimum: int = 0) -> Iterator[Violation]:
    """An id for machines."""
    if not minimum <= len(value) <= 128 or not _PRINTABLE_ASCII.match(value):
        yield field, f"has {minimum} to 128 printable ASCII characters"


def channel(field: str, value: int) -> Iterator[Violation]:
    """A channel that there is."""
    if value == types_pb2.CHANNEL_UNSPECIFIED or value not in Channel.values():
        yield field, "is not a channel"


def page_size(value: int) -> Iterator[Violation]:
    """Of any list."""
    if value < 0:
        yield "page_size", "is not negative"


def filtered(filter: Filter) -> Iterator[Violation]:
    """Of a page, a mark or a stream."""
    yield from text("filter.category", filter.category, 100)
    yield from text("filter.thread_key", filter.thread_key, 200)
    if len(filter.types) > 50:
        yield "filter.types", "has at most 50"
    if len(filter.labels) > 10:
        yield "filter.labels", "has at most 10"


def ids(field: str, value: Sequence[str]) -> Iterator[Violation]:
    """Of notifications."""
    if len(value) > 1_000:
        yield field, "has at most 1,000"


def send(request: SendRequest, now: datetime) -> Iterator[Violation]:
    """All of one send."""
    yield from printable("request_id", request.request_id)
    yield from _recipients(request)
    yield from type_name("type", request.type)
    yield from struct("data", request.data)
    if request.HasField("content"):
        yield from content(request.content)
    for index, named in enumerate(request.channels):
        yield from channel(f"channels[{index}]", named)
    if request.priority not in Priority.values():
        yield "priority", "is not a priority"
    yield from text("category", request.category, 100)
    yield from text("thread_key", request.thread_key, 200)
    yield from text("collapse_key", request.collapse_key, 200)
    yield from text("actor_id", request.actor_id, 200)
    if len(request.labels) > 20:
        yield "labels", "has at most 20"
    for key, value in request.labels.items():
        yield from text("labels", key, 64, 1)
        yield from text("labels", value, 200)
    yield from _times(request, now)
    yield from _fallbacks(request)
    yield from _attachments(request.attachments)


def _fallbacks(request: SendRequest) -> Iterator[Violation]:
    if len(request.fallbacks) > _MAX_FALLBACKS:
        yield "fallbacks", f"has at most {_MAX_FALLBACKS}"
        return
    seen: set[int] = set()
    for index, fallback in enumerate(request.fallbacks):
        path = f"fallbacks[{index}]"
        yield from _chain(f"{path}.channels", fallback.channels, seen)
        after = timedelta(seconds=fallback.after.ToNanoseconds() / 1e9)
        if fallback.after.ToNanoseconds() and not _MIN_AFTER <= after <= _MAX_AFTER:
            yield f"{path}.after", "is 1 s to 24 h"


def _chain(path: str, channels: Sequence[int], seen: set[int]) -> Iterator[Violation]:
    """`seen`: the channels of the chains before; those of this one are added."""
    fits = len(channels) in _CHAIN_LENGTHS and types_pb2.CHANNEL_IN_APP not in channels
    if not fits or not seen.isdisjoint(channels):
        yield path, "has 2 to 5 channels that no other chain has, not IN_APP"
        return
    chain: set[int] = set()
    for index, named in enumerate(channels):
        yield from channel(f"{path}[{index}]", named)
        if named in chain:
            yield f"{path}[{index}]", "is there twice"
        chain.add(named)
    seen.update(chain)


def content(value: Content) -> Iterator[Violation]:
    """What a person sees."""
    yield from text("content.title", value.title, 200, 1)
    if len(value.body) > 10_000 or _CONTROL_BUT_BREAKS.search(value.body):
        yield "content.body", "has at most 10,000 characters, and of the control ones only LF and TAB"
    yield from _link("content.action_url", value.action_url)
    yield from text("content.icon", value.icon, 2_048)
    if value.image_url and not _URL.match(value.image_url):
        yield "content.image_url", "is an absolute http(s) URL"
    if len(value.actions) > 5:
        yield "content.actions", "has at most 5"
    if len({action.id for action in value.actions}) < len(value.actions):
        yield "content.actions", "has distinct ids"
    for index, action in enumerate(value.actions):
        yield from text(f"content.actions[{index}].id", action.id, 64, 1)
        yield from text(f"content.actions[{index}].label", action.label, 100, 1)
        yield from _link(f"content.actions[{index}].url", action.url)


def struct(field: str, value: Struct) -> Iterator[Violation]:
    """Values handed through."""
    if value.ByteSize() > _MAX_DATA_BYTES:
        yield field, "has at most 32 KiB"
    depth, keys, finite = _measure(Value(struct_value=value))
    if depth > _MAX_DATA_DEPTH or keys > _MAX_DATA_KEYS:
        yield field, "is at most 16 deep and has at most 500 keys"
    if not finite:
        yield field, "has no NaN or infinity"


def _measure(value: Value) -> tuple[int, int, bool]:
    """Depth, number of keys, and whether all numbers are finite."""
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return 0, 0, math.isfinite(value.number_value)
    if kind == "struct_value":
        children, keys = list(value.struct_value.fields.values()), len(value.struct_value.fields)
    elif kind == "list_value":
        children, keys = list(value.list_value.values), 0
    else:
        return 0, 0, True
    parts = [_measure(child) for child in children]
    return (
        1 + max((part[0] for part in parts), default=0),
        keys + sum(part[1] for part in parts),
        all(part[2] for part in parts),
    )


def _recipients(request: SendRequest) -> Iterator[Violation]:
    count = len(request.recipient_ids) + len(request.recipients)
    if request.topic or request.everyone:
        if request.topic and request.everyone:
            yield "everyone", "is not used together with topic"
        if count:
            yield "topic" if request.topic else "everyone", "is not used together with recipients"
        if request.topic and not _TOPIC.match(request.topic):
            yield "topic", "has 1 to 100 of a-z A-Z 0-9 _ . : / -"
    elif not 1 <= count <= 1_000:
        yield "recipient_ids", "has 1 to 1,000 together with recipients"
    for index, recipient_id in enumerate(request.recipient_ids):
        yield from text(f"recipient_ids[{index}]", recipient_id, 200, 1)
    for index, profile in enumerate(request.recipients):
        yield from text(f"recipients[{index}].recipient_id", profile.recipient_id, 200, 1)
        yield from struct(f"recipients[{index}].attributes", profile.attributes)
        if profile.phone and not PHONE.match(profile.phone):
            yield f"recipients[{index}].phone", "is a telephone number in E.164"


def _attachments(attachments: Sequence[Attachment]) -> Iterator[Violation]:
    if len(attachments) > 10:
        yield "attachments", "has at most 10"
    for index, each in enumerate(attachments):
        yield from _attachment(f"attachments[{index}]", each)
    if sum(len(each.content) for each in attachments) > _MAX_ATTACHED_BYTES:
        yield "attachments", "are together at most 3 MiB"
    named = [each.content_id for each in attachments if each.content_id]
    if len(set(named)) < len(named):
        yield "attachments", "have distinct content ids"


def _attachment(field: str, value: Attachment) -> Iterator[Violation]:
    yield from text(f"{field}.filename", value.filename, 200, 1)
    if _SEPARATOR.search(value.filename):
        yield f"{field}.filename", "has no path separators"
    if not _CONTENT_TYPE.match(value.content_type) or len(value.content_type) > 100:
        yield f"{field}.content_type", "is type/subtype, not multipart or message"
    if not 1 <= len(value.content) <= _MAX_ATTACHMENT_BYTES:
        yield f"{field}.content", "has 1 byte to 2 MiB"
    if value.content_id and not _CONTENT_ID.match(value.content_id):
        yield f"{field}.content_id", "has 1 to 100 of A-Z a-z 0-9 _ . - @"
    if value.content_id and not value.content_type.lower().startswith("image/"):
        yield f"{field}.content_id", "is for pictures only"


def _link(field: str, value: str) -> Iterator[Violation]:
    if value and (len(value) > 2_048 or not (_URL.match(value) or _PATH.match(value))):
        yield field, "is an absolute http(s) URL or an absolute path of at most 2,048 characters"


def _times(request: SendRequest, now: datetime) -> Iterator[Violation]:
    deliver = to_datetime(request.deliver_time) if request.HasField("deliver_time") else now
    if deliver > now + _MAX_SCHEDULE:
        yield "deliver_time", "is at most one year ahead"
    if request.HasField("expire_time") and to_datetime(request.expire_time) <= max(deliver, now):
        yield "expire_time", "is ahead, and after deliver_time"
