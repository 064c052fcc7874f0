"""arq, and what Redis does for the worker: wake-ups, a clock, a sign of life. Nowhere else is arq imported.

Each lane has a queue of its own, and every worker serves them all. A wake-up carries nothing: it says that
some delivery of the lane is due, and Postgres knows which. So all sends of one twentieth of a second share
one job, named after that twentieth and run at its end, when every commit that it stands for has happened. (A
job that has the same name as one under way is dropped by arq; by then its sends belong to the next one.)
Results are not kept: a kept one would block its job's name. Whatever Redis loses, the worker's own loops find
within `sweep_seconds`.

arq's worker dies when Redis goes away for longer than its connection's retries; `JobQueue` starts it again
until it is stopped. Redis may be away from the start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any

from arq import cron
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker as ArqWorker
from arq.worker import func
from redis.asyncio.retry import Retry
from redis.backoff import FullJitterBackoff
from redis.exceptions import RedisError

from carillon_server.delivery import metrics
from carillon_server.delivery.ending import end_tasks
from carillon_server.domain.lane import Lane
from carillon_server.telemetry import get_logger

ALIVE_KEY = "carillon:worker"
_DELIVER = "deliver"
_FAN_OUT = "fan_out"
_MAIN_LANE = Lane.URGENT
"""Whose arq worker has the clock and the sign of life."""
_BUCKET_MILLISECONDS = 50
_POLL_SECONDS = 0.02
_ALIVE_SECONDS = 5
_TIMEOUT_SECONDS = 2.0
_JOB_TIMEOUT_SECONDS = 5
_RESTART_SECONDS = 1.0
_LAST_WORDS_SECONDS = 1.0
_REDIS_AWAY = (RedisError, OSError, TimeoutError)


def queue_name(lane: Lane) -> str:
    """The queue of a lane's wake-ups."""
    return f"carillon:{lane.name.lower()}"


def _connect(url: str, *, retries: int) -> ArqRedis:
    """A client that connects when first used; never pickles."""
    client: ArqRedis = ArqRedis.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(FullJitterBackoff(cap=0.5, base=0.05), retries),
        retry_on_error=[RedisError, OSError] if retries else [],
    )
    client.job_serializer = _dump
    client.job_deserializer = json.loads
    return client


def _dump(job: dict[str, Any]) -> bytes:
    # What arq says of a job that expired holds an exception.
    return json.dumps(job, default=repr).encode()


class Waker:
    """Tells workers that deliveries are due (`services.ports.WorkerWaker`), or that a broadcast is."""

    def __init__(self, redis_url: str) -> None:
        self._bells = {lane: _Bell(redis_url, lane) for lane in Lane}
        self._herald = _Bell(redis_url, _MAIN_LANE, _FAN_OUT)

    def __call__(self, lanes: Collection[Lane]) -> None:
        for lane in lanes:
            self._bells[lane].ring()

    def wake_fan_out(self) -> None:
        """A broadcast was begun. Never raises, never waits."""
        self._herald.ring()

    async def start(self) -> None:
        for bell in self._all:
            bell.start()

    async def stop(self) -> None:
        """Wake-ups not sent by now are left to the workers' loops."""
        await end_tasks([bell.task for bell in self._all if bell.task is not None])

    @property
    def _all(self) -> list[_Bell]:
        return [*self._bells.values(), self._herald]


class _Bell:
    """The wake-ups of one lane, for one job."""

    def __init__(self, redis_url: str, lane: Lane, job: str = _DELIVER) -> None:
        self._redis_url = redis_url
        self._lane = lane
        self._job = job
        self._called = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        self._called.set()

    def start(self) -> None:
        self.task = asyncio.create_task(self._loop(), name=f"waker {self._job} {self._lane.name}")

    async def _loop(self) -> None:
        async with _connect(self._redis_url, retries=0) as redis:
            last_bucket = 0
            while True:
                await self._called.wait()
                self._called.clear()
                bucket = time.time_ns() // 1_000_000 // _BUCKET_MILLISECONDS + 1
                if bucket != last_bucket and await _enqueue(redis, self._job, self._lane, bucket):
                    last_bucket = bucket


async def _enqueue(redis: ArqRedis, job: str, lane: Lane, bucket: int) -> bool:
    queue = queue_name(lane)
    job_id = f"{job}:{lane.name.lower()}:{bucket}"
    end = datetime.fromtimestamp(bucket * _BUCKET_MILLISECONDS / 1000, UTC)
    try:
        await redis.enqueue_job(job, _job_id=job_id, _queue_name=queue, _defer_until=end)
    except _REDIS_AWAY as error:
        metrics.wakeups.labels("failed").inc()
        get_logger().warning("waker.failed", error=type(error).__name__)
        await asyncio.sleep(_RESTART_SECONDS)
        return False
    metrics.wakeups.labels("sent").inc()
    return True


