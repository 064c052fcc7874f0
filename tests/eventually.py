"""Wait for a state instead of sleeping."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from functools import partial

_POLL_SECONDS = 0.01


def wait_until(condition: Callable[[], object], within_seconds: float = 5) -> None:
    """Return as soon as the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_seconds} s: {_told(condition)}")
        time.sleep(_POLL_SECONDS)


async def eventually(condition: Callable[[], Awaitable[object]], within_seconds: float = 5) -> None:
    """`wait_until` for a coroutine function."""
    deadline = time.monotonic() + within_seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_seconds} s: {_told(condition)}")
        await asyncio.sleep(_POLL_SECONDS)


def _told(condition: Callable[..., object]) -> str:
    return inspect.getsource(condition.func if isinstance(condition, partial) else condition).strip()
