"""Rules of fields: what requests of several services have, and what is large enough to stand by itself."""

from __future__ import annotations

from google.protobuf.message import Message

from carillon.v1 import notification_service_pb2 as notifications
from carillon.v1 import types_pb2
from carillon_server.transport import relations
from carillon_server.transport.validation.attachment import content_type, filename, size
from carillon_server.transport.validation.instant import duration
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import each
from carillon_server.transport.validation.scalar import known_value
from carillon_server.transport.validation.struct import struct
from carillon_server.transport.validation.text import line, pattern

MAX_BATCH_ITEMS = 1_000
# Where repeated ones count once, there is a limit to repeating too.
MAX_NAMED_CHANNELS = 50
MAX_FALLBACKS = 3
MAX_ATTACHMENTS = 10
MAX_ATTACHMENT_BYTES = 2 * 1024 * 1024

RECIPIENT_ID = line(max_characters=200)
ID = line(max_characters=100)
TYPE = pattern("[A-Za-z0-9_.-]{1,100}", "is not 1 to 100 of a-z A-Z 0-9 _ . -")
TOPIC = pattern("[A-Za-z0-9_.:/-]{1,100}", "is not 1 to 100 of a-z A-Z 0-9 _ . : / -")
CATEGORY = line(max_characters=100)
KEY = line(max_characters=200)
LABEL_KEY = line(max_characters=64)
LABEL_VALUE = line(max_characters=200)
OWN_VALUES = struct(max_depth=16, max_keys=500, max_bytes=32 * 1024)
CHANNEL = known_value(types_pb2.Channel.DESCRIPTOR)
FALLBACK = MessageRule(
    types_pb2.Fallback,
    {"channels": each(CHANNEL, max_items=5), "after": duration},
    required=("channels",),
    relations=relations.fallback_makes_sense,
)
ATTACHMENT = MessageRule(
    notifications.Attachment,
    {
        "filename": filename(max_characters=200),
        "content_type": content_type,
        "content": size(max_bytes=MAX_ATTACHMENT_BYTES),
        "content_id": pattern("[A-Za-z0-9_.@-]{1,100}", "is not 1 to 100 of A-Z a-z 0-9 _ . - @"),
    },
    required=("filename", "content_type", "content"),
    relations=relations.only_pictures_are_inline,
)


def of_recipient(request_type: type[Message]) -> MessageRule:
    """A request that names a recipient and nothing else."""
    return MessageRule(request_type, {"recipient_id": RECIPIENT_ID})
