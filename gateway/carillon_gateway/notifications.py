"""The inbox as JSON over HTTP: what the page needs beside the live stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from carillon import types
from carillon_gateway.documents import as_document, read_document
from carillon_gateway.identity import client_of
from carillon_gateway.refusals import BadRequestError

_MARKS = {
    "markRead": "mark_read",
    "markUnread": "mark_unread",
    "markSeen": "mark_seen",
    "archive": "archive",
    "unarchive": "unarchive",
    "pin": "pin",
    "unpin": "unpin",
    "delete": "delete",
}
_BOOLEANS = {"true": True, "false": False}


async def list_notifications(request: Request) -> Response:
    """A page: `pageSize`, `pageToken`, `unread` and `archived` as in `ListRequest`."""
    query = request.query_params
    page = await client_of(request).list(
        page_size=_number(query.get("pageSize", "0")),
        page_token=query.get("pageToken", ""),
        filter=_filter(query),
    )
    return JSONResponse(as_document(page))


async def mark(request: Request) -> Response:
    """`{"ids": […]}` or `{"all": true, "untilCursor": …}`."""
    method = _MARKS.get(request.path_params["mark"])
    if method is None:
        return JSONResponse({"reason": "METHOD_UNKNOWN", "message": "no such call"}, 404)
    body = await read_document(request)
    marked = await getattr(client_of(request), method)(
        ids=_strings(body, "ids"), all=body.get("all") is True, until_cursor=_string(body, "untilCursor")
    )
    return JSONResponse(as_document(marked))


async def record_action(request: Request) -> Response:
    """`{"actionId": …}`: the button that was pressed."""
    body = await read_document(request)
    recorded = await client_of(request).record_action(
        id=request.path_params["id"], action_id=_string(body, "actionId")
    )
    return JSONResponse(as_document(recorded))


async def counts(request: Request) -> Response:
    """The exact counters."""
    return JSONResponse(as_document(await client_of(request).get_counts()))


ROUTES: list[BaseRoute] = [
    Route("/v1/notifications", list_notifications),
    Route("/v1/notifications:{mark}", mark, methods=["POST"]),
    Route("/v1/notifications/{id}:recordAction", record_action, methods=["POST"]),
    Route("/v1/counts", counts),
]


def _filter(query: Mapping[str, str]) -> types.Filter:
    chosen: types.Filter = {}
    if query.get("unread") in _BOOLEANS:
        chosen["unread"] = _BOOLEANS[query["unread"]]
    if query.get("archived") in _BOOLEANS:
        chosen["archived"] = _BOOLEANS[query["archived"]]
    return chosen


def _number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise BadRequestError("pageSize: no number") from None
    return min(number, 1_000)


def _string(body: Mapping[str, Any], field: str) -> str:
    value = body.get(field, "")
    if not isinstance(value, str):
        raise BadRequestError(f"{field}: not a string")
    return value


def _strings(body: Mapping[str, Any], field: str) -> list[str]:
    values = body.get(field, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadRequestError(f"{field}: not a list of strings")
    return values
