"""A request that was answered gives its first answer, whatever became of types and templates."""

from __future__ import annotations

import asyncio

import pytest

from carillon.errors import RequestIdReusedError, TypeNotFoundError
from tests.typed.conftest import TYPE, World


async def test_a_replay_repeats_the_first_words(world: World) -> None:
    await world.put_type()
    await world.put_template(in_app={"title": "first"})
    first = await world.send("ada", request_id="r1")
    await world.put_template(in_app={"title": "second"})
    again = await world.send("ada", request_id="r1")
    assert (again.replayed, again.results) == (True, first.results)
    assert await world.titles("ada") == ["first"]
    assert len(await world.inbox("ada")) == 1


@pytest.mark.parametrize("content", [None, {"title": "ready"}], ids=["rendered", "ready"])
async def test_a_replay_outlives_its_type(world: World, content: dict[str, str] | None) -> None:
    await world.put_type()
    await world.put_template(in_app={"title": "first"})
    first = await world.send("ada", request_id="r1", content=content)
    await world.operator.delete_type(name=TYPE)
    again = await world.send("ada", request_id="r1", content=content)
    assert (again.replayed, again.results) == (True, first.results)
    with pytest.raises(RequestIdReusedError):
        await world.send("bob", request_id="r1", content=content)
    with pytest.raises(TypeNotFoundError):
        await world.send("ada", request_id="r2", content=content)


async def test_many_at_once_are_rendered_and_sent_once(world: World) -> None:
    await world.put_type()
    await world.put_template(in_app={"title": "first"})
    answers = await asyncio.gather(*(world.send("ada", request_id="r1") for _ in range(20)))
    assert sum(not answer.replayed for answer in answers) == 1
    assert await world.count() == 1


async def test_a_refusal_is_not_remembered(world: World) -> None:
    with pytest.raises(TypeNotFoundError):
        await world.send("ada", request_id="r1")
    await world.put_type()
    await world.put_template(in_app={"title": "now"})
    assert not (await world.send("ada", request_id="r1")).replayed
