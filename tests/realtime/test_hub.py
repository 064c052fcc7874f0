"""What the hub hands to which stream, and what a mailbox holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from carillon_server.domain.identity import Principal
from carillon_server.domain.inbox import InboxAddress
from carillon_server.realtime.event import LiveEvent
from carillon_server.realtime.hub import Hub
from carillon_server.realtime.mailbox import MAX_BYTES, MAX_EVENTS, Mailbox

ANN = InboxAddress("acme", "ann")
EPOCH = 7


def event(version: int, message: bytes | None = b"event", epoch: int = EPOCH) -> LiveEvent:
    return LiveEvent(ANN.inbox_id, epoch, version, version, None, message)


def mailbox(*, takes_events: bool = True) -> Mailbox:
    return Mailbox(Principal("acme", "ann", frozenset()), takes_events=takes_events)


HubWith = Callable[..., Hub]


@pytest.fixture
def hub_with() -> Iterator[HubWith]:
    """Makes hubs with streams in them; they leave again, for the sake of the metrics."""
    hubs: list[Hub] = []

    def make(*mailboxes: Mailbox) -> Hub:
        hub = Hub(max_per_inbox=10, max_per_tenant=10)
        for each in mailboxes:
            hub.join(ANN, each)
        hubs.append(hub)
        return hub

    yield make
    for hub in hubs:
        for each in hub.mailboxes():
            hub.leave(ANN.inbox_id, each)


def test_every_stream_gets_the_same_bytes(hub_with: HubWith) -> None:
    one, two = mailbox(), mailbox()
    told = event(1)
    hub_with(one, two).offer(told)
    assert [each.message for each in one.take()] == [told.message]
    assert two.take()[0].message is told.message


def test_a_full_mailbox_is_emptied_and_its_stream_reads(hub_with: HubWith) -> None:
    for message, room in ((b"x", MAX_EVENTS), (bytes(MAX_BYTES // 4), 4)):
        box = mailbox()
        hub = hub_with(box)
        for version in range(1, room + 1):
            hub.offer(event(version, message))
        assert not box.behind
        hub.offer(event(room + 1, message))
        assert box.take() == []
        assert box.take_behind()


def test_events_gather_again_from_the_moment_a_stream_begins_to_read(hub_with: HubWith) -> None:
    box = mailbox()
    hub = hub_with(box)
    hub.offer(event(1, None))
    hub.offer(event(2))
    assert box.take_behind()
    hub.offer(event(3))
    assert [each.last_version for each in box.take()] == [3]


def test_a_stream_with_a_filter_always_reads(hub_with: HubWith) -> None:
    box = mailbox(takes_events=False)
    hub_with(box).offer(event(1))
    assert box.take() == []
    assert box.take_behind()


def test_only_streams_that_were_not_told_read(hub_with: HubWith) -> None:
    box = mailbox()
    hub = hub_with(box)
    hub.arrive(ANN.inbox_id, box, (EPOCH, 4))
    hub.offer(event(5))
    hub.observe(ANN.inbox_id, (EPOCH, 5))
    hub.observe(ANN.inbox_id, (EPOCH, 3))
    assert not box.behind
    hub.observe(ANN.inbox_id, (EPOCH, 6))
    assert box.take_behind()


def test_an_inbox_that_is_gone_or_new_is_read_by_all_its_streams(hub_with: HubWith) -> None:
    for position in (None, (EPOCH - 1, 9)):
        box = mailbox()
        hub = hub_with(box)
        hub.arrive(ANN.inbox_id, box, (EPOCH, 4))
        assert hub.untold({ANN.inbox_id: position})
        hub.observe(ANN.inbox_id, position)
        assert box.take_behind()


def test_a_stream_that_read_before_the_others_were_told_reads_again(hub_with: HubWith) -> None:
    early, late = mailbox(), mailbox()
    hub = hub_with(early)
    hub.arrive(ANN.inbox_id, early, (EPOCH, 4))
    hub.offer(event(5))
    hub.join(ANN, late)
    hub.arrive(ANN.inbox_id, late, (EPOCH, 4))
    assert late.take_behind()
    assert not early.behind


def test_a_stream_that_read_more_than_the_others_were_told_leaves_them_to_the_poller(
    hub_with: HubWith,
) -> None:
    early, late = mailbox(), mailbox()
    hub = hub_with(early)
    hub.arrive(ANN.inbox_id, early, (EPOCH, 4))
    hub.join(ANN, late)
    hub.arrive(ANN.inbox_id, late, (EPOCH, 6))
    assert hub.positions([ANN.inbox_id]) == {ANN.inbox_id: (EPOCH, 4)}


def test_inboxes_whose_streams_have_yet_to_read_are_not_compared(hub_with: HubWith) -> None:
    assert hub_with(mailbox()).positions([ANN.inbox_id, b"unknown"]) == {}


def test_a_room_goes_with_its_last_stream(hub_with: HubWith) -> None:
    one, two = mailbox(), mailbox()
    hub = hub_with(one, two)
    changes: list[bytes] = []
    hub.on_room_change(changes.append)
    hub.leave(ANN.inbox_id, one)
    assert ANN.inbox_id in hub.rooms
    hub.leave(ANN.inbox_id, two)
    assert not hub.rooms
    assert hub.empty.is_set()
    assert changes == [ANN.inbox_id]


def test_a_stream_that_cannot_read_is_left_alone_until_postgres_answers(hub_with: HubWith) -> None:
    box = mailbox()
    hub = hub_with(box)
    hub.stall(box)
    hub.offer(event(1))
    assert not box.take_behind()
    hub.retry_stalled()
    assert box.take_behind()
