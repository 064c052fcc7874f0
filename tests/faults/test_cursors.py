"""P5: who cannot go on where it stood is told so, and then shows what is there."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from carillon_server.domain.cursor import CursorSealer
from carillon_server.domain.inbox import InboxAddress
from carillon_server.embedded.postgres import OWNER
from carillon_server.services.prune import PruneService
from carillon_server.storage.database import Database
from tests.faults.backup import back_up, restore
from tests.faults.callers import Callers
from tests.faults.installation import Installation
from tests.faults.options import StreamSize, sizes
from tests.faults.outcome import Drill
from tests.faults.readers import Readers
from tests.running import SECRET_KEY

_RETENTION_SECONDS = 24 * 3600
_TENANT = "drill"

_BACKDATE = """
UPDATE notification n SET remove_time = now() - interval '2 days' FROM inbox i
WHERE i.inbox_id = n.inbox_id AND n.stage = 3 AND i.recipient_id LIKE 'old-%'
"""

Change = Callable[[Random, str, str], str]
"""From a person and their cursor to another one."""


def _crafted(
    _rng: Random, name: str, token: str, *, tenant: str = _TENANT, other: str = "", ahead: int = 0
) -> str:
    """Signed as the service does."""
    sealer = CursorSealer([urlsafe_b64decode(SECRET_KEY)])
    cursor = sealer.open(token, InboxAddress(_TENANT, name).inbox_id)
    inbox_id = InboxAddress(tenant, other or name).inbox_id
    return sealer.seal(replace(cursor, inbox_id=inbox_id, version=cursor.version + ahead))


def _tampered(rng: Random, _name: str, token: str) -> str:
    raw = bytearray(urlsafe_b64decode(token))
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return urlsafe_b64encode(raw).decode()


def _own(_rng: Random, _name: str, token: str) -> str:
    return token


_CHANGES: Mapping[str, Change] = {
    "good": _own,
    "old": _own,
    "future": partial(_crafted, ahead=1_000),
    "other-user": partial(_crafted, other="somebody"),
    "other-tenant": partial(_crafted, tenant="elsewhere"),
    "tampered": _tampered,
}


async def _prune(installation: Installation) -> None:
    """What the worker does once a minute, to tombstones that have become too old."""
    installation.postgres.query(_BACKDATE, OWNER)
    database = await Database.connect(installation.postgres.url, max_connections=2)
    pruner = PruneService(
        database,
        request_retention_seconds=_RETENTION_SECONDS,
        tombstone_retention_seconds=_RETENTION_SECONDS,
    )
    await pruner.prune(limit=10_000)
    await database.close()


async def _go_back(installation: Installation, copy: Path, *, recover: bool) -> None:
    await restore(installation, copy, recover=recover)
    if not recover:  # which nothing can notice: as the runbook says
        environment = os.environ | {"DATABASE_URL": installation.postgres.url}
        command = [sys.executable, "-m", "carillon_server", "raise-epoch"]
        await asyncio.to_thread(subprocess.run, command, env=environment, check=True, capture_output=True)


@sizes(short=StreamSize(24, blows=1), long=StreamSize(600, blows=4))
async def test_p5_who_cannot_resume_is_told_so_and_shows_the_inbox(
    house: Installation, drill: Drill, size: StreamSize, tmp_path: Path
) -> None:
    """Devices come back with cursors that are too old, of somebody else, of another tenant, tampered with,
    from the future, and of a history that a restored backup has undone. All of them show the inbox then.
    """
    rng, kinds = Random(drill.seed), list(_CHANGES)
    people = [f"{kinds[number % len(kinds)]}-{number}" for number in range(size.streams)]
    async with (
        Callers(house, "shop", "notifications.send") as producer,
        Callers(house, "edge", "gateway") as gateway,
    ):
        readers = Readers(producer, gateway, people)
        async with readers.following():
            await readers.send("first")
            wrong = await readers.wrong()
        await readers.delete_oldest()
        await readers.send("away")
        await _prune(house)
        for device in readers.devices:
            change = _CHANGES[device.recipient_id.rpartition("-")[0]]
            device.cursor = change(rng, device.recipient_id, device.cursor)
        async with readers.following():
            wrong += await readers.wrong()
        expected = [int(not name.startswith("good-")) for name in people]
        assert [device.resets for device in readers.devices] == expected
        for number in range(size.blows):
            copy = tmp_path / f"backup-{number}"
            await back_up(house, copy)
            async with readers.following():
                await readers.send(f"lost-{number}")
                wrong += await readers.wrong()
            await _go_back(house, copy, recover=number % 2 == 0)
            # As many: the versions that the devices know are those of other notifications now.
            await readers.send(f"instead-{number}")
            async with readers.following():
                wrong += await readers.wrong()
        expected = [before + size.blows for before in expected]
        assert [device.resets for device in readers.devices] == expected
    drill.finish(
        "P5",
        sends=readers.sends,
        cuts=sum(device.resets for device in readers.devices),
        lost=len(wrong),
        measured=f"{size.streams} devices, {size.blows} restored backups",
    )
