"""The renderer: a few processes of their own, where templates can break nothing but themselves.

A process that breaks a limit is ended, and a warm one takes its place. Jobs that it had in its hands besides
are rendered again, each alone where it is not known which one it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal, Unavailable
from carillon_server.domain.rendering import Rendered, RenderFailure, RenderJob, Sheet, SheetReport
from carillon_server.rendering.batch_message import KnownSheets
from carillon_server.rendering.crew import Crew
from carillon_server.rendering.offenders import Offenders
from carillon_server.rendering.render_process import ProcessEndedError, ProcessSilentError, RenderProcess
from carillon_server.rendering.verdict import examination_of, verdict_of
from carillon_server.rendering.wire import read_answer, read_report
from carillon_server.rendering.work_queue import Examination, Work, WorkQueue

DEFAULT_MAX_QUEUE = 20_000
_MAX_ATTEMPTS = 2
_MAX_KILLS = 5
"""Of processes that a job was with when somebody else ended them. No template is to blame for that."""
_STOPPING = "the service is stopping"
_NO_PROCESS = "templates cannot be rendered now"


class RenderPool:
    """Implements `services.ports.Renderer`. Processes are started when they are first needed, and stay."""

    def __init__(self, processes: int = 2, *, max_queue: int = DEFAULT_MAX_QUEUE) -> None:
        self._max_processes = processes
        self._max_queue = max_queue
        self._queue = WorkQueue()
        self._crew = Crew()
        self._offenders = Offenders()
        self._workers: set[asyncio.Task[None]] = set()
        self._idle = 0
        self._stopping = False

    @property
    def pids(self) -> Sequence[int]:
        """The processes that there are, the spare one included."""
        return self._crew.pids

    async def stop(self) -> None:
        """Ends all processes. Who still waits is told that the service is stopping."""
        self._stopping = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for work in self._queue.take_all():
            _fail(work, Unavailable(_STOPPING))
        await self._crew.stop()

    async def render(self, jobs: Sequence[RenderJob]) -> Sequence[Rendered | RenderFailure]:
        """See `services.ports.Renderer`. Raises OVERLOADED where too much waits already."""
        started = time.monotonic()
        bans = [self._offenders.ban_of(job, started) for job in jobs]
        tried = [job for job, ban in zip(jobs, bans, strict=True) if ban is None]
        answers = iter(await self._run([Work(job) for job in tried]))
        result = [next(answers) if ban is None else ban for ban in bans]
        finished = time.monotonic()
        telemetry.render_seconds.observe(finished - started)
        for job, answer, ban in zip(jobs, result, bans, strict=True):
            if ban is None:
                self._offenders.note(job, answer, finished)
            telemetry.renders.labels(getattr(answer, "problem", "rendered")).inc()
        return result

    async def check(
        self, sheet: Sheet, data_schema: Mapping[str, Any], sample_data: Mapping[str, Any]
    ) -> SheetReport:
        """See `services.ports.Renderer`."""
        work = Work(examination_of(sheet, data_schema, sample_data))
        (report,) = await self._run([work])
        return report  # type: ignore[no-any-return]  # what answers an examination is a report

    async def _run(self, works: Sequence[Work]) -> Any:
        if self._stopping:
            raise Unavailable(_STOPPING)
        if len(self._queue) + len(works) > max(self._max_queue, len(works)):
            raise Refusal(Reason.OVERLOADED, "too many templates are waiting", retry_after_seconds=1.0)
        if not works:
            return []
        self._queue.add(works)
        self._staff()
        try:
            return await asyncio.gather(*(work.answer for work in works))
        finally:
            for work in works:
                work.answer.cancel()

    def _staff(self) -> None:
        if not self._idle and len(self._workers) < self._max_processes:
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        process: RenderProcess | None = None
        known = KnownSheets()
        try:
            while True:
                self._idle += 1
                try:
                    batch = await self._queue.take()
                finally:
                    self._idle -= 1
                if process is None:
                    process, known = await self._fetch(batch), KnownSheets()
                if process is not None and not await self._serve(process, known, batch):
                    await self._crew.dismiss(process)
                    process = None
                self._crew.keep_spare()
        finally:
            if process is not None:
                await self._crew.dismiss(process)

    async def _fetch(self, batch: Sequence[Work]) -> RenderProcess | None:
        try:
            return await self._crew.fetch()
        except ProcessSilentError as error:
            telemetry.get_logger().error("render.no_process", cause=str(error))
            for work in batch:
                _fail(work, Unavailable(_NO_PROCESS))
            return None
        except BaseException:
            for work in batch:
                _fail(work, Unavailable(_STOPPING))
            raise

    async def _serve(self, process: RenderProcess, known: KnownSheets, batch: Sequence[Work]) -> bool:
        """Whether the process can go on."""
        try:
            await _Exchange(process, batch).run(known)
            return True
        except ProcessEndedError as ended:
            telemetry.render_restarts.labels(ended.problem).inc()
            self._sort_out(ended, [work for work in batch if not work.answer.done()])
            return False
        except asyncio.CancelledError:
            for work in batch:
                _fail(work, Unavailable(_STOPPING))
            raise

    def _sort_out(self, ended: ProcessEndedError, left: Sequence[Work]) -> None:
        """Whose fault it was, and what becomes of the others."""
        if ended.innocent:
            self._queue.add_again(left)
            return
        for work in left:
            work.attempts += 1
            if ended.killed and work.attempts >= _MAX_KILLS:
                _fail(work, Unavailable(_NO_PROCESS))
            elif not ended.killed and len(left) == 1 and (ended.certain or work.attempts >= _MAX_ATTEMPTS):
                work.answer.set_result(verdict_of(work, ended.problem))
            else:
                work.alone = True
                self._queue.add_again([work])


class _Exchange:
    """One message to a process, and its answers."""

    def __init__(self, process: RenderProcess, batch: Sequence[Work]) -> None:
        self._process = process
        self._batch = batch

    async def run(self, known: KnownSheets) -> None:
        """Until all is answered. Raises `ProcessEndedError`."""
        missing = len(self._batch)
        async for message in self._process.exchange(known.write_batch(self._batch)):
            for number, answer in message.get("answers", ()):
                self._answer(self._batch[number], answer)
                missing -= 1
            if "at" in message:
                self._batch[0].at_part = message["at"]
            if "last" in message:
                raise ProcessEndedError(message["last"], certain=True, innocent=True)
            if not missing:
                return

    def _answer(self, work: Work, message: dict[str, Any]) -> None:
        if work.answer.done():
            return
        is_report = isinstance(work.job, Examination)
        work.answer.set_result(read_report(message) if is_report else read_answer(message))


def _fail(work: Work, refusal: Refusal) -> None:
    if not work.answer.done():
        work.answer.set_exception(refusal)
