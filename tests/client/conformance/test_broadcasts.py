"""Sends to topics and to everyone, by the service with its worker and by the fake."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carillon import AsyncClient, error_from_status, errors
from carillon.v1 import notification_service_pb2 as pb
from tests.eventually import eventually

CONTENT = {"title": "It snows"}


@pytest.fixture
async def news(producer: AsyncClient) -> str:
    """A topic that no other test knows."""
    name = f"news/{uuid.uuid4().hex}"
    await producer.put_topic(topic={"name": name})
    return name


async def _begin(producer: AsyncClient, **fields: Any) -> pb.SendResponse:
    return await producer.send(type="news.published", content=CONTENT, **fields)


async def _ended(producer: AsyncClient, id_: str) -> pb.Broadcast:
    async def has_ended() -> bool:
        return (await producer.get_broadcast(id=id_)).broadcast.HasField("finish_time")

    await eventually(has_ended, 20)
    return (await producer.get_broadcast(id=id_)).broadcast


async def _titles(gateway: AsyncClient, recipient_id: str) -> list[str]:
    listed = await gateway.list(recipient_id=recipient_id)
    return [notification.content.title for notification in listed.notifications]


async def test_members_are_told_where_their_condition_holds(
    producer: AsyncClient, gateway: AsyncClient, news: str, ada: str, bob: str
) -> None:
    actor = f"actor-{ada}"
    members = [
        {"recipient_id": ada, "condition": 'place.name == "Zermatt" and metres >= 2000'},
        {"recipient_id": bob, "condition": "metres < 2000"},
        {"recipient_id": actor},
    ]
    await producer.add_topic_members(topic=news, members=members)
    data = {"place": {"name": "Zermatt"}, "metres": 2_600}
    response = await _begin(producer, topic=news, data=data, actor_id=actor)
    assert (list(response.results), response.audience_count) == ([], 3)
    broadcast = await _ended(producer, response.broadcast_id)
    assert broadcast.state == pb.BROADCAST_STATE_COMPLETED
    assert (broadcast.topic, broadcast.type) == (news, "news.published")
    assert (broadcast.processed_count, broadcast.notified_count, broadcast.failed_count) == (3, 1, 0)
    told = [await _titles(gateway, recipient_id) for recipient_id in (ada, bob, actor)]
    assert told == [["It snows"], [], []]


async def test_everyone_is_told(
    producer: AsyncClient, gateway: AsyncClient, send: Callable[..., Awaitable[str]], ada: str
) -> None:
    await send(ada)
    response = await _begin(producer, everyone=True)
    await _ended(producer, response.broadcast_id)
    assert await _titles(gateway, ada) == ["It snows", "Scan done"]
    late = f"late-{ada}"
    await producer.upsert_recipient(recipient={"recipient_id": late})
    assert await _titles(gateway, late) == []


async def test_a_repeated_request_is_the_same_broadcast(
    producer: AsyncClient, gateway: AsyncClient, news: str, ada: str
) -> None:
    await producer.add_topic_members(topic=news, members=[{"recipient_id": ada}])
    first = await _begin(producer, topic=news, request_id=f"r-{ada}")
    again = await _begin(producer, topic=news, request_id=f"r-{ada}")
    assert (again.broadcast_id, again.audience_count) == (first.broadcast_id, 1)
    assert (first.replayed, again.replayed) == (False, True)
    with pytest.raises(errors.RequestIdReusedError):
        await _begin(producer, everyone=True, request_id=f"r-{ada}")
    await _ended(producer, first.broadcast_id)
    assert await _titles(gateway, ada) == ["It snows"]


async def test_a_dry_run_begins_nothing(producer: AsyncClient, news: str, ada: str) -> None:
    await producer.add_topic_members(topic=news, members=[{"recipient_id": ada}])
    response = await _begin(producer, topic=news, dry_run=True)
    assert (response.broadcast_id, response.audience_count) == ("", 1)


async def test_one_for_later_waits_until_it_is_called_off(
    producer: AsyncClient, gateway: AsyncClient, news: str, ada: str
) -> None:
    await producer.add_topic_members(topic=news, members=[{"recipient_id": ada}])
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for call_off in ("by broadcast", "by request"):
        request_id = f"{call_off} {ada}"
        sent = await _begin(producer, topic=news, deliver_time=tomorrow, request_id=request_id)
        waiting = (await producer.get_broadcast(id=sent.broadcast_id)).broadcast
        assert waiting.state == pb.BROADCAST_STATE_PENDING
        if call_off == "by request":
            await producer.cancel(request_id=request_id)
        for _ in range(2):
            cancelled = (await producer.cancel_broadcast(id=sent.broadcast_id)).broadcast
            assert cancelled.state == pb.BROADCAST_STATE_CANCELLED
        assert cancelled.notified_count == 0
    assert await _titles(gateway, ada) == []


async def test_producers_list_their_own_newest_first(
    operator: AsyncClient, producer: AsyncClient, news: str
) -> None:
    ids = [(await _begin(producer, topic=news)).broadcast_id for _ in range(3)]
    of_operator = (await _begin(operator, topic=news)).broadcast_id
    mine = [each.id async for each in producer.list_all_broadcasts(page_size=2)]
    assert mine[:3] == ids[::-1]
    assert of_operator not in mine
    everybodys = [each.id async for each in operator.list_all_broadcasts()]
    assert everybodys[:4] == [of_operator, *ids[::-1]]
    with pytest.raises(errors.BroadcastNotFoundError):
        await producer.get_broadcast(id=of_operator)
    with pytest.raises(errors.BroadcastNotFoundError):
        await producer.cancel_broadcast(id=of_operator)


async def test_what_cannot_be_sent_is_refused_at_once(
    producer: AsyncClient, gateway: AsyncClient, news: str, ada: str
) -> None:
    with pytest.raises(errors.TopicNotFoundError):
        await _begin(producer, topic=f"{news}/none")
    with pytest.raises(errors.FieldInvalidError):
        await _begin(producer, topic=news, recipient_ids=[ada])
    with pytest.raises(errors.FieldInvalidError):
        await _begin(producer, topic=news, everyone=True)
    with pytest.raises(errors.BroadcastNotFoundError):
        await producer.get_broadcast(id="brd_none")
    with pytest.raises(errors.ScopeMissingError):
        await gateway.list_broadcasts()


def _three_sends(news: str, ada: str) -> Any:
    """To a topic, to none that there is, and to a person."""
    return [
        {"type": "news.published", "content": CONTENT, "topic": news},
        {"type": "news.published", "content": CONTENT, "topic": f"{news}/none"},
        {"type": "news.published", "content": CONTENT, "recipient_ids": [ada]},
    ]


async def test_a_batch_may_hold_broadcasts(producer: AsyncClient, news: str, ada: str) -> None:
    results = (await producer.send_batch(requests=_three_sends(news, ada))).results
    assert results[0].response.broadcast_id.startswith("brd_")
    assert isinstance(error_from_status(results[1].error), errors.TopicNotFoundError)
    assert len(results[2].response.results) == 1


async def test_the_bulk_lane_may_hold_broadcasts(
    producer: AsyncClient, gateway: AsyncClient, news: str, ada: str, bob: str
) -> None:
    await producer.add_topic_members(topic=news, members=[{"recipient_id": bob}])
    requests = _three_sends(news, ada)
    results = [result async for result in producer.send_stream(requests=requests)]
    assert [result.index for result in results] == [0, 1, 2]
    assert results[0].response.audience_count == 1
    assert (await _ended(producer, results[0].response.broadcast_id)).notified_count == 1
    assert isinstance(error_from_status(results[1].error), errors.TopicNotFoundError)
    assert len(results[2].response.results) == 1
    assert [await _titles(gateway, recipient_id) for recipient_id in (ada, bob)] == [["It snows"]] * 2
