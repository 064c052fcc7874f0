"""Broadcasts on their way to everybody, chunk by chunk.

A worker claims one broadcast at a time under a lease, and moves it on for a while: people are taken in the
order of their ids, and each chunk's notifications are written in one transaction with the broadcast's new
position. So a worker may be killed anywhere: the next one goes on after the last chunk that was committed,
and nobody is notified twice or passed over. Who calls a broadcast off waits for the chunk that is being
written; after that, nobody more.

Single sends go first. Chunks are small, and a fan-out rests after each for twice as long as it took, so
that it takes a third of one connection at the most, and less where the database is busy. After each turn the
next tenant is served: a small broadcast does not wait behind a huge one.

A fault that nobody foresaw is tried again, later each time; a broadcast that meets one `MAX_FAULTS` times
without moving on in between ends as FAILED. A Postgres that is away is no such fault: it is waited for.
"""

from __future__ import annotations

import asyncio
import time
import traceback

from carillon_server import telemetry
from carillon_server.domain.broadcast import BroadcastState
from carillon_server.domain.draft_record import load_draft
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.services.fan_out_chunk import ChunkWriter, Errand, Expired, Overtaken
from carillon_server.services.ports import PayloadEditor
from carillon_server.services.shared_contents import SharedContents
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Database
from carillon_server.storage.fan_out import (
    ClaimedBroadcast,
    claim_broadcast,
    count_fault,
    fetch_chunk,
    fetch_contents,
    finish,
    hand_back,
)

CHUNK_SIZE = 50
"""Small: a Send that meets a chunk waits for a few milliseconds of it at the most."""
TURN_SECONDS = 2.0
REST_RATIO = 2.0
"""How long it rests after a chunk, as a part of the time that the chunk took."""
MAX_FAULTS = 12
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300.0
"""Twelve tries in some twenty minutes: long enough to see the log and to roll a worker back."""
_MAX_REMEMBERED_TENANTS = 1_000
_FOR_GOOD = frozenset(
    {Reason.TYPE_NOT_FOUND, Reason.TEMPLATE_NOT_FOUND, Reason.TEMPLATE_FAILED, Reason.FIELD_INVALID}
)
_PASSING = frozenset({Reason.UNAVAILABLE, Reason.OVERLOADED, Reason.DEADLINE_EXCEEDED})
_FAULTY = (
    f"{Reason.INTERNAL}: the service failed {{}} times in a row; the log of its workers tells where, under "
    "broadcast.faulted"
)
_EXPIRED = "it expired before everybody was reached"


class FanOut:
    """Moves broadcasts on."""

    def __init__(
        self,
        database: Database,
        chunks: ChunkWriter,
        payloads: PayloadEditor,
        *,
        tenants: TenantDeliveries,
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._chunks = chunks
        self._payloads = payloads
        self._tenants = tenants
        self._lease_seconds = lease_seconds
        self._served: dict[str, None] = {}
        self._draining = False

    def drain(self) -> None:
        """Hands back what it has after the chunk under way."""
        self._draining = True

    async def work(self) -> bool:
        """One turn of one broadcast; False where none is due."""
        claimed = None
        if not self._draining:
            claimed = await claim_broadcast(self._database, self._lease_seconds, list(self._served))
        if claimed is None:
            return False
        self._remember(claimed.tenant)
        try:
            await self._move_on(claimed)
        except Overtaken:
            pass
        except Expired:
            await self._end(claimed, BroadcastState.FAILED, _EXPIRED)
        except Refusal as refusal:
            await self._refused(claimed, refusal)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next broadcast has its turn
            await self._faulted(claimed, error)
        return True

    async def _move_on(self, claimed: ClaimedBroadcast) -> None:
        await self._tenants.refresh(claimed.tenant)
        draft = load_draft(claimed.draft)
        contents = SharedContents(claimed.id, await fetch_contents(self._database, claimed.id))
        errand = Errand(claimed, draft, self._payloads.data_of(draft.payload), contents)
        position, until = claimed.position, time.monotonic() + TURN_SECONDS
        while time.monotonic() < until and not self._draining:
            started = time.monotonic()
            members, now = await fetch_chunk(self._database, claimed, position, CHUNK_SIZE)
            if now is None:
                await self._end(claimed, BroadcastState.COMPLETED)
                return
            position = (await self._chunks.write(errand, members, now)).position
            seconds = time.monotonic() - started
            telemetry.broadcast_chunk_seconds.observe(seconds)
            await asyncio.sleep(seconds * REST_RATIO)
        await hand_back(self._database, claimed)

    async def _refused(self, claimed: ClaimedBroadcast, refusal: Refusal) -> None:
        if refusal.reason in _PASSING:
            raise refusal  # its lease ends, and somebody tries again
        if refusal.reason in _FOR_GOOD:
            await self._end(claimed, BroadcastState.FAILED, f"{refusal.reason}: {refusal.message}")
        else:
            await self._faulted(claimed, refusal)

    async def _faulted(self, claimed: ClaimedBroadcast, error: Exception) -> None:
        faults = await count_fault(self._database, claimed, FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)
        telemetry.broadcast_faults.inc()
        telemetry.get_logger().error(
            "broadcast.faulted",
            broadcast_id=str(claimed.id),
            fault_count=faults,
            error=type(error).__name__,
            # Its text may quote what was to be told; its place in the code does not.
            place=traceback.format_tb(error.__traceback__),
        )
        if faults is not None and faults >= MAX_FAULTS:
            await self._end(claimed, BroadcastState.FAILED, _FAULTY.format(faults))

    async def _end(self, claimed: ClaimedBroadcast, state: BroadcastState, failure: str = "") -> None:
        if await finish(self._database, claimed, state, failure):
            telemetry.broadcasts_ended.labels(state.name.lower()).inc()

    def _remember(self, tenant: str) -> None:
        """The longest ago is first."""
        self._served.pop(tenant, None)
        self._served[tenant] = None
        if len(self._served) > _MAX_REMEMBERED_TENANTS:
            del self._served[next(iter(self._served))]
