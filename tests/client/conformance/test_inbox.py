from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from carillon import AsyncClient, errors

Send = Callable[..., Awaitable[str]]


async def test_pages_are_newest_first_and_complete(gateway: AsyncClient, send: Send, ada: str) -> None:
    sent = [await send(ada, title=f"{number}") for number in range(5)]
    first = await gateway.list(recipient_id=ada, page_size=2)
    second = await gateway.list(recipient_id=ada, page_size=2, page_token=first.next_page_token)
    third = await gateway.list(recipient_id=ada, page_size=2, page_token=second.next_page_token)
    assert third.next_page_token == ""
    listed = [each.id for page in (first, second, third) for each in page.notifications]
    assert listed == sent[::-1]
    assert [each.id async for each in gateway.list_all(recipient_id=ada, page_size=3)] == listed


async def test_what_arrives_between_two_pages_is_not_on_the_second(
    gateway: AsyncClient, send: Send, ada: str
) -> None:
    old = [await send(ada) for _ in range(3)]
    first = await gateway.list(recipient_id=ada, page_size=2)
    await send(ada)
    second = await gateway.list(recipient_id=ada, page_size=2, page_token=first.next_page_token)
    assert [each.id for each in second.notifications] == [old[0]]


async def test_an_empty_inbox_is_an_empty_page_with_a_cursor(gateway: AsyncClient, ada: str) -> None:
    page = await gateway.list(recipient_id=ada)
    assert (list(page.notifications), page.total_count, page.next_page_token) == ([], 0, "")
    assert page.cursor


async def test_filters_restrict_the_page_but_not_the_counters(
    gateway: AsyncClient, send: Send, ada: str
) -> None:
    await send(ada, type="a.a", category="one", thread_key="t1", labels={"k": "1", "l": "x"})
    other = await send(ada, type="b.b", category="two", thread_key="t2", labels={"k": "2"})
    await gateway.mark_read(recipient_id=ada, ids=[other])
    now = datetime.now(UTC)
    for wanted in (
        {"types": ["b.b", "c.c"]},
        {"category": "two"},
        {"thread_key": "t2"},
        {"labels": {"k": "2"}},
        {"unread": False},
    ):
        page = await gateway.list(recipient_id=ada, filter=wanted)
        assert [each.id for each in page.notifications] == [other], wanted
        assert (page.total_count, page.unread_count) == (2, 1)
    for nothing in (
        {"types": ["b.b"], "category": "one"},
        {"labels": {"k": "1", "l": "y"}},
        {"archived": True},
        {"start_time": now + timedelta(hours=1)},
        {"end_time": now - timedelta(hours=1)},
    ):
        assert not (await gateway.list(recipient_id=ada, filter=nothing)).notifications, nothing
    within = {"start_time": now - timedelta(hours=1), "end_time": now + timedelta(hours=1)}
    assert len((await gateway.list(recipient_id=ada, filter=within)).notifications) == 2


async def test_page_sizes_are_clamped_and_negative_ones_refused(
    gateway: AsyncClient, producer: AsyncClient, ada: str
) -> None:
    item = {"recipient_ids": [ada], "type": "t", "content": {"title": "x"}}
    await producer.send_batch(requests=[item] * 101)
    assert len((await gateway.list(recipient_id=ada)).notifications) == 20
    assert len((await gateway.list(recipient_id=ada, page_size=1_000_000)).notifications) == 100
    with pytest.raises(errors.FieldInvalidError) as refused:
        await gateway.list(recipient_id=ada, page_size=-1)
    assert [violation.field for violation in refused.value.field_violations] == ["page_size"]


async def test_page_tokens_hold_for_their_query_only(
    gateway: AsyncClient, send: Send, ada: str, bob: str
) -> None:
    for _ in range(2):
        await send(ada)
    token = (await gateway.list(recipient_id=ada, page_size=1)).next_page_token
    with pytest.raises(errors.PageTokenInvalidError):
        await gateway.list(recipient_id=ada, page_token=token, filter={"category": "other"})
    with pytest.raises(errors.PageTokenInvalidError):
        await gateway.list(recipient_id=bob, page_token=token)
    with pytest.raises(errors.PageTokenInvalidError):
        await gateway.list(recipient_id=ada, page_token=f"{token}x")


