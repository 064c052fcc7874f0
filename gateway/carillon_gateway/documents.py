"""Messages as JSON, as the proto3 mapping has it: `unreadCount`, times in RFC 3339."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from starlette.requests import Request

from carillon_gateway.refusals import BadRequestError

MAX_BODY_BYTES = 256 * 1024


def as_document(message: Message) -> dict[str, Any]:
    """Every field that always has a value is there, zero counters too."""
    document: dict[str, Any] = MessageToDict(message, always_print_fields_with_no_presence=True)
    return document


async def read_document(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises `BadRequestError` for anything else, and for too much."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BadRequestError("the body is too large")
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadRequestError("the body is no JSON") from None
    if not isinstance(document, dict):
        raise BadRequestError("the body is no JSON object")
    return document
