"""What a type and its templates say, from a Send over the client to the mailbox and to the screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from carillon import AsyncClient, AsyncSubscription
from carillon.v1.notification_service_pb2 import SubscribeResponse
from carillon_server.app import running_worker
from carillon_server.domain.channel import Channel
from carillon_server.domain.notification_type import NotificationType, Retention
from carillon_server.domain.template import Dependence, Template
from carillon_server.storage.catalog_state import lock_revision, raise_revision
from carillon_server.storage.catalog_templates import add_version
from carillon_server.storage.catalog_types import put_type
from carillon_server.storage.database import Connection, Database
from tests.delivery.relay import Relay
from tests.running import Issuer, make_settings, running_server

_PATIENCE_SECONDS = 20
_NEWS = NotificationType("news", retention=Retention(archive_after_seconds=2, delete_after_seconds=1))
_SCHEMA = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
_GREETING = NotificationType(
    "greeting", channels={Channel.IN_APP: True, Channel.EMAIL: True}, data_schema=_SCHEMA
)
_IN_APP = {"title": "Hello {{ name }}"}
_MAIL = {
    "subject": "For {{ name }}",
    "html": '<html lang="en"><body><p>Dear {{ name }}</p></body></html>',
    "text": "Dear {{ name }}",
    "preheader": "A word for you",
}


@dataclass
class House:
    client: AsyncClient
    database: Database

    async def send(self, type_: str, *names: str, **fields: Any) -> str:
        sent = await self.client.send(recipient_ids=names or ["ada"], type=type_, **fields)
        id_: str = sent.results[0].notification_id
        return id_


async def next_event(stream: AsyncSubscription) -> SubscribeResponse:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        return await anext(stream)


async def _write_catalog(connection: Connection) -> None:
    await lock_revision(connection, "acme")
    for kind in (_NEWS, _GREETING):
        await put_type(connection, "acme", kind)
    for channel, parts in ((Channel.IN_APP, _IN_APP), (Channel.EMAIL, _MAIL)):
        template = Template("greeting", channel, "en", parts, dependence=Dependence.NOTHING)
        await add_version(connection, "acme", template, active=True)
    await raise_revision(connection, "acme")


@pytest.fixture
async def house(postgres_url: str, redis_url: str, tmp_path: Path, relay: Relay) -> AsyncIterator[House]:
    issuer = Issuer(tmp_path)
    settings = make_settings(postgres_url, redis_url, issuer, sweep_seconds=0.2, smtp_url=relay.url)
    token = issuer.token("acme", "app", ["notifications.send", "gateway"])
    database = await Database.connect(postgres_url, max_connections=1)
    await database.transaction(_write_catalog)
    async with (
        running_server(settings) as target,
        running_worker(settings),
        AsyncClient(target, token=token) as client,
    ):
        yield House(client, database)
    await database.close()


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.strip()


async def test_a_screen_sees_things_go_to_the_archive_and_out_of_it(house: House) -> None:
    client, content = house.client, {"title": "Hello"}
    kept = await house.send("letter", content=content)
    async with client.subscribe(recipient_id="ada", patience_seconds=_PATIENCE_SECONDS) as stream:
        await next_event(stream)
        gone = await house.send("news", content=content)
        assert [each.id for each in (await next_event(stream)).created.notifications] == [gone]
        archived, removed = (await next_event(stream)).changed, (await next_event(stream)).removed
    (changed,) = archived.notifications
    assert (changed.id, changed.HasField("archive_time"), changed.content.title) == (gone, True, "Hello")
    counts = archived.counts
    assert (counts.total_count, counts.unread_count, counts.archived_count) == (1, 1, 1)
    assert list(removed.ids) == [gone]
    counts = removed.counts
    assert (counts.total_count, counts.unread_count, counts.archived_count) == (1, 1, 0)
    page = await client.list(recipient_id="ada")
    assert [each.id for each in page.notifications] == [kept]


async def test_a_template_reaches_mailbox_and_inbox(house: House, relay: Relay) -> None:
    endpoint: Any = {"channel": "EMAIL", "address": "ada@example.com"}
    await house.client.put_endpoint(recipient_id="ada", endpoint=endpoint)
    await house.send("greeting", data={"name": "<Ada>"})
    (mail,) = await relay.wait_for(1)
    assert (mail.message["Subject"], body(mail.message, "plain")) == ("For <Ada>", "Dear <Ada>")
    page = body(mail.message, "html")
    assert "<p>Dear &lt;Ada&gt;</p>" in page
    assert page.count("A word for you") == 1
    listed = await house.client.list(recipient_id="ada")
    assert [each.content.title for each in listed.notifications] == ["Hello <Ada>"]


async def test_a_broadcast_is_read_like_anything_else(house: House, relay: Relay) -> None:
    client = house.client
    for name in ("ada", "bob"):
        endpoint: Any = {"channel": "EMAIL", "address": f"{name}@example.com"}
        await client.put_endpoint(recipient_id=name, endpoint=endpoint)
    async with client.subscribe(recipient_id="ada", patience_seconds=_PATIENCE_SECONDS) as stream:
        await next_event(stream)
        await client.send(everyone=True, type="greeting", data={"name": "all"})
        live = (await next_event(stream)).created.notifications
        await client.mark_read(recipient_id="ada", all=True)
        marked = (await next_event(stream)).changed.notifications
    mails = await relay.wait_for(2)
    assert {mail.message["Subject"] for mail in mails} == {"For all"}
    assert {body(mail.message, "plain") for mail in mails} == {"Dear all"}
    assert [row[0] for row in await house.database.fetch("SELECT payload FROM notification")] == [b"", b""]
    listed = (await client.list(recipient_id="ada")).notifications
    single = (await client.get(id=listed[0].id, recipient_id="ada")).notification
    async with client.subscribe(recipient_id="ada", patience_seconds=_PATIENCE_SECONDS) as stream:
        snapshot = (await next_event(stream)).snapshot.notifications
    told = [*live, *marked, *listed, single, *snapshot]
    assert [each.content.title for each in told] == ["Hello all"] * 5
