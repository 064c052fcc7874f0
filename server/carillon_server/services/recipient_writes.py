"""Many patches in few statements: what grows with their number is arrays, never the number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from carillon_server.domain.errors import FieldsInvalid, Refusal
from carillon_server.domain.recipient import MAX_ENDPOINTS, Recipient, RecipientPatch
from carillon_server.storage.database import Connection
from carillon_server.storage.endpoints import fetch_endpoint_ids, put_endpoints
from carillon_server.storage.recipients import patch_recipients

Outcome: TypeAlias = Recipient | Refusal
KeyedPatch: TypeAlias = tuple[bytes, RecipientPatch]
"""A patch and the inbox that it is for."""


async def write_patches(connection: Connection, patches: Sequence[KeyedPatch]) -> list[Outcome]:
    """Applies patches to recipients that the transaction has locked; what became of each, in order.

    A patch that would give a recipient too many endpoints is refused and changes nothing.
    """
    outcomes: dict[int, Outcome] = {}
    for turn in _take_turns(patches):
        written = await _write_turn(connection, [patches[index] for index in turn])
        outcomes.update(zip(turn, written, strict=True))
    return [outcomes[index] for index in range(len(patches))]


def _take_turns(patches: Sequence[KeyedPatch]) -> list[list[int]]:
    """The first patch of every recipient, then the second, and so on: a statement may not touch a row
    twice.
    """
    turns: list[list[int]] = []
    seen: dict[bytes, int] = {}
    for index, (inbox_id, _) in enumerate(patches):
        turn = seen.get(inbox_id, 0)
        seen[inbox_id] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(index)
    return turns


async def _write_turn(connection: Connection, patches: Sequence[KeyedPatch]) -> list[Outcome]:
    refusals = await _refuse_too_many(connection, patches)
    taken = [(inbox_id, patch) for inbox_id, patch in patches if inbox_id not in refusals]
    recipients = await patch_recipients(connection, taken)
    await put_endpoints(
        connection,
        (
            (inbox_id, endpoint)
            for inbox_id, patch in taken
            for endpoint in {each.raw_id: each for each in patch.endpoints}.values()
        ),
    )
    return [refusals.get(inbox_id) or recipients[inbox_id] for inbox_id, _ in patches]


async def _refuse_too_many(connection: Connection, patches: Sequence[KeyedPatch]) -> dict[bytes, Refusal]:
    adding = {inbox_id: {each.raw_id for each in patch.endpoints} for inbox_id, patch in patches}
    asked = {inbox_id: ids for inbox_id, ids in adding.items() if ids}
    known = await fetch_endpoint_ids(connection, asked.keys()) if asked else {}
    return {
        inbox_id: FieldsInvalid.of("endpoints", f"a recipient can have {MAX_ENDPOINTS} endpoints")
        for inbox_id, ids in asked.items()
        if ids - known[inbox_id] and len(ids | known[inbox_id]) > MAX_ENDPOINTS
    }
