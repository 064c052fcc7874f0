"""What every transaction does that writes notifications to inboxes it has locked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from carillon_server.domain.channel import Channel
from carillon_server.services.send_plan import Plan, PlannedSend, Planner
from carillon_server.storage.database import Connection
from carillon_server.storage.inboxes import OpenInbox
from carillon_server.storage.removals import bury
from carillon_server.storage.sends import find_collapsed, write_batch, write_unlocked

_REPLACED = "replaced"
ChannelsOf: TypeAlias = Callable[[str], Collection[Channel]]


class AnsweredBefore(Exception):  # noqa: N818 - control flow of those who write
    """Some requests of the batch are answered already; the transaction must be rolled back."""


async def write_sends(
    connection: Connection,
    inboxes: Mapping[bytes, OpenInbox],
    sends: Sequence[PlannedSend],
    channels_of: ChannelsOf,
) -> Plan:
    """Decides and writes; `inboxes` are locked and hold everybody addressed. Raises `AnsweredBefore`."""
    keys = {key for send in sends for key in send.collapse_keys}
    collapsed = await find_collapsed(connection, keys) if keys else []
    plan = Planner(inboxes, collapsed, channels_of).plan(sends)
    if plan.removals:
        await bury(connection, plan.removals, _REPLACED)
    if not await write_batch(connection, plan.rows):
        raise AnsweredBefore
    return plan


async def write_sends_unlocked(
    connection: Connection,
    inboxes: Mapping[bytes, OpenInbox],
    sends: Sequence[PlannedSend],
    channels_of: ChannelsOf,
) -> Plan | None:
    """The same without a transaction, in one statement; `inboxes` were read and are not locked, and nothing
    collapses: half the round trips.

    None: something came in between, and nothing is written.
    """
    plan = Planner(inboxes, (), channels_of).plan(sends)
    versions = {inbox_id: inbox.state.version for inbox_id, inbox in inboxes.items()}
    return plan if await write_unlocked(connection, plan.rows, versions) else None