async def test_counts_are_by_type_category_and_priority(gateway: AsyncClient, send: Send, ada: str) -> None:
    await send(ada, type="a.a", category="one", priority="URGENT")
    read = await send(ada, type="a.a", priority="LOW")
    archived = await send(ada, type="b.b")
    await gateway.mark_read(recipient_id=ada, ids=[read])
    await gateway.archive(recipient_id=ada, ids=[archived])
    counts = await gateway.get_counts(recipient_id=ada)
    whole = counts.counts
    assert (whole.total_count, whole.unread_count, whole.unseen_count, whole.archived_count) == (2, 1, 1, 1)
    assert {name: part.total_count for name, part in counts.by_type.items() if part.total_count} == {"a.a": 2}
    assert counts.by_type["b.b"].archived_count == 1
    assert counts.by_category["one"].unread_count == 1
    assert counts.by_category[""].total_count == 1
    present = [(part.priority, part.counts.total_count) for part in counts.by_priority]
    assert [entry for entry in present if entry[1]] == [(1, 1), (4, 1)]


async def test_the_first_action_taken_stays(gateway: AsyncClient, producer: AsyncClient, ada: str) -> None:
    actions = [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]
    response = await producer.send(recipient_ids=[ada], type="t", content={"title": "?", "actions": actions})
    sent = response.results[0].notification_id
    taken = await gateway.record_action(recipient_id=ada, id=sent, action_id="yes")
    assert taken.notification.action_taken.action_id == "yes"
    again = await gateway.record_action(recipient_id=ada, id=sent, action_id="yes")
    assert again.notification.action_taken == taken.notification.action_taken
    with pytest.raises(errors.ActionAlreadyTakenError):
        await gateway.record_action(recipient_id=ada, id=sent, action_id="no")
    with pytest.raises(errors.ActionNotFoundError):
        await gateway.record_action(recipient_id=ada, id=sent, action_id="maybe")
    assert (await producer.get(id=sent)).notification.action_taken.action_id == "yes"


async def test_a_newer_notification_replaces_unread_ones_with_its_collapse_key(
    gateway: AsyncClient, send: Send, ada: str
) -> None:
    read = await send(ada, collapse_key="sync")
    await gateway.mark_read(recipient_id=ada, ids=[read])
    await send(ada, collapse_key="sync")
    other = await send(ada, collapse_key="other")
    newest = await send(ada, collapse_key="sync")
    page = await gateway.list(recipient_id=ada)
    assert [each.id for each in page.notifications] == [newest, other, read]
    assert (page.total_count, page.unread_count) == (3, 2)


async def test_a_device_learns_what_to_drop(gateway: AsyncClient, send: Send, ada: str) -> None:
    kept, read, archived, removed = [await send(ada) for _ in range(4)]
    await gateway.mark_read(recipient_id=ada, ids=[read])
    await gateway.archive(recipient_id=ada, ids=[archived])
    await gateway.delete(recipient_id=ada, ids=[removed])
    response = await gateway.reconcile(recipient_id=ada, ids=[removed, kept, "ntf_unknown", read, archived])
    assert list(response.drop_ids) == [removed, "ntf_unknown", read, archived]


async def test_another_inboxs_notification_is_not_found(
    gateway: AsyncClient, send: Send, ada: str, bob: str
) -> None:
    sent = await send(ada)
    with pytest.raises(errors.NotificationNotFoundError):
        await gateway.get(id=sent, recipient_id=bob)
    with pytest.raises(errors.NotificationNotFoundError):
        await gateway.record_action(id=sent, action_id="x", recipient_id=bob)
    response = await gateway.mark_read(ids=[sent], recipient_id=bob)
    assert response.changed_count == 0
