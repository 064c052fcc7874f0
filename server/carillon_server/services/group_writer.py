"""Group commit: the sends that arrive while a transaction is under way are written together as the next one.
They wait in a line for each tenant, and the lines are served in turn.

Idle, a send does not wait; busy, batches grow, and with them the throughput. How one is written is told in
`batch_writer.py`.

While Postgres writes a batch the next one is planned and sent after it, on another connection, once it is
full: until then it had better grow. Two batches under way never share an inbox, so each inbox is written in
the order of the queue, and neither waits for the other's locks.

What can go wrong, and what happens then:

* A recipient has no inbox yet: the transaction is given up, the inboxes are made, and it starts again.
* A `request_id` was answered before: the unique key says so, the transaction is rolled back, and those
sends are answered from the
  record. While that happens the record is looked up first.
* A value that Postgres refuses: every send of the batch is tried alone, so one bad send fails alone.
* An inbox is locked by somebody who does not let go of it: its sends wait beside the queue (`HeldSends`), all
others are written without them.
* Postgres is away: everything in the batch is refused with UNAVAILABLE; whether it was committed is not
known, and the retry under
  the same `request_id` finds out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal, Unavailable
from carillon_server.domain.send import SendOutcome
from carillon_server.services.batch_writer import BatchWriter, InboxesMissing
from carillon_server.services.held_sends import HeldSends, inbox_ids_of
from carillon_server.services.ports import ChangePublisher, WorkerWaker
from carillon_server.services.send_batch import AnsweredBefore
from carillon_server.services.send_plan import PlannedSend
from carillon_server.services.send_queue import SendQueue
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.services.waiting import Single, Waiting
from carillon_server.storage.database import BadRowError, Database, RowsLockedError
from carillon_server.storage.inboxes import ensure_inboxes, find_locked
from carillon_server.storage.sends import find_requests

_QUIET_TURNS = 20
_ENOUGH = 64
"""Notifications; a batch of twice as many hardly costs less for each."""


class GroupWriter:
    """Writes sends in batches, a few transactions at once."""

    def __init__(
        self,
        database: Database,
        publisher: ChangePublisher,
        waker: WorkerWaker,
        *,
        tenants: TenantDeliveries,
        concurrency: int,
        max_batch: int,
        max_queue: int,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._waker = waker
        self._max_batch = max_batch
        self._held = HeldSends(self._try_held, max_batch)
        self._queue = SendQueue(max_queue, max_batch, self._held)
        self._under_way: set[bytes] = set()
        """Inboxes of the batches that are being written."""
        self._gathering = False
        self._arrived = asyncio.Event()
        self._stopping = False
        self._look_up_first = False
        self._batches = BatchWriter(database, tenants.channels_of)
        self._flushers = [
            asyncio.create_task(self._flush(), name=f"group-writer-{number}") for number in range(concurrency)
        ]

    async def write(self, send: PlannedSend) -> SendOutcome:
        """The answer, once committed. Cancelled before its batch begins, nothing is written."""
        waiting = Single(send)
        self._enqueue(waiting)
        return await waiting.answer

    def put(self, waiting: Waiting) -> None:
        """The same for one of many: what `write` raises is its result."""
        try:
            self._enqueue(waiting)
        except Refusal as refusal:
            waiting.settle(refusal)

    def _enqueue(self, waiting: Waiting) -> None:
        if self._stopping:
            raise Unavailable("the service is stopping")
        self._queue.put(waiting)
        if self._may_begin():
            self._arrived.set()

    async def stop(self) -> None:
        """Writes what is queued, then ends."""
        self._stopping = True
        self._arrived.set()
        await asyncio.gather(*self._flushers)
        await self._held.stop()

    async def _flush(self) -> None:
        while True:
            batch = self._queue.take(self._under_way) if self._may_begin() else []
            if batch:
                inbox_ids = {inbox_id for waiting in batch for inbox_id in inbox_ids_of(waiting)}
                self._under_way |= inbox_ids
                await self._settle(batch)
                self._under_way -= inbox_ids
                if len(batch) > 1:
                    await self._gather()
            elif self._stopping:
                return
            else:
                self._arrived.clear()
                await self._arrived.wait()

    def _may_begin(self) -> bool:
        return self._queue.size >= self._max_batch or not (self._under_way or self._gathering)

    async def _gather(self) -> None:
        """Lets in what keeps coming. gRPC takes one call in a few turns of the loop, and a commit costs as
        much as several sends: a busy writer that took what is there would commit for five of 64 callers.
        """
        quiet_turns, self._gathering = 0, True
        while quiet_turns < _QUIET_TURNS and self._queue.size < _ENOUGH and not self._stopping:
            before = self._queue.size
            await asyncio.sleep(0)
            quiet_turns = quiet_turns + 1 if self._queue.size == before else 0
        self._gathering = False

    async def _settle(self, batch: list[Waiting]) -> None:
        """Answers everyone in the batch, whatever happens."""
        try:
            await self._write(batch)
        except BadRowError as error:
            await self._settle_alone(batch, error)
        except RowsLockedError:
            await self._settle_unlocked(batch)
        except Exception as error:  # noqa: BLE001 - each caller is told, and the error interceptor logs it
            _fail(batch, error)

    async def _settle_unlocked(self, batch: list[Waiting]) -> None:
        """A batch that met a lock."""
        ready = await self._set_aside(batch)
        if len(ready) < len(batch):
            await self._settle(ready)
        elif len(batch) == 1:
            self._held.hold(batch[0])
        else:
            # It is no inbox that is locked. One of them meets it again, and is held.
            for waiting in batch:
                await self._settle([waiting])

    async def _try_held(self, batch: list[Waiting]) -> None:
        await self._settle(await self._set_aside(batch))

    async def _set_aside(self, batch: list[Waiting]) -> list[Waiting]:
        """Holds those of which an inbox is locked; the others."""
        try:
            locked = await find_locked(self._database, {i for w in batch for i in inbox_ids_of(w)})
        except Exception as error:  # noqa: BLE001 - as above
            _fail(batch, error)
            return []
        ready = []
        for waiting in batch:
            if locked.isdisjoint(inbox_ids_of(waiting)):
                ready.append(waiting)
            else:
                self._held.hold(waiting)
        return ready

    async def _settle_alone(self, batch: list[Waiting], error: BadRowError) -> None:
        if len(batch) == 1:
            _fail(batch, error)
            return
        for waiting in batch:
            await self._settle([waiting])

    async def _write(self, batch: list[Waiting]) -> None:
        look_up = self._look_up_first
        while batch:
            if look_up:
                batch = await self._answer_replays(batch)
                if not batch:
                    return
            try:
                await self._commit(batch)
            except InboxesMissing:
                await ensure_inboxes(self._database, {a for waiting in batch for a in waiting.send.addresses})
            except AnsweredBefore:
                look_up = True
            else:
                return

    async def _commit(self, batch: list[Waiting]) -> None:
        sends = [waiting.send for waiting in batch]
        started = time.perf_counter()
        plan = await self._batches.write(sends)
        telemetry.commit_seconds.observe(time.perf_counter() - started)
        telemetry.batch_notifications.observe(len(plan.rows.notifications))
        # Callers first: they wait, and hints and wake-ups go out in turns of the loop of their own.
        for waiting, outcome in zip(batch, plan.outcomes, strict=True):
            waiting.settle(outcome)
        self._publisher(plan.changes)
        if plan.rows.deliveries:
            self._waker({delivery.lane for delivery in plan.rows.deliveries})

    async def _answer_replays(self, batch: list[Waiting]) -> list[Waiting]:
        """Answers what was answered before; returns the rest."""
        keys = [waiting.send.key for waiting in batch if waiting.send.key]
        async with self._database.connection() as connection:
            known = await find_requests(connection, keys)
        self._look_up_first = bool(known)
        rest = []
        for waiting in batch:
            remembered = known.get(waiting.send.key) if waiting.send.key else None
            if remembered is None:
                rest.append(waiting)
            elif remembered.request_hash == waiting.send.draft.request_hash:
                asked = [address.recipient_id for address in waiting.send.addresses]
                waiting.settle(remembered.outcome.addressed_to(asked))
            else:
                waiting.settle(request_id_reused(waiting.send.draft.request_id))
        return rest


def request_id_reused(request_id: str) -> Refusal:
    """The refusal of a key that another request holds."""
    return Refusal(
        Reason.REQUEST_ID_REUSED,
        "this request_id was used before with another body",
        metadata={"request_id": request_id},
    )


def _fail(batch: Sequence[Waiting], error: Exception) -> None:
    for waiting in batch:
        waiting.settle(error)
