"""Sends that wait for the next transaction: a line for each tenant, served in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.fair_queue import FairQueue
from carillon_server.services.held_sends import HeldSends
from carillon_server.services.send_plan import PlannedSend
from carillon_server.services.waiting import Waiting


class SendQueue:
    """Bounded in notifications; a tenant may use whatever others do not."""

    def __init__(self, max_size: int, max_batch: int, held: HeldSends) -> None:
        self._max_size = max_size
        self._max_batch = max_batch
        self._held = held
        self._waiting: FairQueue[Waiting] = FairQueue()
        self.size = 0
        self._sizes: Counter[str] = Counter()
        """By tenant."""

    def put(self, waiting: Waiting) -> None:
        """Raises OVERLOADED."""
        tenant, size = waiting.send.tenant, len(waiting.send.addresses)
        if self.size + size > self._max_size and self._is_over_share(tenant, size):
            raise Refusal(Reason.OVERLOADED, "too many sends are waiting", retry_after_seconds=1.0)
        self._waiting.push(tenant, waiting)
        self._add(tenant, size)

    def take(self, under_way: Set[bytes]) -> list[Waiting]:
        """The next batch, without the inboxes that are `under_way`. What nobody waits for any more is left
        out, what must wait for an inbox is held.
        """
        batch: list[Waiting] = []
        size = 0
        collapsing: set[tuple[bytes, str]] = set()
        while self._waiting:
            first = self._waiting.first().send
            if batch and size + len(first.addresses) > self._max_batch:
                break
            keys = first.collapse_keys
            # The second of two sends with one key takes the place of the first, so it must see it.
            if not collapsing.isdisjoint(keys) or _meets(under_way, first):
                break
            tenant, waiting = self._waiting.pop()
            self._add(tenant, -len(first.addresses))
            if waiting.over:
                continue
            if self._held and self._held.concerns(waiting):
                self._held.hold(waiting)
                continue
            collapsing.update(keys)
            batch.append(waiting)
            size += len(first.addresses)
        telemetry.writer_queue.set(self.size)
        return batch

    def _is_over_share(self, tenant: str, size: int) -> bool:
        """Who waits for less than its share finds room in a queue that others have filled."""
        waiting = self._sizes[tenant]
        tenants = len(self._sizes) + (waiting == 0)
        return waiting + size > self._max_size // tenants

    def _add(self, tenant: str, size: int) -> None:
        self.size += size
        self._sizes[tenant] += size
        if not self._sizes[tenant]:
            del self._sizes[tenant]


def _meets(inbox_ids: Set[bytes], send: PlannedSend) -> bool:
    return bool(inbox_ids) and any(address.inbox_id in inbox_ids for address in send.addresses)
