"""What people read comes out of templates, each in their own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from carillon.errors import TemplateFailedError, TypeNotFoundError
from carillon_server.domain.identity import Role
from tests.eventually import eventually
from tests.running import make_settings, running_server
from tests.typed.conftest import TYPE, World

SCHEMA = {
    "type": "object",
    "required": ["project", "score"],
    "properties": {
        "project": {"type": "string"},
        "score": {"type": "number"},
    },
}
SAMPLE = {"project": "Atlas", "score": 97}
DATA = {"project": "Atlas", "score": 97}


async def define(world: World, *, people: Mapping[str, Mapping[str, Any]] | None = None, **more: Any) -> None:
    await world.put_type(data_schema=SCHEMA, sample_data=SAMPLE, **more)
    for name, profile in (people or {}).items():
        await world.producer.upsert_recipient(recipient={"recipient_id": name, **profile})  # type: ignore[typeddict-item]  # by name


async def test_one_send_reads_in_the_language_of_each_recipient(world: World) -> None:
    await define(world, people={"ada": {"locale": "de-AT"}, "bob": {"locale": "en"}})
    await world.put_template("en", in_app={"title": "{{ project }} is done", "body": "{{ score }} points"})
    await world.put_template("de", in_app={"title": "{{ project }} ist fertig", "body": "{{ score }} Punkte"})
    await world.send("ada", "bob", "cid", data=DATA)
    assert await world.titles("ada", "bob", "cid") == ["Atlas ist fertig", "Atlas is done", "Atlas is done"]
    told = await world.latest("ada")
    assert told.content.body == "97 Punkte"
    assert told.data["project"] == "Atlas"


async def test_a_mail_is_kept_in_the_words_of_its_variant(world: World) -> None:
    await define(world, people={"ada": {"locale": "de"}, "bob": {}})
    for name in ("ada", "bob"):
        await world.producer.put_endpoint(
            recipient_id=name, endpoint={"channel": "EMAIL", "address": f"{name}@example.com"}
        )
    for locale, done in (("en", "done"), ("de", "fertig")):
        await world.put_template(locale, in_app={"title": f"{{{{ project }}}} {done}"})
        await world.put_template(locale, email={"subject": f"Mail: {done}", "text": "{{ score }}"})
        await world.put_template(locale, sms={"text": "never sent"})
    await world.send("ada", "bob", "cid", data=DATA)
    [(channel, mail)] = await world.parts("ada")
    assert (channel, mail["subject"], mail["text"].strip()) == ("CHANNEL_EMAIL", "Mail: fertig", "97")
    assert [mail["subject"] for _, mail in await world.parts("bob")] == ["Mail: done"]
    assert await world.parts("cid") == []
    assert await world.titles("ada") == ["Atlas fertig"]


async def test_what_speaks_of_the_recipient_is_each_ones_own(world: World) -> None:
    await define(world, people={n: {"attributes": {"name": n.title()}} for n in ("ada", "bob")})
    await world.put_template(
        in_app={"title": "{{ recipient.attributes.name | default('you') }}, {{ project }} is done"}
    )
    await world.send("ada", "bob", data=DATA)
    assert await world.titles("ada", "bob") == ["Ada, Atlas is done", "Bob, Atlas is done"]


async def test_a_profile_in_the_send_is_known_to_its_templates(world: World) -> None:
    await define(world)
    name = "{{ recipient.attributes.name | default('you') }}"
    await world.put_template("en", in_app={"title": f"{name}: done"})
    await world.put_template("fr", in_app={"title": f"{name} : fini"})
    profile = {"recipient_id": "ada", "locale": "fr", "attributes": {"name": "Ada"}}
    await world.send(recipients=[profile], data=DATA)
    assert await world.titles("ada") == ["Ada : fini"]
    endless = {**profile, "attributes": {"name": "x" * 300}}
    with pytest.raises(TemplateFailedError):
        await world.send(recipients=[endless], data=DATA, dry_run=True)


async def test_times_are_shown_in_the_zone_of_each_recipient(world: World) -> None:
    await define(world, people={"ada": {"time_zone": "Asia/Tokyo"}, "bob": {}})
    await world.put_template(in_app={"title": "Done at {{ notification.create_time | time('full') }}"})
    await world.send("ada", "bob", data=DATA)
    ada, bob = await world.titles("ada", "bob")
    assert "Japan" in ada
    assert "Coordinated Universal" in bob


async def test_numbers_are_shown_as_in_the_region_of_each_recipient(world: World) -> None:
    await define(world, people={"ada": {"locale": "en-IN"}, "bob": {"locale": "en"}})
    await world.put_template("en", in_app={"title": "{{ score | number }} points"})
    await world.send("ada", "bob", data={**DATA, "score": 1234567})
    assert await world.titles("ada", "bob") == ["12,34,567 points", "1,234,567 points"]


async def test_another_channel_tells_where_the_inbox_has_no_template(world: World) -> None:
    await define(world)
    await world.put_template(email={"subject": "{{ project }} done", "text": "All {{ score }} points"})
    await world.put_template(sms={"text": "short"})
    await world.send("ada", data=DATA)
    content = (await world.latest("ada")).content
    assert (content.title, content.body.strip()) == ("Atlas done", "All 97 points")


async def test_templates_know_the_circumstances(world: World) -> None:
    await define(world, category="security", priority="HIGH")
    title = "{{ notification.category }}/{{ notification.priority }}/{{ notification.actor_id }}"
    await world.put_template(
        in_app={"title": title, "actions": [{"id": "open", "label": "Open", "url": "/x"}]}
    )
    await world.send("ada", data=DATA, actor_id="eve")
    told = await world.latest("ada")
    assert told.content.title == "security/high/eve"
    assert [(a.id, a.label, a.url) for a in told.content.actions] == [("open", "Open", "/x")]


async def test_ready_content_is_what_every_channel_says(world: World) -> None:
    await define(world)
    await world.put_template(in_app={"title": "from the template"})
    await world.put_template(email={"subject": "from the template", "text": "t"})
    profile = {"recipient_id": "ada", "email": "ada@example.com"}
    await world.send(recipients=[profile], data=DATA, content={"title": "ready"})
    assert await world.titles("ada") == ["ready"]
    assert await world.parts("ada") == []


async def test_a_change_holds_in_every_process(world: World, postgres_url: str, redis_url: str) -> None:
    await define(world)
    await world.put_template(in_app={"title": "first"})
    settings = make_settings(postgres_url, redis_url, world.issuer, unknown_types="refuse")
    async with running_server(settings) as address:
        other = await world.client(Role.PRODUCER, "billing", address)

        async def reads(title: str) -> bool:
            await other.send(recipient_ids=["ada"], type=TYPE, data=DATA)
            return await world.titles("ada") == [title]

        assert await reads("first")
        await world.put_template(in_app={"title": "second"})
        await world.send("bob", data=DATA)
        assert await world.titles("bob") == ["second"]
        await eventually(lambda: reads("second"), 3)


async def test_a_new_type_can_be_sent_by_every_process_at_once(
    world: World, postgres_url: str, redis_url: str
) -> None:
    settings = make_settings(postgres_url, redis_url, world.issuer, unknown_types="refuse")
    async with running_server(settings) as address:
        other = await world.client(Role.PRODUCER, "billing", address)
        with pytest.raises(TypeNotFoundError):
            await other.send(recipient_ids=["ada"], type=TYPE, data=DATA)
        await define(world)
        await world.put_template(in_app={"title": "known"})
        await other.send(recipient_ids=["ada"], type=TYPE, data=DATA)
    assert await world.titles("ada") == ["known"]


async def test_a_thousand_personal_ones_are_rendered_in_one_send(world: World) -> None:
    await define(world)
    await world.put_template(in_app={"title": "{{ recipient.id }}: {{ project }}"})
    names = [f"person-{number}" for number in range(1_000)]
    response = await world.send(*names, data=DATA)
    assert len(response.results) == 1_000
    assert await world.titles("person-0", "person-999") == ["person-0: Atlas", "person-999: Atlas"]
