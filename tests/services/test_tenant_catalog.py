"""What a Send knows of its tenant's catalog: never older than promised, mostly without asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from carillon_server.domain.catalog_settings import CatalogSettings, UnknownTypes
from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldViolation
from carillon_server.domain.layout import Layout, LayoutFormat
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.template import Template, TemplateKey
from carillon_server.services.tenant_catalog import FRESH_SECONDS, STALE_SECONDS, TenantCatalogs
from carillon_server.storage.catalog_layouts import put_layout
from carillon_server.storage.catalog_state import lock_revision, put_catalog_settings, raise_revision
from carillon_server.storage.catalog_templates import activate_version, add_version
from carillon_server.storage.catalog_types import delete_types, put_type
from carillon_server.storage.database import Connection, Database, Record

SCAN = NotificationType("scan.completed", data_schema={"type": "object"})
MAIL = Template("scan.completed", Channel.EMAIL, "en", {"subject": "Done", "html": "<b>Done</b>"}, "frame")
EMAIL_EN = TemplateKey("scan.completed", Channel.EMAIL, "en")


class SlowDatabase(Database):
    """Counts questions, and holds them while `gate` is closed."""

    questions = 0
    asked: asyncio.Event
    gate: asyncio.Event

    async def fetch(self, sql: str, *args: object, timeout: float | None = None) -> list[Record]:
        self.questions += 1
        rows = await super().fetch(sql, *args, timeout=timeout)
        self.asked.set()
        await self.gate.wait()
        return rows


class Anything:
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def violations(self, data: Mapping[str, Any]) -> Sequence[FieldViolation]:
        return ()


class World:
    def __init__(self, database: SlowDatabase) -> None:
        self.database = database
        self.now = 100.0
        self.catalogs = self.process()

    def process(self, **options: Any) -> TenantCatalogs:
        values = {"accept_unknown": False, "monotonic": lambda: self.now, **options}
        return TenantCatalogs(self.database, Anything, **values)

    async def change(self, tenant: str, *puts: Any) -> None:
        async def work(connection: Connection) -> None:
            await lock_revision(connection, tenant)
            for put in puts:
                await put(connection, tenant)
            await raise_revision(connection, tenant)

        await self.database.transaction(work)

    async def put_type(self, tenant: str, kind: NotificationType = SCAN) -> None:
        await self.change(tenant, lambda connection, tenant: put_type(connection, tenant, kind))

    async def put_mail(self, tenant: str, template: Template = MAIL, *, active: bool = True) -> None:
        await self.change(
            tenant, lambda connection, tenant: add_version(connection, tenant, template, active=active)
        )

    async def put_layout(self, tenant: str, name: str, source: str) -> None:
        layout = Layout(name, LayoutFormat.HTML, source)
        await self.change(tenant, lambda connection, tenant: put_layout(connection, tenant, layout))

    async def knows(self, tenant: str) -> bool:
        return (await self.catalogs.of(tenant)).type_of("scan.completed") is not None


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    database = await SlowDatabase.connect(postgres_url, max_connections=5)
    database.asked, database.gate = asyncio.Event(), asyncio.Event()
    database.gate.set()
    world = World(database)
    yield world
    await world.catalogs.stop()
    await database.close()


async def test_a_tenant_without_a_catalog_asks_nothing_while_it_is_fresh(world: World) -> None:
    for _ in range(100):
        assert not await world.knows("acme")
    assert world.database.questions == 1


async def test_a_fresh_catalog_is_asked_without_the_database(world: World) -> None:
    await world.put_type("acme")
    assert await world.knows("acme")
    world.database.gate.clear()
    world.now += FRESH_SECONDS - 0.001
    assert await world.knows("acme")
    assert world.database.questions == 1


async def test_between_fresh_and_stale_nobody_waits_while_it_is_asked_for(world: World) -> None:
    assert not await world.knows("acme")
    await world.put_type("acme")
    world.database.gate.clear()
    world.now += FRESH_SECONDS
    assert not await world.knows("acme")
    world.database.gate.set()
    world.now += STALE_SECONDS - FRESH_SECONDS
    assert await world.knows("acme")


async def test_what_is_stale_is_not_relied_on(world: World) -> None:
    assert not await world.knows("acme")
    await world.put_type("acme")
    world.now += STALE_SECONDS
    assert await world.knows("acme")


async def test_a_change_through_this_process_is_seen_at_once(world: World) -> None:
    assert not await world.knows("acme")
    await world.put_type("acme")
    world.catalogs.forget("acme")
    assert await world.knows("acme")
    await world.change("acme", lambda connection, tenant: delete_types(connection, tenant, [SCAN.name]))
    world.catalogs.forget("acme")
    assert not await world.knows("acme")


async def test_a_change_during_a_question_is_not_lost(world: World) -> None:
    world.database.gate.clear()
    waiting = asyncio.create_task(world.knows("acme"))
    await world.database.asked.wait()
    await world.put_type("acme")
    world.catalogs.forget("acme")
    world.database.gate.set()
    assert await waiting


async def test_looking_again_sees_what_another_process_changed_a_moment_ago(world: World) -> None:
    assert not await world.knows("acme")
    await world.put_type("acme")
    world.now += 0.001
    assert not await world.knows("acme")
    catalog = await world.catalogs.look_again("acme")
    assert catalog.type_of("scan.completed") is not None


async def test_many_that_look_again_share_few_questions(world: World) -> None:
    await asyncio.gather(*(world.catalogs.look_again("acme") for _ in range(500)))
    assert world.database.questions <= 2


async def test_only_versions_in_use_are_known(world: World) -> None:
    await world.put_type("acme")
    await world.put_mail("acme")
    await world.put_mail("acme", replace(MAIL, parts={"subject": "Ready"}), active=False)
    mail = (await world.catalogs.of("acme")).templates_of("scan.completed")[Channel.EMAIL]["en"]
    assert (mail.version, mail.sheet.parts["subject"]) == (1, "Done")
    await world.change("acme", lambda connection, tenant: activate_version(connection, tenant, EMAIL_EN, 2))
    world.catalogs.forget("acme")
    mail = (await world.catalogs.of("acme")).templates_of("scan.completed")[Channel.EMAIL]["en"]
    assert (mail.version, mail.sheet.parts["subject"]) == (2, "Ready")


async def test_a_sheet_has_its_layout_and_whatever_that_includes(world: World) -> None:
    await world.put_layout("acme", "frame", '{% include "head" %}{{ content }}')
    await world.put_layout("acme", "head", '{%- include "logo" -%}')
    await world.put_layout("acme", "logo", "<i>A</i>")
    await world.put_layout("acme", "unused", "nothing")
    await world.put_mail("acme")
    sheet = (await world.catalogs.of("acme")).templates_of("scan.completed")[Channel.EMAIL]["en"].sheet
    assert sheet.layout is not None
    assert sheet.layout.name == "frame"
    assert [partial.name for partial in sheet.partials] == ["head", "logo"]


async def test_another_partial_makes_another_sheet_and_the_same_one_keeps_its_digest(world: World) -> None:
    async def digest() -> bytes:
        catalog = await world.catalogs.look_again("acme")
        return catalog.templates_of("scan.completed")[Channel.EMAIL]["en"].sheet.digest

    await world.put_layout("acme", "frame", '{% include "head" %}{{ content }}')
    await world.put_layout("acme", "head", "one")
    await world.put_mail("acme")
    first = await digest()
    await world.put_type("acme")
    world.now += 1
    assert await digest() == first
    await world.put_layout("acme", "head", "two")
    world.now += 1
    assert await digest() != first


async def test_what_is_compiled_and_did_not_change_is_kept(world: World) -> None:
    await world.put_type("acme")
    await world.put_type("acme", replace(SCAN, name="scan.failed"))
    before = await world.catalogs.of("acme")
    kept, changed = before.type_of("scan.completed"), before.type_of("scan.failed")
    await world.put_type("acme", replace(SCAN, name="scan.failed", category="scans"))
    world.catalogs.forget("acme")
    after = await world.catalogs.of("acme")
    assert after.type_of("scan.completed") is kept
    assert after.type_of("scan.failed") is not changed


async def test_the_tenant_s_word_on_unknown_types_goes_before_the_installation_s(world: World) -> None:
    lenient = world.process(accept_unknown=True)
    assert not (await world.catalogs.of("acme")).accepts_unknown
    assert (await lenient.of("acme")).accepts_unknown
    for word, accepted in ((UnknownTypes.ACCEPT, True), (UnknownTypes.REFUSE, False)):
        settings = CatalogSettings(unknown_types=word)
        await world.change("acme", lambda c, tenant, s=settings: put_catalog_settings(c, tenant, s))
        world.now += STALE_SECONDS
        assert (await world.catalogs.of("acme")).accepts_unknown is accepted
        assert (await lenient.of("acme")).accepts_unknown is accepted


async def test_no_more_is_kept_than_allowed(world: World) -> None:
    await world.put_type("acme")
    await world.put_type("hooli")
    small = world.process(max_characters=1)
    await small.of("acme")
    await small.of("hooli")
    asked = world.database.questions
    await small.of("hooli")
    assert world.database.questions == asked
    await small.of("acme")
    assert world.database.questions == asked + 1


async def test_a_tenant_sees_its_own_catalog_only(world: World) -> None:
    await world.put_type("acme")
    assert await world.knows("acme")
    assert not await world.knows("hooli")
