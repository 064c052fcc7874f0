"""What a Send is made of before anything is written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from carillon.v1.types_pb2 import Notification
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.notification import Draft
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.recipient import RecipientPatch
from carillon_server.domain.template import Dependence, Template
from carillon_server.rendering.pool import RenderPool
from carillon_server.rendering.schema import SchemaCompiler
from carillon_server.services.composer import Composer
from carillon_server.services.composition import Composition
from carillon_server.services.recipients import RecipientService
from carillon_server.services.tenant_catalog import TenantCatalogs
from carillon_server.storage.catalog_state import lock_revision, raise_revision
from carillon_server.storage.catalog_templates import add_version
from carillon_server.storage.catalog_types import put_type
from carillon_server.storage.database import Connection, Database, Record
from carillon_server.transport.convert.payloads import Payloads

TENANT, TYPE = "acme", "scan.completed"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHAIN = Fallback((Channel.EMAIL, Channel.SMS))
NAME = "{{ recipient.attributes.name }}"


class CountingDatabase(Database):
    """Counts how often recipients are asked for."""

    readings = 0

    async def fetch(self, sql: str, *args: object, timeout: float | None = None) -> list[Record]:
        self.readings += "FROM recipient" in sql
        return await super().fetch(sql, *args, timeout=timeout)


@dataclass
class Desk:
    database: CountingDatabase
    catalogs: TenantCatalogs
    composer: Composer

    async def define(self, kind: NotificationType | None = None, *templates: Template) -> None:
        async def work(connection: Connection) -> None:
            await lock_revision(connection, TENANT)
            await put_type(connection, TENANT, kind or NotificationType(TYPE))
            for template in templates:
                await add_version(connection, TENANT, template, active=True)
            await raise_revision(connection, TENANT)

        await self.database.transaction(work)

    async def compose(self, *names: str, tolerant: bool = False, **fields: object) -> Composition:
        draft = Draft(names, TYPE, b"", **{"has_content": False, "has_priority": False, **fields})  # type: ignore[arg-type]  # fields of a Draft, by name
        return await self.composer.compose(TENANT, draft, names, tolerant=tolerant)

    async def named(self, *names: str) -> None:
        patches = [RecipientPatch(name, attributes={"name": name.title()}) for name in names]
        await RecipientService(self.database).upsert_all(TENANT, patches, timeout=5)


@pytest.fixture
async def desk(postgres_url: str) -> AsyncIterator[Desk]:
    database = await CountingDatabase.connect(postgres_url, max_connections=5)
    # Time hardly passes: what is known stays fresh unless it is asked for again.
    ticks = count(0, 1e-6)
    catalogs = TenantCatalogs(database, SchemaCompiler(), accept_unknown=False, monotonic=lambda: next(ticks))
    pool = RenderPool(1)
    composer = Composer(
        database, catalogs, pool, Payloads(), lambda: NOW, fallbacks_of=lambda tenant: [CHAIN]
    )
    yield Desk(database, catalogs, composer)
    await pool.stop()
    await catalogs.stop()
    await database.close()


def inbox(title: str, locale: str = "en", dependence: Dependence = Dependence.NOTHING) -> Template:
    return Template(TYPE, Channel.IN_APP, locale, {"title": title}, dependence=dependence)


def titles(composition: Composition) -> list[str]:
    return [Notification.FromString(v.draft.payload).content.title for v in composition.variants]


async def test_one_language_that_speaks_of_nobody_reads_nobody(desk: Desk) -> None:
    await desk.define(None, inbox("Done"))
    composition = await desk.compose("ann", "bob")
    assert titles(composition) == ["Done"]
    assert [variant.key for variant in composition.variants] == ["en"]
    assert desk.database.readings == 0


async def test_however_many_they_are_recipients_are_read_once(desk: Desk) -> None:
    await desk.define(None, inbox(f"{NAME} is done", dependence=Dependence.RECIPIENT))
    await desk.named("ann", "bob")
    composition = await desk.compose("ann", "bob")
    assert titles(composition) == ["Ann is done", "Bob is done"]
    assert (composition.chosen, desk.database.readings) == ({"ann": 0, "bob": 1}, 1)


async def test_what_another_process_defined_a_moment_ago_is_found(desk: Desk) -> None:
    with pytest.raises(Refusal) as refusal:
        await desk.compose("ann")
    assert refusal.value.reason is Reason.TYPE_NOT_FOUND
    await desk.define()
    with pytest.raises(Refusal) as refusal:
        await desk.compose("ann")
    assert refusal.value.reason is Reason.TEMPLATE_NOT_FOUND
    await desk.define(None, inbox("Done"))
    assert titles(await desk.compose("ann")) == ["Done"]


async def test_who_bears_with_failures_learns_of_them_one_by_one(desk: Desk) -> None:
    await desk.define(None, inbox(f"{NAME} is done", dependence=Dependence.RECIPIENT))
    await desk.named("bob")
    composition = await desk.compose("ann", "bob", tolerant=True)
    assert (titles(composition), composition.chosen) == (["Bob is done"], {"bob": 0})
    assert {name: f.reason for name, f in composition.failures.items()} == {"ann": Reason.TEMPLATE_FAILED}
    with pytest.raises(Refusal):
        await desk.compose("ann", "bob")


async def test_what_fails_for_everybody_is_refused_even_then(desk: Desk) -> None:
    await desk.define(NotificationType(TYPE, data_schema={"required": ["score"]}), inbox("Done"))
    with pytest.raises(Refusal) as refusal:
        await desk.compose("ann", tolerant=True)
    assert refusal.value.reason is Reason.FIELD_INVALID


async def test_the_actor_is_not_worded_for(desk: Desk) -> None:
    await desk.define(None, inbox(f"{NAME} is done", dependence=Dependence.RECIPIENT))
    await desk.named("bob")
    composition = await desk.compose("ann", "bob", actor_id="ann")
    assert titles(composition) == ["Bob is done"]


async def test_a_tenants_chain_follows_what_is_on_by_default(desk: Desk) -> None:
    await desk.define(NotificationType(TYPE), inbox("Done"))
    assert (await desk.compose("ann")).chains == (CHAIN,)
    quiet = {Channel.IN_APP: True, Channel.EMAIL: False}
    await desk.define(NotificationType(TYPE, channels=quiet))
    await desk.catalogs.look_again(TENANT)
    assert (await desk.compose("ann")).chains == ()
    assert (await desk.compose("ann", channels=(Channel.EMAIL,))).chains == (CHAIN,)


async def test_words_are_made_for_the_channels_that_may_be_used(desk: Desk) -> None:
    sms = Template(TYPE, Channel.SMS, "en", {"text": "short"})
    chat = Template(TYPE, Channel.CHAT, "en", {"body": "chat"})
    await desk.define(None, inbox("Done"), sms, chat)
    [variant] = (await desk.compose("ann")).variants
    assert variant.parts.keys() == {Channel.SMS}


async def test_what_was_sent_before_lives_from_then_on(desk: Desk) -> None:
    await desk.define(NotificationType(TYPE, time_to_live_seconds=60), inbox("Done"))
    draft = Draft(("ann",), TYPE, b"", has_content=False)
    then = NOW - timedelta(days=1)
    composition = await desk.composer.compose(TENANT, draft, ["ann"], now=then)
    assert composition.variants[0].draft.expire_time == then + timedelta(seconds=60)
