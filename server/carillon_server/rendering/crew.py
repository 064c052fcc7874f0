"""The processes that there are, and one that waits warm for the next that is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from carillon_server.rendering.render_process import ProcessSilentError, RenderProcess


class Crew:
    """Hands out processes and ends them."""

    def __init__(self) -> None:
        self._running: set[RenderProcess] = set()
        self._spare: asyncio.Task[RenderProcess] | None = None

    @property
    def pids(self) -> Sequence[int]:
        """All of them."""
        return [process.pid for process in self._running]

    async def fetch(self) -> RenderProcess:
        """The spare one where there is one, else a new one. Raises `ProcessSilentError`."""
        spare, self._spare = self._spare, None
        try:
            return await (self._start() if spare is None else spare)
        except ProcessSilentError:
            if spare is None:
                raise
            return await self._start()

    def keep_spare(self) -> None:
        """Starts a spare one, unless there is one."""
        if self._spare is None:
            self._spare = asyncio.create_task(self._start())
            # Whoever fetches it is told; nobody need.
            self._spare.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def dismiss(self, process: RenderProcess) -> None:
        """Ends a process; ended ones are taken off the list."""
        self._running.discard(process)
        await process.stop()

    async def stop(self) -> None:
        """Ends all."""
        if self._spare is not None:
            self._spare.cancel()
            await asyncio.gather(self._spare, return_exceptions=True)
        await asyncio.gather(*(self.dismiss(process) for process in list(self._running)))

    async def _start(self) -> RenderProcess:
        process = await RenderProcess.start()
        self._running.add(process)
        return process
