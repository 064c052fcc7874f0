"""Secrets of providers are sealed at rest, told to nobody, and survive a rotation of keys."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from carillon_server.domain.outcome import Delivered
from carillon_server.services.progress import IDLE
from carillon_server.services.reseal import ResealService
from carillon_server.services.secret_box import SecretBox
from carillon_server.storage.sealed_secrets import fetch_sealed, replace_sealed
from tests.delivery.routing.agency import KEY, Agency, deliver

CANARY = "canary-91c2e7"
NEW_KEY = bytes(32)


async def reseal(agency: Agency, box: SecretBox, limit: int = 2) -> int:
    service, done = ResealService(agency.database, box), 0
    while (progress := await service.reseal(limit)) != IDLE:
        done += progress.done
        if not progress.more:
            return done
    return done


async def test_a_canary_is_found_nowhere_but_at_the_far_side(agency: Agency) -> None:
    await agency.put("acme", "main", "far", password=CANARY)
    await agency.put("acme", "broken", password=CANARY, kind="gone")
    await agency.put("acme", "failing", password=CANARY, priority=1)
    agency.side("failing").answers.append(RuntimeError(CANARY))
    async with agency.open() as directory:
        with capture_logs() as logs:
            await deliver(directory, "acme")
            assert isinstance(await deliver(directory, "acme", tried=["failing"]), Delivered)
        said = repr(directory.health()) + repr([vars(each) for each in directory._all()])
    assert agency.side("far").passwords == [CANARY]
    stored = await agency.database.fetch("SELECT p::text FROM provider p")
    assert {"provider.failed", "provider.unusable"} <= {log["event"] for log in logs}
    for place in (*(row[0] for row in stored), repr(logs), said):
        assert CANARY not in place
        assert CANARY.encode().hex() not in place


async def test_secrets_of_one_open_for_no_other(agency: Agency) -> None:
    row = await agency.put("acme", "main", "far", password=CANARY)
    for tenant, name in (("globex", "main"), ("acme", "other")):
        await agency.put(tenant, name, sealed_secrets=row.sealed_secrets)
    async with agency.open() as directory:
        for tenant in ("globex", "acme"):
            await directory.refresh([tenant])
        assert [each.defect for each in directory.health()] == ["secrets_lost"] * 2


async def test_keys_rotate_without_a_gap(agency: Agency) -> None:
    for number in range(5):
        await agency.put("acme", f"provider-{number}", "far", password=f"{CANARY}-{number}")
    both, only_new = SecretBox([NEW_KEY, KEY]), SecretBox([NEW_KEY])
    agency.box = both
    async with agency.open(fresh_seconds=0.0) as directory:
        assert isinstance(await deliver(directory, "acme"), Delivered)
        assert await reseal(agency, both) == 5
        assert await reseal(agency, both) == 0
        agency.ticks.now += 1
        assert isinstance(await deliver(directory, "acme"), Delivered)
        # Sealed again is no change: nobody was replaced.
        assert agency.side("far").closed == []
    agency.box = only_new
    async with agency.open() as directory:
        assert isinstance(await deliver(directory, "acme"), Delivered)
        assert [each.defect for each in directory.health()] == [""]


async def test_a_provider_put_meanwhile_keeps_its_new_secrets(agency: Agency) -> None:
    await agency.put("acme", "main", "far", password="old")
    (read,) = await fetch_sealed(agency.database, ("", ""), 10)
    agency.box = SecretBox([NEW_KEY, KEY])
    await agency.put("acme", "main", "far", password="new")
    assert not await replace_sealed(agency.database, read, b"sealed again")
    async with agency.open() as directory:
        await deliver(directory, "acme")
    assert agency.side("far").passwords == ["new"]


async def test_what_no_key_opens_is_left_as_it_is(agency: Agency) -> None:
    await agency.put("acme", "lost", "far", sealed_secrets=b"\x01" + bytes(60))
    await agency.put("acme", "main", "far", password=CANARY)
    assert await reseal(agency, SecretBox([NEW_KEY, KEY])) == 1
    rows: dict[str, Any] = {
        row["name"]: row["secrets"]
        for row in await agency.database.fetch("SELECT name, secrets FROM provider")
    }
    assert rows["lost"] == b"\x01" + bytes(60)
