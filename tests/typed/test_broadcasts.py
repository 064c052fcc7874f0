"""Broadcasts from templates: each in their language, what fails for some, what fails for all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from carillon import errors
from carillon.v1 import notification_service_pb2 as pb
from carillon_server.app import running_worker
from tests.eventually import eventually
from tests.running import make_settings
from tests.typed.conftest import SMTP_URL, TYPE, World

NEWS = "news"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
DATA = {"city": "Zermatt"}

Working = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
def working(world: World, postgres_url: str, redis_url: str) -> Working:
    """A worker beside the service."""

    @asynccontextmanager
    async def work() -> AsyncIterator[None]:
        settings = make_settings(
            postgres_url, redis_url, world.issuer, unknown_types="refuse", smtp_url=SMTP_URL
        )
        async with running_worker(settings):
            yield

    return work


async def _gather(world: World, people: dict[str, dict[str, Any]]) -> None:
    await world.producer.put_topic(topic={"name": NEWS})
    for name, profile in people.items():
        await world.producer.upsert_recipient(recipient={"recipient_id": name, **profile})  # type: ignore[typeddict-item]  # by name
    members: Any = [{"recipient_id": name} for name in people]
    await world.producer.add_topic_members(topic=NEWS, members=members)


async def _begin(world: World, data: dict[str, Any] = DATA) -> str:
    sent = await world.producer.send(type=TYPE, topic=NEWS, data=data)
    return sent.broadcast_id


async def _ended(world: World, id_: str) -> pb.Broadcast:
    async def has_ended() -> bool:
        return (await world.producer.get_broadcast(id=id_)).broadcast.HasField("finish_time")

    await eventually(has_ended, 30)
    return (await world.producer.get_broadcast(id=id_)).broadcast


async def test_each_reads_it_in_their_language_and_each_language_is_stored_once(
    world: World, working: Working
) -> None:
    await world.put_type(data_schema=SCHEMA, sample_data=DATA)
    await world.put_template("en", in_app={"title": "Snow in {{ city }}"})
    await world.put_template("de", in_app={"title": "Schnee in {{ city }}"})
    await _gather(
        world, {"ada": {"locale": "de-CH"}, "bob": {"locale": "en"}, "eve": {"locale": "de-CH"}, "max": {}}
    )
    id_ = await _begin(world)
    async with working():
        broadcast = await _ended(world, id_)
    assert (broadcast.notified_count, broadcast.failed_count) == (4, 0)
    german, english = "Schnee in Zermatt", "Snow in Zermatt"
    assert await world.titles("ada", "bob", "eve", "max") == [german, english, german, english]
    contents = await world.database.fetch("SELECT payload FROM broadcast_content")
    assert len({row["payload"] for row in contents}) == 2
    assert {row["payload"] for name in ("ada", "bob") for row in await world.rows("notification", name)} == {
        b""
    }


async def test_who_it_cannot_be_rendered_for_is_counted_and_the_rest_are_told(
    world: World, working: Working
) -> None:
    await world.put_type(data_schema=SCHEMA, sample_data=DATA)
    greeting = "{% if recipient.attributes.name %}{{ recipient.attributes.name }}, {% endif %}it snows"
    await world.put_template("en", in_app={"title": greeting})
    too_long = {"attributes": {"name": "x" * 300}}
    await _gather(world, {"ada": {"attributes": {"name": "Ada"}}, "bob": too_long, "eve": too_long})
    id_ = await _begin(world)
    async with working():
        broadcast = await _ended(world, id_)
    assert broadcast.state == pb.BROADCAST_STATE_COMPLETED
    assert (broadcast.processed_count, broadcast.notified_count, broadcast.failed_count) == (3, 1, 2)
    assert broadcast.failure.startswith("TEMPLATE_FAILED")
    assert "xxx" not in broadcast.failure
    assert await world.titles("ada") == ["Ada, it snows"]
    assert await world.inbox("bob") == []


async def test_what_is_wrong_for_everybody_is_refused_at_once(world: World) -> None:
    await _gather(world, {"ada": {}})
    with pytest.raises(errors.TypeNotFoundError):
        await _begin(world)
    await world.put_type(data_schema=SCHEMA, sample_data=DATA)
    with pytest.raises(errors.TemplateNotFoundError):
        await _begin(world)
    await world.put_template("en", in_app={"title": "Snow in {{ city }}"})
    with pytest.raises(errors.FieldInvalidError) as raised:
        await _begin(world, {"city": 7})
    assert [violation.field for violation in raised.value.field_violations] == ["data.city"]
    assert await world.database.fetch("SELECT 1 FROM broadcast") == []


async def test_a_type_that_vanishes_ends_it_where_everybody_can_see(world: World, working: Working) -> None:
    await world.put_type(data_schema=SCHEMA, sample_data=DATA)
    await world.put_template("en", in_app={"title": "Snow in {{ city }}"})
    await _gather(world, {"ada": {}})
    id_ = await _begin(world)
    await world.operator.delete_type(name=TYPE)
    async with working():
        broadcast = await _ended(world, id_)
    assert broadcast.state == pb.BROADCAST_STATE_FAILED
    assert broadcast.failure.startswith("TYPE_NOT_FOUND")
    assert broadcast.notified_count == 0
