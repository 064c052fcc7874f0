"""One chunk of a broadcast: who of these people is notified, what they read, and the transaction that writes
it and moves the broadcast on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from carillon_server import telemetry
from carillon_server.domain.condition import ConditionError, parse_condition
from carillon_server.domain.errors import Refusal
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.notification import Draft
from carillon_server.domain.topic import TopicMember
from carillon_server.services.composition import Composition
from carillon_server.services.ports import ChangePublisher, WorkerWaker
from carillon_server.services.send_batch import write_sends
from carillon_server.services.send_plan import Plan, PlannedSend
from carillon_server.services.shared_contents import SharedContents
from carillon_server.services.tenant_deliveries import TenantDeliveries
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.fan_out import (
    ClaimedBroadcast,
    Step,
    StoredContent,
    advance,
    find_still_members,
    put_contents,
)
from carillon_server.storage.inboxes import lock_inboxes

_NOBODY = Composition(())


class Compose(Protocol):
    """`Composer.compose`."""

    async def __call__(
        self,
        tenant: str,
        draft: Draft,
        recipient_ids: Sequence[str],
        *,
        tolerant: bool = False,
        now: datetime | None = None,
    ) -> Composition: ...


class Overtaken(Exception):  # noqa: N818 - control flow of fan-outs
    """The broadcast was called off, or somebody else has it: nothing of the chunk was written."""


class Expired(Exception):  # noqa: N818 - control flow of fan-outs
    """Its time to be told has passed."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A claimed broadcast with what it says and to whom it has come."""

    claimed: ClaimedBroadcast
    draft: Draft
    data: Mapping[str, Any]
    """What conditions are asked of."""
    contents: SharedContents


class ChunkWriter:
    """Writes chunks."""

    def __init__(
        self,
        database: Database,
        compose: Compose,
        publisher: ChangePublisher,
        waker: WorkerWaker,
        *,
        tenants: TenantDeliveries,
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._compose = compose
        self._publisher = publisher
        self._waker = waker
        self._tenants = tenants
        self._lease_seconds = lease_seconds

    async def write(self, errand: Errand, members: Sequence[TopicMember], now: datetime) -> Step:
        """Notifies these, in one transaction with the broadcast's progress. Raises `Overtaken`, `Expired`,
        and what refuses the broadcast as a whole.
        """
        wanted = [member.recipient_id for member in members if _wants(errand, member)]
        composition = await self._read_by(errand, wanted) if wanted else _NOBODY
        _check_time(errand.draft, composition, now)
        composition, new = errand.contents.share(composition)
        left = [recipient_id for recipient_id in wanted if recipient_id not in composition.failures]
        before = Step(
            members[-1].recipient_id,
            len(members),
            0,
            len(composition.failures),
            _tell(composition.failures),
        )

        async def work(connection: Connection) -> tuple[Step, Plan | None]:
            plan = await self._notify(connection, errand.claimed, composition, left)
            step = replace(before, notified=len(plan.rows.notifications) if plan else 0)
            # After everything that can fail: from here to the commit, whoever calls it off waits.
            if not await advance(connection, errand.claimed, step, self._lease_seconds):
                raise Overtaken
            await _keep(connection, errand.claimed, new)
            return step, plan

        step, plan = await self._database.transaction(work)
        errand.contents.keep(new)
        self._tell_others(step, plan)
        return step

    async def _read_by(self, errand: Errand, wanted: Sequence[str]) -> Composition:
        claimed = errand.claimed
        return await self._compose(
            claimed.tenant, errand.draft, wanted, tolerant=True, now=claimed.create_time
        )

    async def _notify(
        self,
        connection: Connection,
        claimed: ClaimedBroadcast,
        composition: Composition,
        recipient_ids: Sequence[str],
    ) -> Plan | None:
        """Those who have not been erased or left the topic by now; None where nobody remains."""
        addresses = [InboxAddress(claimed.tenant, recipient_id) for recipient_id in recipient_ids]
        inboxes = await lock_inboxes(connection, [address.inbox_id for address in addresses])
        present = {inbox.recipient_id for inbox in inboxes.values()}
        if claimed.topic and present:
            present = await find_still_members(connection, claimed, present)
        staying = tuple(address for address in addresses if address.recipient_id in present)
        if not staying:
            return None
        send = PlannedSend(claimed.tenant, claimed.sender, composition, staying, claimed.request_trace)
        return await write_sends(connection, inboxes, [send], self._tenants.channels_of)

    def _tell_others(self, step: Step, plan: Plan | None) -> None:
        if plan is not None:
            self._publisher(plan.changes)
            if plan.rows.deliveries:
                self._waker({delivery.lane for delivery in plan.rows.deliveries})
        telemetry.broadcast_recipients.labels("notified").inc(step.notified)
        telemetry.broadcast_recipients.labels("failed").inc(step.failed)
        left_out = step.processed - step.notified - step.failed
        telemetry.broadcast_recipients.labels("left_out").inc(left_out)


def _wants(errand: Errand, member: TopicMember) -> bool:
    if member.recipient_id == errand.draft.actor_id:
        return False
    if not member.condition:
        return True
    try:
        return parse_condition(member.condition).holds(errand.data)
    except ConditionError:
        return False  # written by a newer version, which knows more


def _check_time(draft: Draft, composition: Composition, now: datetime) -> None:
    # The type may say how long it lives.
    told = composition.variants[0].draft if composition.variants else draft
    if told.expire_time is not None and told.expire_time <= now:
        raise Expired


async def _keep(connection: Connection, claimed: ClaimedBroadcast, contents: Sequence[StoredContent]) -> None:
    if contents:
        await put_contents(connection, claimed.id, contents)


def _tell(failures: Mapping[str, Refusal]) -> str:
    """The first of them, as it may be shown; no data is in it."""
    return next((f"{failure.reason}: {failure.message}" for failure in failures.values()), "")
