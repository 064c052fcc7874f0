"""Pages of topics and of their members: their sizes, and where the next one begins."""

from __future__ import annotations

from carillon_server.transport.page_token import PageTokenSealer

_DEFAULT_SIZE, _MAX_SIZE = 100, 1_000


def topics_page_size(asked: int) -> int:
    """How many topics, or members, a page holds at the most."""
    return min(asked or _DEFAULT_SIZE, _MAX_SIZE)


class NamedPages:
    """Page tokens of one query whose answers are in the order of a name."""

    def __init__(self, sealer: PageTokenSealer, *query: str) -> None:
        """`query`: the call, the tenant, and what else must stay the same from page to page."""
        self._sealer = sealer
        self._query = "".join(f"{len(part)} {part} " for part in query).encode()

    def open(self, token: str) -> str | None:
        """The name that the page comes after; None for the first. Raises PAGE_TOKEN_INVALID."""
        return self._sealer.open(token, self._query).decode() if token else None

    def seal(self, last: str | None) -> str:
        """The token of what comes after; empty for None."""
        return "" if last is None else self._sealer.seal(self._query, last.encode())
