"""Where the bearer token of a call comes from.

A token is asked for once and kept until the service refuses it; then it is asked for again, once for all
the calls that were refused with it.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import TypeAlias

Token: TypeAlias = str | Callable[[], str]
AsyncToken: TypeAlias = str | Callable[[], str] | Callable[[], Awaitable[str]]


class TokenSource:
    """Hands out the token of a `Client`. Safe to use from several threads."""

    def __init__(self, token: Token | None) -> None:
        self._fetch = token if callable(token) else None
        self._current = token if isinstance(token, str) else None
        self._lock = threading.Lock()

    def current(self) -> str | None:
        """The token to call with; None to call without."""
        if self._current is None and self._fetch is not None:
            return self.after(None)
        return self._current

    def after(self, refused: str | None) -> str | None:
        """The token to try after the service refused one: a new one, or the same where there is no other."""
        with self._lock:
            if self._fetch is not None and self._current == refused:
                self._current = self._fetch()
            return self._current


class AsyncTokenSource:
    """Hands out the token of an `AsyncClient`."""

    def __init__(self, token: AsyncToken | None) -> None:
        self._fetch = token if callable(token) else None
        self._current = token if isinstance(token, str) else None
        self._lock = asyncio.Lock()

    async def current(self) -> str | None:
        """The token to call with; None to call without."""
        if self._current is None and self._fetch is not None:
            return await self.after(None)
        return self._current

    async def after(self, refused: str | None) -> str | None:
        """The token to try after the service refused one: a new one, or the same where there is no other."""
        async with self._lock:
            if self._fetch is not None and self._current == refused:
                fetched = self._fetch()
                self._current = await fetched if inspect.isawaitable(fetched) else fetched
            return self._current
