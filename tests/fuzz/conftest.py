from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.service import Service, running_service

MAX_CONNECTIONS = 20


@pytest.fixture(scope="module")
def service(
    shared_postgres_url: str, shared_redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One server for all tests of a module: what one of them leaves behind, the next may trip over."""
    directory = tmp_path_factory.mktemp("fuzz")
    with running_service(shared_postgres_url, shared_redis_url, directory) as running:
        yield running
        assert running.complaints() == []


@pytest.fixture(scope="module")
def silent_house(
    shared_postgres_url: str, shared_redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A server with little patience and little room."""
    directory = tmp_path_factory.mktemp("silent")
    patience = {"connection_setup_seconds": 1, "connection_idle_seconds": 1, "default_deadline_seconds": 1}
    room = {"max_connections": MAX_CONNECTIONS}
    with running_service(shared_postgres_url, shared_redis_url, directory, **patience, **room) as running:
        yield running
