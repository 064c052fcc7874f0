"""Rules of fields that requests of several services have."""

from __future__ import annotations

from carillon.v1 import types_pb2
from carillon_server.transport import relations
from carillon_server.transport.validation.instant import duration
from carillon_server.transport.validation.message import MessageRule
from carillon_server.transport.validation.rule import each
from carillon_server.transport.validation.scalar import known_value
from carillon_server.transport.validation.text import line, pattern

MAX_FALLBACKS = 3

RECIPIENT_ID = line(max_characters=200)
ID = line(max_characters=100)
TYPE = pattern("[A-Za-z0-9_.-]{1,100}", "is not 1 to 100 of a-z A-Z 0-9 _ . -")
CHANNEL = known_value(types_pb2.Channel.DESCRIPTOR)
FALLBACK = MessageRule(
    types_pb2.Fallback,
    {"channels": each(CHANNEL, max_items=5), "after": duration},
    required=("channels",),
    relations=relations.fallback_makes_sense,
)
