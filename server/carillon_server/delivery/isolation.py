"""Keeping suspects apart.

A delivery whose attempt never came back may have taken its worker down with it, and everything that ran
beside it. So it runs alone: for a moment the worker starts nothing else, and what runs already is given that
moment to end. The moment is short, because most suspects are innocent and what runs may hang.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any

CLEARING_SECONDS = 1.0
"""How long what runs may take to end."""
SOLITUDE_SECONDS = 1.0
"""How long nothing is started beside a suspect; what takes a worker down does so at once."""


class Isolation:
    """One gate for all that a worker starts."""

    def __init__(self, running: Callable[[], Collection[asyncio.Task[Any]]]) -> None:
        """`running`: what runs in the worker, suspects left out."""
        self._running = running
        self._open = asyncio.Event()
        self._open.set()
        self._claims = 0
        self._no_claims = asyncio.Event()
        self._no_claims.set()
        self._turn = object()

    @asynccontextmanager
    async def claiming(self) -> AsyncIterator[None]:
        """Around taking deliveries and starting them; waits while a suspect runs alone."""
        await self._open.wait()
        self._claims += 1
        self._no_claims.clear()
        try:
            yield
        finally:
            self._claims -= 1
            if not self._claims:
                self._no_claims.set()

    def shut(self) -> None:
        """A suspect was claimed: nothing more is, until `alone` opens the gate again."""
        self._open.clear()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """The gate is shut inside, for as long as solitude lasts."""
        turn = self._turn = object()
        self.shut()

        def let_in() -> None:
            # One that took longer than its solitude must not end that of the next.
            if self._turn is turn:
                self._open.set()

        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLEARING_SECONDS):
                    await self._clear()
            asyncio.get_running_loop().call_later(SOLITUDE_SECONDS, let_in)
            yield
        finally:
            let_in()

    async def _clear(self) -> None:
        await self._no_claims.wait()
        if running := self._running():
            await asyncio.wait(running)
