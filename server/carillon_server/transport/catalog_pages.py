"""Pages of types, templates and layouts: their size, and where the next one begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message

from carillon_server.transport.page_token import PageTokenSealer
from carillon_server.transport.pages import MAX_PAGE_BYTES

_DEFAULT_SIZE, _MAX_SIZE = 100, 1_000
PageMessage = TypeVar("PageMessage", bound=Message)


def catalog_page_size(asked: int) -> int:
    """How many things a page holds at the most."""
    return min(asked or _DEFAULT_SIZE, _MAX_SIZE)


class CatalogPages:
    """Page tokens of one list of one tenant. A position is a list of JSON values."""

    def __init__(self, sealer: PageTokenSealer, tenant: str, *query: object) -> None:
        """`query`: which list, and its filters."""
        self._sealer = sealer
        self._query = json.dumps(["catalog", tenant, *query]).encode()

    def open(self, token: str) -> list[Any] | None:
        """The position that the page comes after; None for the first. Raises PAGE_TOKEN_INVALID."""
        if not token:
            return None
        position: list[Any] = json.loads(self._sealer.open(token, self._query))
        return position

    def fit(
        self,
        messages: Sequence[PageMessage],
        position: Callable[[PageMessage], Sequence[object]],
        *,
        more: bool,
    ) -> tuple[Sequence[PageMessage], str]:
        """Those that fit, and the token of the next page."""
        size = 0
        for index, message in enumerate(messages):
            size += message.ByteSize()
            if index and size > MAX_PAGE_BYTES:
                return messages[:index], self._seal(position(messages[index - 1]))
        return messages, self._seal(position(messages[-1])) if more else ""

    def _seal(self, position: Sequence[object]) -> str:
        return self._sealer.seal(self._query, json.dumps(list(position)).encode())
