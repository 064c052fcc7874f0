"""Bytes put together by hand mean what the messages mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Priority
from carillon_server.domain.inbox import Counts, InboxAddress, InboxState
from carillon_server.domain.inbox_query import InboxPage
from carillon_server.domain.notification import ChangeKind, InboxChange, Stage, StoredNotification
from carillon_server.transport.encode import (
    decode_action_ids,
    decode_notification,
    encode_change,
    encode_list_response,
    encode_notification,
    encode_snapshot,
    to_counts,
)
from carillon_server.transport.instants import to_datetime, to_timestamp
from carillon_server.transport.page_token import PageTokenSealer
from carillon_server.transport.pages import MAX_PAGE_BYTES, InboxPages
from carillon_server.transport.wire import varint
from tests.transport.arbitrary import messages

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
STATE = InboxState(epoch=1, version=9, floor_version=0, counts=Counts(3, 2, 1, 4))
_COUNTS = types_pb2.Counts(total_count=3, unread_count=2, unseen_count=1, archived_count=4)


def stored(seq: int = 1, payload: bytes = b"", **changes: object) -> StoredNotification:
    base = StoredNotification(
        inbox_id=bytes(16),
        seq=seq,
        change_version=seq,
        position=seq,
        stage=Stage.VISIBLE,
        recipient_id="ada",
        type="scan.completed",
        category="",
        priority=Priority.NORMAL,
        thread_key="",
        labels={},
        payload=payload or types_pb2.Notification(type="scan.completed").SerializeToString(),
        create_time=NOW,
        deliver_time=NOW,
        expire_time=None,
        read_time=None,
        seen_time=None,
        archive_time=None,
        pin_time=None,
        action_id="",
        action_time=None,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # fields by name


@given(st.integers(0, 2**64 - 1))
def test_a_varint_reads_as_it_was(value: int) -> None:
    message = types_pb2.Counts.FromString(b"\x08" + varint(value & (2**63 - 1)))
    assert message.total_count == value & (2**63 - 1)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_reads_as_it_was(instant: datetime) -> None:
    assert to_datetime(to_timestamp(instant)) == instant


@given(content=messages(types_pb2.Content))
def test_the_content_reaches_the_reader_as_it_was_sent(content: Message) -> None:
    payload = types_pb2.Notification(type="a", content=content).SerializeToString()
    read = types_pb2.Notification.FromString(encode_notification(stored(payload=payload)))
    assert read.content == content
    assert (read.type, read.recipient_id) == ("a", "ada")


def test_what_became_of_a_notification_is_added_to_what_was_sent() -> None:
    times = ("read_time", "seen_time", "archive_time", "pin_time")
    changed = stored(**dict.fromkeys(times, NOW), action_id="open", action_time=NOW)
    read = types_pb2.Notification.FromString(encode_notification(changed))
    for name in (*times, "create_time", "deliver_time"):
        assert to_datetime(getattr(read, name)) == NOW, name
    assert (read.action_taken.action_id, to_datetime(read.action_taken.action_time)) == ("open", NOW)
    fresh = types_pb2.Notification.FromString(encode_notification(stored()))
    assert not any(fresh.HasField(name) for name in (*times, "action_taken", "expire_time"))


def test_a_page_reads_like_one_that_was_serialized_whole() -> None:
    notifications = [encode_notification(stored(seq)) for seq in (2, 1)]
    page = encode_list_response(notifications, next_page_token="t", counts=STATE.counts, cursor="c")
    assert pb.ListResponse.FromString(page) == pb.ListResponse(
        notifications=[types_pb2.Notification.FromString(raw) for raw in notifications],
        next_page_token="t",
        unread_count=2,
        unseen_count=1,
        total_count=3,
        cursor="c",
    )


def test_events_read_like_ones_that_were_serialized_whole() -> None:
    both = [stored(1), stored(2)]
    whole = [types_pb2.Notification.FromString(encode_notification(each)) for each in both]
    event = {"notifications": whole, "counts": _COUNTS}
    expected = {
        ChangeKind.CREATED: pb.SubscribeResponse(cursor="c", created=event),
        ChangeKind.CHANGED: pb.SubscribeResponse(cursor="c", changed=event),
        ChangeKind.REMOVED: pb.SubscribeResponse(
            cursor="c", removed={"ids": [str(each.id) for each in both], "counts": _COUNTS}
        ),
    }
    for kind, response in expected.items():
        change = InboxChange(bytes(16), 8, STATE, kind, tuple(both))
        assert pb.SubscribeResponse.FromString(encode_change(change, "c") or b"") == response
    assert encode_change(InboxChange(bytes(16), 9, STATE, ChangeKind.NOTHING), "c") is None
    snapshot = encode_snapshot([encode_notification(each) for each in both], STATE.counts, "c")
    assert pb.SubscribeResponse.FromString(snapshot) == pb.SubscribeResponse(cursor="c", snapshot=event)


def test_counters_keep_their_names() -> None:
    assert to_counts(STATE.counts) == _COUNTS


def test_a_worker_reads_the_content_out_of_a_payload() -> None:
    content = types_pb2.Content(
        title="Hi", body="There", actions=[{"id": "open", "label": "Open", "url": "/x"}]
    )
    payload = types_pb2.Notification(content=content).SerializeToString()
    decoded = decode_notification(payload).content
    assert (decoded.title, decoded.body, decoded.actions[0].label) == ("Hi", "There", "Open")
    assert decode_action_ids(payload) == ["open"]


def test_a_page_too_large_for_a_caller_is_cut_and_goes_on_there() -> None:
    large = types_pb2.Notification(content={"body": "x" * (MAX_PAGE_BYTES // 3)}).SerializeToString()
    page = InboxPage(STATE, tuple(stored(seq, large) for seq in (9, 8, 7, 6)), next_position=None)
    pages = InboxPages(PageTokenSealer([bytes(32)]), InboxAddress("acme", "ada"), types_pb2.Filter())
    fitting, token = pages.fit(page)
    assert len(fitting) == 2
    assert pages.open(token) == 8


def test_one_notification_too_large_for_a_page_is_a_page() -> None:
    huge = types_pb2.Notification(content={"body": "x" * (2 * MAX_PAGE_BYTES)}).SerializeToString()
    pages = InboxPages(PageTokenSealer([bytes(32)]), InboxAddress("acme", "ada"), types_pb2.Filter())
    fitting, token = pages.fit(InboxPage(STATE, (stored(2, huge), stored(1)), next_position=None))
    assert len(fitting) == 1
    assert pages.open(token) == 2


def test_page_tokens_outlive_a_change_of_keys() -> None:
    old, new = bytes(32), bytes(range(32))
    token = PageTokenSealer([old]).seal(b"query", b"position")
    assert PageTokenSealer([new, old]).open(token, b"query") == b"position"
