"""What cannot be made is refused as a whole, with the place of the fault; nothing is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from carillon.errors import (
    FieldInvalidError,
    TemplateFailedError,
    TemplateNotFoundError,
    TypeNotFoundError,
)
from carillon.types import Send
from tests.transport.caller import Refused
from tests.typed.conftest import TYPE, World

SCHEMA = {
    "type": "object",
    "required": ["score"],
    "properties": {
        "score": {"type": "number", "maximum": 100},
        "notes": {"type": "string"},
        "extra": {"type": "object"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
    },
}
SAMPLE = {"score": 97, "notes": "n", "extra": {"by": "ada"}}
DATA = {"score": 97}
TITLE_OF_EXTRA = "{{ score }}: {% if extra %}{{ extra.by }}{% endif %}"


async def define(world: World, title: str = "{{ score }} points", **more: Any) -> None:
    await world.put_type(data_schema=SCHEMA, sample_data=SAMPLE, **more)
    await world.put_template(in_app={"title": title})


async def refused_fields(world: World, **fields: Any) -> list[str]:
    with pytest.raises(FieldInvalidError) as refusal:
        await world.send("ada", **fields)
    assert await world.count() == 0
    return [violation.field for violation in refusal.value.field_violations]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "data.score"),
        ({"score": 101}, "data.score"),
        ({"score": "many"}, "data.score"),
        ({"score": 1, "items": [{"price": 1}, {"price": "dear"}]}, "data.items[1].price"),
    ],
)
async def test_data_that_breaks_the_schema_is_refused_with_its_path(
    world: World, data: Any, field: str
) -> None:
    await define(world)
    assert await refused_fields(world, data=data) == [field]
    assert await refused_fields(world, data=data, content={"title": "ready"}) == [field]


async def test_a_variable_that_is_missing_is_the_senders_field(world: World) -> None:
    await define(world, TITLE_OF_EXTRA)
    assert await refused_fields(world, data={**DATA, "extra": {"to": "bob"}}) == ["data.extra.by"]


async def test_what_fails_for_one_recipient_refuses_all(world: World) -> None:
    await define(world, "{{ recipient.attributes.name | default('you') }}")
    endless = {"name": "x" * 300}
    await world.producer.upsert_recipient(recipient={"recipient_id": "ada", "attributes": endless})
    with pytest.raises(TemplateFailedError) as refusal:
        await world.send("bob", "ada", data=DATA)
    assert refusal.value.metadata == {
        "channel": "IN_APP",
        "part": "title",
        "locale": "en",
        "problem": "invalid",
    }
    assert await world.count() == 0


async def test_content_of_templates_keeps_the_limits_of_ready_content(world: World) -> None:
    await define(world, "{{ score }} {{ notes | default('') }}")
    with pytest.raises(TemplateFailedError) as refusal:
        await world.send("ada", data={**DATA, "notes": "x" * 200})
    metadata = refusal.value.metadata
    assert (metadata["channel"], metadata["part"], metadata["problem"]) == ("IN_APP", "title", "invalid")
    assert "xxx" not in str(refusal.value)


async def test_an_unknown_type_is_refused(world: World) -> None:
    with pytest.raises(TypeNotFoundError):
        await world.send("ada", content={"title": "ready"})
    assert await world.count() == 0


async def test_a_type_of_another_tenant_is_unknown(world: World) -> None:
    await define(world)
    await world.send("ada", data=DATA)
    stranger = await world.stranger()
    with pytest.raises(TypeNotFoundError):
        await stranger.send(recipient_ids=["ada"], type=TYPE, data=DATA)


async def test_a_tenant_may_accept_unknown_types_with_content(world: World) -> None:
    await world.operator.update_catalog_settings(settings={"unknown_types": "ACCEPT"})
    await world.send("ada", content={"title": "ready"})
    assert await world.titles("ada") == ["ready"]
    with pytest.raises(FieldInvalidError) as refusal:
        await world.send("ada", data=DATA)
    assert [violation.field for violation in refusal.value.field_violations] == ["content"]


async def test_a_type_without_templates_needs_content(world: World) -> None:
    await world.put_type()
    with pytest.raises(TemplateNotFoundError):
        await world.send("ada")
    await world.send("ada", content={"title": "ready"})
    assert await world.titles("ada") == ["ready"]


async def test_a_webhook_alone_tells_no_content(world: World) -> None:
    await world.put_type()
    await world.put_template(webhook={"payload": '{"a": 1}'})
    with pytest.raises(TemplateNotFoundError):
        await world.send("ada")


async def test_a_dry_run_finds_what_the_send_would(world: World) -> None:
    await define(world, TITLE_OF_EXTRA)
    bad = {**DATA, "extra": {"to": "bob"}}
    assert await refused_fields(world, data=bad, dry_run=True) == ["data.extra.by"]
    response = await world.send("ada", data=SAMPLE, dry_run=True)
    assert response.results[0].decisions
    assert await world.count() == 0


def _items() -> list[Send]:
    good: Send = {"recipient_ids": ["ada"], "type": TYPE, "data": DATA}
    return [good, {**good, "data": {}}, {**good, "type": "nothing.known"}, good]


async def test_of_a_batch_bad_items_fail_alone(world: World) -> None:
    await define(world)
    response = await world.producer.send_batch(requests=_items())
    assert [result.HasField("error") for result in response.results] == [False, True, True, False]
    reasons = [Refused.of_item(result.error).reason for result in response.results[1:3]]
    assert reasons == ["FIELD_INVALID", "TYPE_NOT_FOUND"]
    assert len(await world.inbox("ada")) == 2


async def test_of_a_stream_bad_items_fail_alone(world: World) -> None:
    await define(world)

    async def items() -> AsyncIterator[Send]:
        for item in _items():
            yield item

    results = [result async for result in world.producer.send_stream(requests=items())]
    assert [result.HasField("error") for result in results] == [False, True, True, False]
    assert len(await world.inbox("ada")) == 2
