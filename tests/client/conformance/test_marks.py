from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from carillon import AsyncClient, errors
from carillon.v1.types_pb2 import Counts, Notification

Send = Callable[..., Awaitable[str]]


async def shown(gateway: AsyncClient, recipient_id: str, sent: str) -> Notification:
    return (await gateway.get(recipient_id=recipient_id, id=sent)).notification


def figures(counts: Counts) -> tuple[int, int, int, int]:
    return counts.total_count, counts.unread_count, counts.unseen_count, counts.archived_count


async def test_reading_also_marks_as_seen(gateway: AsyncClient, send: Send, ada: str) -> None:
    sent = await send(ada)
    marked = await gateway.mark_read(recipient_id=ada, ids=[sent])
    assert (marked.changed_count, figures(marked.counts)) == (1, (1, 0, 0, 0))
    notification = await shown(gateway, ada, sent)
    assert notification.HasField("read_time")
    assert notification.HasField("seen_time")


async def test_marking_as_unread_keeps_it_seen(gateway: AsyncClient, send: Send, ada: str) -> None:
    sent = await send(ada)
    await gateway.mark_read(recipient_id=ada, ids=[sent])
    marked = await gateway.mark_unread(recipient_id=ada, ids=[sent])
    assert (marked.changed_count, figures(marked.counts)) == (1, (1, 1, 0, 0))


async def test_marking_as_seen_leaves_it_unread(gateway: AsyncClient, send: Send, ada: str) -> None:
    sent = await send(ada)
    marked = await gateway.mark_seen(recipient_id=ada, ids=[sent])
    assert (marked.changed_count, figures(marked.counts)) == (1, (1, 1, 0, 0))


async def test_archiving_takes_out_of_the_inbox_and_its_counters_but_does_not_read(
    gateway: AsyncClient, send: Send, ada: str
) -> None:
    sent = await send(ada)
    archived = await gateway.archive(recipient_id=ada, ids=[sent])
    assert (archived.changed_count, figures(archived.counts)) == (1, (0, 0, 0, 1))
    assert not (await gateway.list(recipient_id=ada)).notifications
    [in_archive] = (await gateway.list(recipient_id=ada, filter={"archived": True})).notifications
    assert not in_archive.HasField("read_time")
    back = await gateway.unarchive(recipient_id=ada, ids=[sent])
    assert (back.changed_count, figures(back.counts)) == (1, (1, 1, 1, 0))


async def test_a_pin_comes_and_goes(gateway: AsyncClient, send: Send, ada: str) -> None:
    sent = await send(ada)
    assert (await gateway.pin(recipient_id=ada, ids=[sent])).changed_count == 1
    assert (await shown(gateway, ada, sent)).HasField("pin_time")
    assert (await gateway.unpin(recipient_id=ada, ids=[sent])).changed_count == 1
    assert not (await shown(gateway, ada, sent)).HasField("pin_time")


async def test_what_is_deleted_is_gone_for_good(gateway: AsyncClient, send: Send, ada: str) -> None:
    sent = await send(ada)
    deleted = await gateway.delete(recipient_id=ada, ids=[sent])
    assert (deleted.changed_count, figures(deleted.counts)) == (1, (0, 0, 0, 0))
    with pytest.raises(errors.NotificationNotFoundError):
        await gateway.get(recipient_id=ada, id=sent)


@pytest.mark.parametrize(
    "name", ["mark_read", "mark_unread", "mark_seen", "archive", "unarchive", "pin", "unpin", "delete"]
)
async def test_a_mark_repeated_changes_nothing_and_does_not_move_the_inbox(
    gateway: AsyncClient, send: Send, ada: str, name: str
) -> None:
    sent = await send(ada)
    mark: Any = getattr(gateway, name)
    once = await mark(recipient_id=ada, ids=[sent, sent, "ntf_unknown"])
    again = await mark(recipient_id=ada, ids=[sent])
    assert once.changed_count <= 1
    assert again.changed_count == 0
    assert (again.counts, again.cursor) == (once.counts, once.cursor)


async def test_all_marks_what_matches_the_filter(gateway: AsyncClient, send: Send, ada: str) -> None:
    await send(ada, category="one")
    await send(ada, category="two")
    marked = await gateway.mark_read(recipient_id=ada, all=True, filter={"category": "one"})
    assert (marked.changed_count, figures(marked.counts)) == (1, (2, 1, 1, 0))


async def test_all_leaves_alone_what_came_in_after_the_cursor(
    gateway: AsyncClient, send: Send, ada: str
) -> None:
    await send(ada)
    cursor = (await gateway.list(recipient_id=ada)).cursor
    late = await send(ada)
    marked = await gateway.mark_read(recipient_id=ada, all=True, until_cursor=cursor)
    assert marked.changed_count == 1
    assert not (await shown(gateway, ada, late)).HasField("read_time")


async def test_either_ids_or_all_but_not_both_nor_none(gateway: AsyncClient, send: Send, ada: str) -> None:
    sent = await send(ada)
    for selection in ({}, {"ids": [sent], "all": True}):
        with pytest.raises(errors.FieldInvalidError):
            await gateway.mark_read(recipient_id=ada, **selection)
    with pytest.raises(errors.FieldInvalidError):
        await gateway.mark_read(recipient_id=ada, ids=["ntf"] * 1_001)
    assert not (await shown(gateway, ada, sent)).HasField("read_time")
