"""One suite, every implementation: what passes here is what the API means."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from carillon import AsyncClient
from carillon.testing import FakeCarillon
from carillon_server.app import running_worker
from tests.running import Issuer, make_settings, running_server

ENVIRONMENTS = ["fake_environment", "real_environment"]
"""Fixtures that return an `Environment`. The one place to add an implementation."""


@dataclass(frozen=True)
class Environment:
    """Where an implementation serves, and credentials for it.

    `token` takes `producer`, `gateway`, `operator`, `user-a` or `user-b`; the last two are recipients.
    """

    target: str
    token: Callable[[str], str]


@pytest.fixture
async def fake_environment() -> AsyncIterator[Environment]:
    async with FakeCarillon() as fake:
        yield Environment(fake.target, lambda who: _fake_token(fake, who))


_SCOPES = {"producer": "notifications.send", "gateway": "gateway", "operator": "admin"}


@pytest.fixture
async def real_environment(postgres_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Environment]:
    """The service with a worker, on real engines; nobody takes its mail."""
    issuer = Issuer(tmp_path)
    settings = make_settings(
        postgres_url, redis_url, issuer, smtp_url="smtp://127.0.0.1:9", sweep_seconds=0.2
    )
    async with running_server(settings) as target, running_worker(settings):
        yield Environment(target, lambda who: issuer.token("acme", who, [_SCOPES.get(who, "inbox")]))


def _fake_token(fake: FakeCarillon, who: str) -> str:
    return fake.token("user", who) if who.startswith("user-") else fake.token(who)


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> Environment:
    return request.getfixturevalue(request.param)


@pytest.fixture
async def connect(environment: Environment) -> AsyncIterator[Callable[[str], Awaitable[AsyncClient]]]:
    """Clients by who they are."""
    async with AsyncExitStack() as stack:

        async def connect(who: str) -> AsyncClient:
            client = AsyncClient(environment.target, token=environment.token(who))
            return await stack.enter_async_context(client)

        yield connect


@pytest.fixture
async def producer(connect: Callable[[str], Awaitable[AsyncClient]]) -> AsyncClient:
    return await connect("producer")


@pytest.fixture
async def gateway(connect: Callable[[str], Awaitable[AsyncClient]]) -> AsyncClient:
    return await connect("gateway")


@pytest.fixture
async def operator(connect: Callable[[str], Awaitable[AsyncClient]]) -> AsyncClient:
    return await connect("operator")


@pytest.fixture
async def user_a(connect: Callable[[str], Awaitable[AsyncClient]]) -> AsyncClient:
    return await connect("user-a")


@pytest.fixture
def ada() -> str:
    """A recipient that no other test knows."""
    return f"ada-{uuid.uuid4().hex}"


@pytest.fixture
def bob() -> str:
    """Another one."""
    return f"bob-{uuid.uuid4().hex}"


@pytest.fixture
def send(producer: AsyncClient) -> Callable[..., Awaitable[str]]:
    """Sends one notification to one recipient; returns its id."""

    async def send(recipient_id: str, title: str = "Scan done", **changes: Any) -> str:
        fields = {"type": "scan.completed", "content": {"title": title}} | changes
        response = await producer.send(recipient_ids=[recipient_id], **fields)
        return response.results[0].notification_id

    return send
