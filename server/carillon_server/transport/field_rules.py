"""Rules of fields that requests of several services have."""

from __future__ import annotations

from carillon.v1 import types_pb2
from carillon_server.transport.validation.scalar import known_value
from carillon_server.transport.validation.text import line, pattern

RECIPIENT_ID = line(max_characters=200)
ID = line(max_characters=100)
TYPE = pattern("[A-Za-z0-9_.-]{1,100}", "is not 1 to 100 of a-z A-Z 0-9 _ . -")
CHANNEL = known_value(types_pb2.Channel.DESCRIPTOR)
