"""Recipients as JSON objects, one a line, in the shape of the API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from carillon_server.cli.import_lines import BadLine, GoodLine, Line, is_utf8

if TYPE_CHECKING:
    from carillon.v1.recipient_service_pb2 import UpsertRecipientRequest

_PREFIXES = {"channel": "CHANNEL_", "platform": "PUSH_PLATFORM_", "verification": "VERIFICATION_STATE_"}


def read_jsonl(lines: Iterable[str]) -> Iterator[Line]:
    """Every line by itself; empty ones are passed over."""
    for number, text in enumerate(lines, start=1):
        if text.strip():
            yield _read_line(number, text)


def _read_line(number: int, text: str) -> Line:
    if not is_utf8(text):
        return BadLine(number, "", "is not UTF-8")
    try:
        request = _to_request(_parse(text))
    except json.JSONDecodeError as error:
        return BadLine(number, "", f"is no JSON: {error.msg} at character {error.colno}")
    except RecursionError:
        return BadLine(number, "", "is nested too deeply")
    except ValueError as error:
        return BadLine(number, "", str(error))
    if not request.recipient.recipient_id:
        return BadLine(number, "recipient.recipient_id", "is missing")
    return GoodLine(number, request)


def _parse(text: str) -> dict[str, Any]:
    document = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once_each)
    if not isinstance(document, dict):
        raise ValueError("is no JSON object")
    return document


def _to_request(document: dict[str, Any]) -> UpsertRecipientRequest:
    from google.protobuf.json_format import ParseDict, ParseError

    from carillon.v1.recipient_service_pb2 import UpsertRecipientRequest

    endpoints = document.get("endpoints")
    if isinstance(endpoints, list):
        document["endpoints"] = [_with_prefixes(endpoint) for endpoint in endpoints]
    try:
        return ParseDict(document, UpsertRecipientRequest())
    except (ParseError, UnicodeEncodeError) as error:
        raise ValueError(f"is no recipient: {' '.join(str(error).split())}") from error


def _with_prefixes(endpoint: Any) -> Any:
    """`EMAIL` is as good as `CHANNEL_EMAIL`."""
    if not isinstance(endpoint, dict):
        return endpoint
    named = {name: endpoint[name] for name in _PREFIXES if isinstance(endpoint.get(name), str)}
    return endpoint | {
        name: _PREFIXES[name] + value.upper().removeprefix(_PREFIXES[name]) for name, value in named.items()
    }


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"has {name}, which is no number in JSON")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"has {twice!r} twice")
    return document
