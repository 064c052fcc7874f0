"""Hostile HTTP/2: whatever one connection does, the server lives, stays small, and answers the others."""

from __future__ import annotations

import grpc
import pytest

from carillon_server.domain.identity import Role
from tests.eventually import eventually, wait_until
from tests.fuzz.assault import assault
from tests.fuzz.attacks import wire
from tests.fuzz.attacks.catalog import FAMILIES
from tests.fuzz.beside import ordinary_calls
from tests.fuzz.conftest import MAX_CONNECTIONS
from tests.fuzz.scale import LONG, TIMES
from tests.fuzz.service import Service

_SECONDS = 1.5 if not LONG else min(30.0, 0.5 * TIMES)
_MOST_MIB = 900
_FILES_LEFT = 20
_CASES = [[name] for family in FAMILIES for name in family] if LONG else FAMILIES


@pytest.mark.parametrize("attacks", _CASES, ids=[names[0] for names in _CASES])
async def test_calls_beside_an_attack_are_answered(service: Service, attacks: list[str]) -> None:
    files_before = service.open_files()
    token = service.issuer.token("acme", "mallory", [Role.USER])
    async with assault(service, attacks, _SECONDS, token) as done:
        beside = await ordinary_calls(service, _SECONDS)
    assert done.done > 0
    # While what may wait is full of the attack's calls, gRPC cancels whatever comes.
    assert {refused.code for refused in beside.refusals} <= {grpc.StatusCode.CANCELLED}
    assert beside.seconds
    assert service.is_alive()
    assert (await ordinary_calls(service, 0.0)).refusals == []
    assert service.peak_mib() < _MOST_MIB
    wait_until(lambda: service.open_files() <= files_before + _FILES_LEFT, within_seconds=30)


async def test_a_connection_that_says_nothing_is_closed(silent_house: Service) -> None:
    """Neither nothing, nor half a preface, nor a preface without settings keeps a place."""
    for hello in (b"", wire.PREFACE[:10], wire.PREFACE):
        with wire.connected(silent_house.port, hello=hello) as connection:
            assert connection.read_to_end(10) is not None


async def test_a_connection_without_calls_is_asked_to_go(silent_house: Service) -> None:
    with wire.connected(silent_house.port) as connection:
        # Sooner than keepalive ends it, because it answers no pings.
        came = connection.read_to_end(5)
    assert came is not None
    assert bytes([wire.GOAWAY]) in came


async def test_connections_beyond_the_limit_are_closed_and_others_go_on(silent_house: Service) -> None:
    async def all_is_well() -> bool:
        return (await ordinary_calls(silent_house, 0.0, callers=1)).refusals == []

    crowd = [wire.Connection(silent_house.port, hello=b"") for _ in range(3 * MAX_CONNECTIONS)]
    try:
        turned_away = sum(connection.read_to_end(0.01) is not None for connection in crowd)
        assert turned_away >= 2 * MAX_CONNECTIONS
    finally:
        for connection in crowd:
            connection.close()
    await eventually(all_is_well)
