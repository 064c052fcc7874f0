"""Puts routing together for one worker: the directory, and what keeps it company in the background."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from carillon_server.config import Settings
from carillon_server.delivery import metrics
from carillon_server.delivery.channels import installation_providers
from carillon_server.delivery.loop import Loop
from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.kinds import KINDS
from carillon_server.delivery.providers.provider import Workshop
from carillon_server.delivery.routing.builder import ProviderBuilder
from carillon_server.delivery.routing.directory import Directory
from carillon_server.delivery.routing.health import PUBLISH_SECONDS, HealthPublisher
from carillon_server.domain.errors import Refusal
from carillon_server.services.ports import Clock
from carillon_server.services.reseal import ResealService
from carillon_server.services.secret_box import SecretBox
from carillon_server.services.sms_ledger import StoredSmsLedger
from carillon_server.storage.database import Database

_RESEAL_SECONDS = 60.0
_RESEAL_BATCH = 200


def build_workshop(settings: Settings, clock: Clock) -> Workshop:
    """What all providers are built with."""
    return Workshop(
        clock,
        Egress(settings.egress_allowed_networks),
        link_base_url=settings.link_base_url,
        mail_from=settings.mail_from,
        output_directory=settings.sandbox_directory,
        development=settings.development,
    )


def build_directory(settings: Settings, database: Database, clock: Clock) -> Directory:
    """Raises ValueError for settings of the installation that make no sense."""
    workshop = replace(build_workshop(settings, clock), sms_ledger=StoredSmsLedger(database))
    builder = ProviderBuilder(KINDS, workshop, SecretBox(settings.raw_secret_keys))
    return Directory(database, builder, installation=installation_providers(settings, workshop))


@asynccontextmanager
async def running_upkeep(settings: Settings, database: Database, directory: Directory) -> AsyncIterator[None]:
    """Publishes health, and seals secrets again after a rotation of keys."""
    publisher = HealthPublisher(database, directory.health, secrets.token_hex(8))
    reseal = ResealService(database, SecretBox(settings.raw_secret_keys))

    async def publish() -> bool:
        directory.measure()
        return await publisher.publish()

    async def reseal_some() -> bool:
        progress = await reseal.reseal(_RESEAL_BATCH)
        metrics.scheduled_work.labels("resealed").inc(progress.done)
        return progress.more

    loops = [
        Loop("provider health", PUBLISH_SECONDS, publish),
        Loop("resealer", _RESEAL_SECONDS, reseal_some),
    ]
    for loop in loops:
        await loop.start()
    try:
        yield
    finally:
        for loop in loops:
            await loop.stop()
        with suppress(Refusal):  # its rows grow old by themselves
            await publisher.withdraw()
