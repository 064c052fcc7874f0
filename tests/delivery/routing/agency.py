"""Providers of tenants in a real database, and far sides that do as a test says."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from pydantic import Field, SecretStr

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.provider import Message, ProviderKind, ProviderSettings, Workshop
from carillon_server.delivery.routing.builder import ProviderBuilder
from carillon_server.delivery.routing.directory import Directory
from carillon_server.delivery.routing.route import Route, Wait
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.delivery_settings import DeliverySettings
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.lane import Lane
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import Delivered, Outcome
from carillon_server.domain.provider import ProviderConfig
from carillon_server.services.secret_box import SecretBox, provider_purpose
from carillon_server.storage.database import Connection, Database
from carillon_server.storage.delivery_settings import put_settings
from carillon_server.storage.providers import ProviderRow, put_provider

KEY = bytes(range(32))
DOWN_SECONDS = 5.0
"""How long a breaker stays open at first."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def message(number: int = 1) -> Message:
    return Message(DeliveryId(bytes(16), number, 0), "somebody", Content("Invoice 7 is paid", "", "", "", ""))


class FarSettings(ProviderSettings):
    host: str = Field(description="Where it is.")
    password: SecretStr | None = Field(default=None, description="Ours.")


@dataclass
class FarSide:
    """An outside service as seen through its provider: answers in turn what is in `answers`, then `usual`."""

    usual: Outcome = field(default_factory=Delivered)
    answers: deque[Outcome | Exception] = field(default_factory=deque)
    taken: Counter[str] = field(default_factory=Counter)
    """Calls by the name of the provider."""
    running: int = 0
    most_running: int = 0
    closed: list[str] = field(default_factory=list)
    """What the providers that were closed knew as `host`."""
    passwords: list[str | None] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def call(self, name: str, password: str | None) -> Outcome:
        self.taken[name] += 1
        self.passwords.append(password)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.open.wait()
        finally:
            self.running -= 1
        answer = self.answers.popleft() if self.answers else self.usual
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class FarProvider:
    name: str
    settings: FarSettings
    side: FarSide

    async def send(self, message: Message) -> Outcome:
        password = self.settings.password
        return await self.side.call(self.name, password.get_secret_value() if password else None)

    async def close(self) -> None:
        self.side.closed.append(self.settings.host)


class Ticks:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Agency:
    """Where providers are configured and asked."""

    database: Database
    ticks: Ticks = field(default_factory=Ticks)
    sides: dict[str, FarSide] = field(default_factory=dict)
    """By host."""
    box: SecretBox = field(default_factory=lambda: SecretBox([KEY]))

    def side(self, host: str) -> FarSide:
        return self.sides.setdefault(host, FarSide())

    def kind(self, name: str, *channels: Channel, **fields: Any) -> ProviderKind[FarSettings]:
        def build(provider: str, settings: FarSettings, workshop: Workshop) -> FarProvider:
            if settings.host == "unbuildable":
                raise ValueError(settings.host)
            return FarProvider(provider, settings, self.side(settings.host))

        return ProviderKind(name, frozenset(channels), FarSettings, build, **fields)

    @property
    def kinds(self) -> dict[str, ProviderKind[Any]]:
        far = self.kind("far", Channel.EMAIL, Channel.SMS)
        push = self.kind("apple", Channel.PUSH, platforms=frozenset({Platform.APNS}))
        once = self.kind("once", Channel.SMS, at_most_once=True)
        hooks = self.kind("hooks", Channel.WEBHOOK, one_far_side=False)
        sandbox = ProviderKind(
            "file", frozenset(Channel), ProviderSettings, lambda name, settings, workshop: self._file(name)
        )
        return {kind.name: kind for kind in (far, push, once, hooks, sandbox)}

    def directory(self, *installation: ProviderConfig, **options: Any) -> Directory:
        workshop = Workshop(utc_now, Egress())
        builder = ProviderBuilder(self.kinds, workshop, self.box, self.ticks)
        values = {"monotonic": self.ticks, "rng": Random(1), **options}
        fixed = [builder.build(config) for config in installation]
        return Directory(self.database, builder, installation=fixed, **values)

    @asynccontextmanager
    async def open(self, *installation: ProviderConfig, **options: Any) -> AsyncIterator[Directory]:
        directory = self.directory(*installation, **options)
        try:
            yield directory
        finally:
            await directory.close()

    async def put(
        self, tenant: str, name: str, host: str = "", *, password: str = "", **fields: Any
    ) -> ProviderRow:
        sealed = (
            self.box.seal(tenant, provider_purpose(name), json.dumps({"password": password}).encode())
            if password
            else None
        )
        values: dict[str, Any] = {
            "kind": "far",
            "channel": Channel.EMAIL,
            "enabled": True,
            "priority": 100,
            "weight": 1,
            "rate_per_second": None,
            "burst": 1,
            "max_concurrency": 10,
            "settings": {"host": host or name},
            "sealed_secrets": sealed,
            **fields,
        }
        row = ProviderRow(tenant, name, **values)

        async def work(connection: Connection) -> ProviderRow:
            return await put_provider(connection, row)

        return await self.database.transaction(work)

    async def decide(self, tenant: str, settings: DeliverySettings) -> None:
        await self.database.transaction(lambda connection: put_settings(connection, tenant, settings))

    def _file(self, name: str) -> FarProvider:
        return FarProvider(name, FarSettings(host="file"), self.side("file"))


def taken(
    directory: Directory,
    tenant: str,
    channel: Channel = Channel.EMAIL,
    tried: Collection[str] = (),
    platform: Platform = Platform.NONE,
    lane: Lane = Lane.BULK,
) -> Route:
    """A route; fails where there is only a wait."""
    route = directory.choose(tenant, channel, platform, tried, lane)
    assert not isinstance(route, Wait), route
    return route


def waited(
    directory: Directory,
    tenant: str,
    channel: Channel = Channel.EMAIL,
    tried: Collection[str] = (),
    platform: Platform = Platform.NONE,
    lane: Lane = Lane.BULK,
) -> Wait:
    """A wait; fails where there is a route."""
    wait = directory.choose(tenant, channel, platform, tried, lane)
    assert isinstance(wait, Wait), wait
    return wait


async def deliver(
    directory: Directory, tenant: str, channel: Channel = Channel.EMAIL, tried: Collection[str] = ()
) -> Outcome | Wait:
    """One delivery, as the engine makes it."""
    await directory.refresh([tenant])
    route = directory.choose(tenant, channel, Platform.NONE, tried, Lane.BULK)
    return route if isinstance(route, Wait) else await route.send(message())