class _LaneWorker(ArqWorker):
    """Knows what it still has to tell Redis about jobs that ended.

    arq shields that from the cancellation of its job, so it outlives the job's task; without waiting for it a
    connection is made again that nobody closes.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._last_words: set[asyncio.Task[None]] = set()

    async def finish_job(self, *args: Any, **options: Any) -> None:
        await self._say(super().finish_job(*args, **options))

    async def finish_failed_job(self, *args: Any, **options: Any) -> None:
        await self._say(super().finish_failed_job(*args, **options))

    async def end_last_words(self) -> None:
        if self._last_words:
            await asyncio.wait(self._last_words, timeout=_LAST_WORDS_SECONDS)
        await end_tasks(self._last_words)

    def _say(self, words: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(words)
        self._last_words.add(task)
        task.add_done_callback(self._last_words.discard)
        return task


class JobQueue:
    """Runs an arq worker for each lane: `deliver` and `fan_out` after their wake-ups, `sweep` once a second
    in one worker of all.
    """

    def __init__(
        self,
        redis_url: str,
        *,
        deliver: Callable[[Lane], None],
        fan_out: Callable[[], None],
        sweep: Callable[[], None],
    ) -> None:
        self._redis_url = redis_url
        self._deliver = deliver
        self._fan_out = fan_out
        self._sweep = sweep
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        # arq tells of every job; what matters of them is in the metrics.
        logging.getLogger("arq").setLevel(logging.WARNING)
        self._tasks = [asyncio.create_task(self._loop(lane), name=queue_name(lane)) for lane in Lane]

    async def stop(self) -> None:
        await end_tasks(self._tasks)

    async def _loop(self, lane: Lane) -> None:
        while True:
            try:
                await self._serve(lane)
            except Exception as error:  # noqa: BLE001 - whatever ended arq's worker, it is started again
                metrics.queue_restarts.inc()
                get_logger().warning("queue.restarted", error=type(error).__name__)
            await asyncio.sleep(_RESTART_SECONDS)

    async def _serve(self, lane: Lane) -> None:
        async with _connect(self._redis_url, retries=5) as redis:
            worker = self._build(redis, lane)
            try:
                await worker.main()
            finally:
                await end_tasks(worker.tasks.values())
                await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
                await worker.end_last_words()

    def _build(self, redis: ArqRedis, lane: Lane) -> _LaneWorker:
        sweep = cron(_job("sweep", self._sweep), name="sweep", second=set(range(60)), microsecond=0)
        return _LaneWorker(
            functions=[
                func(_job(_DELIVER, partial(self._deliver, lane)), name=_DELIVER),
                func(_job(_FAN_OUT, self._fan_out), name=_FAN_OUT),
            ],
            cron_jobs=[sweep] if lane is _MAIN_LANE else None,
            queue_name=queue_name(lane),
            redis_pool=redis,
            handle_signals=False,
            job_serializer=_dump,
            job_deserializer=json.loads,
            keep_result=0,
            max_jobs=100,
            job_timeout=_JOB_TIMEOUT_SECONDS,
            max_tries=1,
            poll_delay=_POLL_SECONDS,
            health_check_key=ALIVE_KEY if lane is _MAIN_LANE else f"{ALIVE_KEY}:{lane.name.lower()}",
            health_check_interval=_ALIVE_SECONDS,
            log_results=False,
        )


def _job(name: str, action: Callable[[], None]) -> WorkerCoroutine:
    async def run(ctx: dict[Any, Any], *_args: Any, **_kwargs: Any) -> None:
        metrics.queue_jobs.labels(name).inc()
        action()

    return run


class RedisProbe:
    """Whether Redis answers."""

    def __init__(self, redis_url: str) -> None:
        self._redis = _connect(redis_url, retries=0)

    async def __call__(self) -> bool:
        try:
            return bool(await self._redis.ping())
        except _REDIS_AWAY:
            return False

    async def close(self) -> None:
        await self._redis.aclose()


class WorkerProbe:
    """Whether some worker is alive: one has said so in Redis within the last seconds."""

    def __init__(self, redis_url: str) -> None:
        self._redis = _connect(redis_url, retries=0)

    async def __call__(self) -> bool:
        """False too when Redis cannot be asked."""
        try:
            return bool(await self._redis.exists(ALIVE_KEY))
        except _REDIS_AWAY:
            return False

    async def close(self) -> None:
        await self._redis.aclose()
