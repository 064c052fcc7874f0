"""What a person does with their inbox, over the socket."""

from __future__ import annotations

import time
from typing import Any

import pytest

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from tests.transport.conftest import House
from tests.transport.requests import SEND
from tests.transport.rpcs import request_type


async def _fill(house: House, count: int, **changes: Any) -> list[str]:
    requests = [{**SEND, "content": {"title": f"n{number}"}, **changes} for number in range(count)]
    answer = await house.producer.call("SendBatch", pb.SendBatchRequest(requests=requests))
    ids = [result.response.results[0].notification_id for result in answer.results]
    page = await house.user().call("List", pb.ListRequest(page_size=100))
    return [notification.id for notification in page.notifications if notification.id in ids]


async def test_pages_lead_through_the_whole_inbox_newest_first(house: House) -> None:
    newest_first = await _fill(house, 7)
    seen: list[str] = []
    token = ""
    while True:
        page = await house.user().call("List", pb.ListRequest(page_size=3, page_token=token))
        seen += [notification.id for notification in page.notifications]
        token = page.next_page_token
        assert (page.total_count, page.unread_count, page.unseen_count) == (7, 7, 7)
        if not token:
            break
    assert seen == newest_first


@pytest.mark.parametrize(("asked", "given"), [(0, 20), (1, 1), (100, 100), (101, 100), (2**31 - 1, 100)])
async def test_page_sizes_are_clamped(house: House, asked: int, given: int) -> None:
    await _fill(house, 101)
    page = await house.user().call("List", pb.ListRequest(page_size=asked))
    assert len(page.notifications) == given
    assert page.next_page_token


async def test_a_list_is_what_its_filter_asks_for(house: House) -> None:
    await _fill(house, 2)
    (labelled,) = await _fill(house, 1, labels={"folder": "x"}, category="c", thread_key="t", type="other")
    for filter_ in (
        {"labels": {"folder": "x"}},
        {"category": "c"},
        {"thread_key": "t"},
        {"types": ["other"]},
    ):
        page = await house.user().call("List", pb.ListRequest(filter=filter_))
        assert [notification.id for notification in page.notifications] == [labelled], filter_
    read = await house.user().call("List", pb.ListRequest(filter={"unread": False}))
    assert not read.notifications
    ahead = {"start_time": {"seconds": int(time.time()) + 60}}
    assert not (await house.user().call("List", pb.ListRequest(filter=ahead))).notifications


async def test_marks_by_id_and_back(house: House) -> None:
    newest, *_ = await _fill(house, 3)
    pairs = {
        "MarkSeen": ("seen_time", None),
        "MarkRead": ("read_time", "MarkUnread"),
        "Archive": ("archive_time", "Unarchive"),
        "Pin": ("pin_time", "Unpin"),
    }
    for mark, (field, back) in pairs.items():
        marked = await house.user().call(mark, request_type(mark)(ids=[newest, newest, "nonsense"]))
        assert marked.changed_count == 1, mark
        got = await house.user().call("Get", pb.GetRequest(id=newest))
        assert got.notification.HasField(field), mark
        if back:
            await house.user().call(back, request_type(back)(ids=[newest]))
            got = await house.user().call("Get", pb.GetRequest(id=newest))
            assert not got.notification.HasField(field), back


async def test_all_up_to_a_cursor_leaves_what_came_later(house: House) -> None:
    await _fill(house, 2)
    cursor = (await house.user().call("List", pb.ListRequest())).cursor
    await _fill(house, 1)
    marked = await house.user().call("MarkRead", pb.MarkReadRequest(all=True, until_cursor=cursor))
    assert (marked.changed_count, marked.counts.unread_count) == (2, 1)


async def test_a_deleted_notification_is_gone(house: House) -> None:
    (id_,) = await _fill(house, 1)
    deleted = await house.user().call("Delete", pb.DeleteRequest(ids=[id_]))
    assert (deleted.changed_count, deleted.counts.total_count) == (1, 0)
    assert (await house.user().refusal("Get", pb.GetRequest(id=id_))).reason == "NOTIFICATION_NOT_FOUND"


async def test_an_action_is_taken_once_and_the_sender_sees_it(house: House) -> None:
    actions = [{"id": "accept", "label": "Accept"}, {"id": "decline", "label": "Decline"}]
    (id_,) = await _fill(house, 1, content={"title": "Join?", "actions": actions})
    taken = await house.user().call("RecordAction", pb.RecordActionRequest(id=id_, action_id="accept"))
    assert taken.notification.action_taken.action_id == "accept"
    assert taken.notification.content.title == "Join?"
    again = await house.user().call("RecordAction", pb.RecordActionRequest(id=id_, action_id="accept"))
    assert again.notification == taken.notification
    for action_id, reason in (("decline", "ACTION_ALREADY_TAKEN"), ("nonsense", "ACTION_NOT_FOUND")):
        request = pb.RecordActionRequest(id=id_, action_id=action_id)
        assert (await house.user().refusal("RecordAction", request)).reason == reason
    sent = await house.producer.call("Get", pb.GetRequest(id=id_))
    assert sent.notification.action_taken.action_id == "accept"


async def test_counters_add_up_in_every_way(house: House) -> None:
    await _fill(house, 2, category="c")
    await _fill(house, 1, type="other", priority=types_pb2.PRIORITY_URGENT)
    counts = await house.user().call("GetCounts", pb.GetCountsRequest())
    assert counts.counts.total_count == 3
    assert {type_: part.total_count for type_, part in counts.by_type.items()} == {
        "scan.completed": 2,
        "other": 1,
    }
    assert {category: part.total_count for category, part in counts.by_category.items()} == {"c": 2, "": 1}
    by_priority = [(part.priority, part.counts.total_count) for part in counts.by_priority]
    assert by_priority == [(types_pb2.PRIORITY_NORMAL, 2), (types_pb2.PRIORITY_URGENT, 1)]


async def test_a_device_learns_what_to_drop_in_the_order_it_asked(house: House) -> None:
    newest, middle, oldest = await _fill(house, 3)
    await house.user().call("MarkRead", pb.MarkReadRequest(ids=[middle]))
    asked = ["nonsense", oldest, middle, newest, middle]
    answer = await house.user().call("Reconcile", pb.ReconcileRequest(ids=asked))
    assert answer.drop_ids == ["nonsense", middle]


async def test_acknowledging_twice_or_backwards_is_fine(house: House) -> None:
    await _fill(house, 1)
    old = (await house.user().call("List", pb.ListRequest())).cursor
    await _fill(house, 1)
    new = (await house.user().call("List", pb.ListRequest())).cursor
    for cursor in (new, new, old):
        await house.user().call("Ack", pb.AckRequest(device_id="phone", cursor=cursor))


async def test_what_is_scheduled_can_be_cancelled(house: House) -> None:
    later = {"seconds": int(time.time()) + 3600}
    scheduled = pb.SendRequest(**SEND, request_id="r", collapse_key="k", deliver_time=later)
    selectors = (
        lambda id_: {"ids": [id_]},
        lambda _: {"request_id": "r"},
        lambda _: {"collapse_key": "k", "recipient_ids": ["ada"]},
    )
    for number, selector in enumerate(selectors):
        scheduled.request_id = "r" if number == 1 else f"r{number}"
        id_ = (await house.producer.call("Send", scheduled)).results[0].notification_id
        cancelled = await house.producer.call("Cancel", pb.CancelRequest(**selector(id_)))
        assert cancelled.cancelled_notification_count == 1, number
        assert (
            await house.producer.call("Cancel", pb.CancelRequest(ids=[id_]))
        ).cancelled_notification_count == 0
