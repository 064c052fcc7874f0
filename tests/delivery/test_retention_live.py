"""Retention as a screen sees it: seconds long, over the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from carillon import AsyncClient, AsyncSubscription
from carillon.v1.notification_service_pb2 import SubscribeResponse
from carillon_server.app import running_worker
from carillon_server.storage.database import Database
from tests.running import Issuer, make_settings, running_server

_PATIENCE_SECONDS = 10
_KEEP = """
UPDATE notification SET retain_time = now() + interval '1 second', keep_archived_seconds = 1
WHERE type = 'news'
"""


@dataclass
class Screen:
    """Ada's."""

    client: AsyncClient
    database: Database

    async def send(self, type_: str) -> str:
        sent = await self.client.send(recipient_ids=["ada"], type=type_, content={"title": "Hello"})
        id_: str = sent.results[0].notification_id
        return id_


async def next_event(stream: AsyncSubscription) -> SubscribeResponse:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        return await anext(stream)


@pytest.fixture
async def screen(postgres_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Screen]:
    issuer = Issuer(tmp_path)
    settings = make_settings(postgres_url, redis_url, issuer, sweep_seconds=0.2)
    token = issuer.token("acme", "app", ["notifications.send", "gateway"])
    database = await Database.connect(postgres_url, max_connections=1)
    async with (
        running_server(settings) as target,
        running_worker(settings),
        AsyncClient(target, token=token) as client,
    ):
        yield Screen(client, database)
    await database.close()


async def test_a_screen_sees_things_go_to_the_archive_and_out_of_it(screen: Screen) -> None:
    kept, gone = await screen.send("letter"), await screen.send("news")
    client = screen.client
    async with client.subscribe(recipient_id="ada", patience_seconds=_PATIENCE_SECONDS) as stream:
        await next_event(stream)
        await screen.database.fetch(_KEEP)
        archived, removed = (await next_event(stream)).changed, (await next_event(stream)).removed
    (changed,) = archived.notifications
    assert (changed.id, changed.HasField("archive_time"), changed.content.title) == (gone, True, "Hello")
    counts = archived.counts
    assert (counts.total_count, counts.unread_count, counts.archived_count) == (1, 1, 1)
    assert list(removed.notification_ids) == [gone]
    counts = removed.counts
    assert (counts.total_count, counts.unread_count, counts.archived_count) == (1, 1, 0)
    page = await client.list(recipient_id="ada")
    assert [each.id for each in page.notifications] == [kept]
