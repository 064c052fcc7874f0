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


async def write_alone(
    connection: Connection, inbox_id: bytes, inbox: OpenInbox, send: PlannedSend, channels_of: ChannelsOf
) -> Plan | None:
    """One send to one inbox that is not locked, in one statement: half the round trips of a transaction.

    None: something came in between, and nothing is written.
    """
    plan = Planner({inbox_id: inbox}, (), channels_of).plan([send])
    return plan if await write_unlocked(connection, plan.rows, inbox.state.version) else None
