"""Sends in the queue of the writer, and who waits for them: each by itself, or many as one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from carillon_server.domain.send import SendOutcome
from carillon_server.services.send_plan import PlannedSend

Result: TypeAlias = SendOutcome | Exception
"""What became of a send, or why nothing did."""


class Waiting(Protocol):
    """A send in the queue."""

    @property
    def send(self) -> PlannedSend: ...

    @property
    def over(self) -> bool:
        """Nobody waits for it any more."""
        ...

    def settle(self, result: Result) -> None:
        """Tells whoever waits; the first result counts."""
        ...


class Single:
    """A send that somebody waits for by itself."""

    __slots__ = ("answer", "send")

    def __init__(self, send: PlannedSend) -> None:
        self.send = send
        self.answer: asyncio.Future[SendOutcome] = asyncio.get_running_loop().create_future()

    @property
    def over(self) -> bool:
        return self.answer.done()

    def settle(self, result: Result) -> None:
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)


class Group:
    """Many sends with one caller, who waits once for all of them."""

    def __init__(self, size: int) -> None:
        self._results: list[Result | None] = [None] * size
        self._awaited = 0
        self._settled = asyncio.Event()
        self.over = False

    def member(self, place: int, send: PlannedSend) -> Member:
        """The send at this place of the group; from now on it is waited for."""
        self._awaited += 1
        return Member(self, place, send)

    def settle(self, place: int, result: Result) -> None:
        """For one that is no member."""
        self._results[place] = result

    def settle_member(self, place: int, result: Result) -> None:
        """The last one wakes the caller."""
        self._results[place] = result
        self._awaited -= 1
        if not self._awaited:
            self._settled.set()

    def is_settled(self, place: int) -> bool:
        return self._results[place] is not None

    async def wait(self) -> None:
        """Until all members are settled."""
        if self._awaited:
            await self._settled.wait()

    def end(self, error: Exception) -> Sequence[Result]:
        """The results; `error` is that of all that have none. What is still queued is not written."""
        self.over = True
        return [error if result is None else result for result in self._results]


class Member:
    """A send of a group."""

    __slots__ = ("_group", "_place", "send")

    def __init__(self, group: Group, place: int, send: PlannedSend) -> None:
        self._group = group
        self._place = place
        self.send = send

    @property
    def over(self) -> bool:
        return self._group.over or self._group.is_settled(self._place)

    def settle(self, result: Result) -> None:
        if not self.over:
            self._group.settle_member(self._place, result)
