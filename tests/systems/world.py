"""A story's place: the whole service with a worker, a tenant with one catalog, and the far sides."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carillon import AsyncClient
from carillon.v1.delivery_service_pb2 import Delivery
from carillon.v1.notification_service_pb2 import SendResponse
from carillon.v1.types_pb2 import Channel
from carillon_server.app import running_worker
from tests.eventually import eventually
from tests.running import Issuer, make_settings, running_server
from tests.systems.catalogs import bundle_of, types_of
from tests.systems.far_sides import VAPID_PUBLIC_KEY, FarSides, open_far_sides
from tests.systems.person import Person

TENANT = "acme"
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
"""Where a person's messages in the chat go; the tenant's provider has a room of its own for all of them."""
_UNDER_WAY = ("SCHEDULED", "ATTEMPTING", "RETRYING")


@dataclass(frozen=True)
class World:
    catalog: str
    target: str
    issuer: Issuer
    far_sides: FarSides
    operator: AsyncClient
    system: AsyncClient
    """The system of the story: it sends."""
    clients: AsyncExitStack
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def sample(self, kind: str) -> dict[str, Any]:
        data: dict[str, Any] = types_of(self.catalog)[kind]["sample_data"]
        return data

    async def connect(self, subject: str, scope: str) -> AsyncClient:
        client = AsyncClient(self.target, token=self.issuer.token(TENANT, subject, [scope]))
        return await self.clients.enter_async_context(client)

    def credentials(self, person: Person) -> tuple[tuple[str, str], ...]:
        """The person's, for callers without the client."""
        return (("authorization", f"Bearer {self.issuer.token(TENANT, person.name, ['inbox'])}"),)

    async def person(self, locale: str = "en", time_zone: str = "UTC") -> Person:
        """Somebody new, who can be reached in every way."""
        order = next(self.numbers)
        name, number = f"person-{order}", f"+41446{681_800 + order}"
        browser = self.far_sides.push_service.subscribe(VAPID_PUBLIC_KEY)
        await self.operator.upsert_recipient(
            recipient={"recipient_id": name, "locale": locale, "time_zone": time_zone},
            endpoints=[
                {"channel": "EMAIL", "address": f"{name}@example.com"},
                {"channel": "SMS", "address": number},
                {"channel": "PUSH", "address": browser.subscription},
                {"channel": "WEBHOOK", "address": f"{self.far_sides.receiver.url}/{name}"},
                {"channel": "CHAT", "address": SLACK},
            ],
        )
        return Person(name, await self.connect(name, "inbox"), number, browser, self.far_sides)

    async def send(self, kind: str, *people: Person, **fields: Any) -> SendResponse:
        """One of the type's sample, unless `data` is given."""
        data = fields.pop("data", None) or self.sample(kind)
        recipients = [person.name for person in people]
        return await self.system.send(type=kind, recipient_ids=recipients, data=data, **fields)

    async def states(self, person: Person, *states: str) -> list[Delivery]:
        """The person's deliveries that stand in one of these states, newest first."""
        wanted = {"recipient_id": person.name, "states": states}
        return [each async for each in self.operator.list_all_deliveries(filter=wanted)]

    async def settled(self, *people: Person) -> None:
        """Returns when nothing is on its way to them any more."""

        async def nothing_under_way() -> bool:
            return not any([await self.states(person, *_UNDER_WAY) for person in people])

        await eventually(nothing_under_way)

    async def delivered(self, person: Person) -> dict[str, int]:
        """How many of the person's messages were taken, by channel."""
        await self.settled(person)
        taken = await self.states(person, "DELIVERED")
        return dict(Counter(Channel.Name(each.channel).removeprefix("CHANNEL_") for each in taken))


@asynccontextmanager
async def open_world(
    catalog: str, postgres_url: str, redis_url: str, directory: Path, **settings: object
) -> AsyncIterator[World]:
    """With the catalog applied."""
    async with AsyncExitStack() as stack:
        far_sides = await stack.enter_async_context(open_far_sides())
        issuer = Issuer(directory)
        values: Mapping[str, object] = {
            "smtp_url": far_sides.smtp_url,
            "link_base_url": "https://app.example.com",
            "egress_allowed_networks": "127.0.0.0/8",
            "sweep_seconds": 0.2,
            "unknown_types": "refuse",
            **settings,
        }
        running = make_settings(postgres_url, redis_url, issuer, **values)
        target = await stack.enter_async_context(running_server(running))
        await stack.enter_async_context(running_worker(running))
        clients = await stack.enter_async_context(AsyncExitStack())

        async def connect(subject: str, scope: str) -> AsyncClient:
            client = AsyncClient(target, token=issuer.token(TENANT, subject, [scope]), timeout_seconds=30)
            return await clients.enter_async_context(client)

        operator, system = await connect("root", "admin"), await connect(catalog, "notifications.send")
        for provider in far_sides.providers():
            await operator.put_provider(provider=provider)
        await operator.apply_catalog(bundle=bundle_of(catalog))
        yield World(catalog, target, issuer, far_sides, operator, system, clients)
