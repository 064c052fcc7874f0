"""What the settings of the installation serve, for tenants that have no provider of their own."""

from __future__ import annotations

import time

from pydantic import Field, SecretStr

from carillon_server.config import Settings
from carillon_server.delivery.providers.mail import MailComposer
from carillon_server.delivery.providers.provider import ProviderKind, ProviderSettings, Workshop
from carillon_server.delivery.providers.smtp import SmtpProvider
from carillon_server.delivery.providers.smtp_pool import SmtpPool
from carillon_server.delivery.providers.smtp_server import SmtpServer
from carillon_server.delivery.routing.guarded_provider import GuardedProvider
from carillon_server.domain.channel import Channel
from carillon_server.domain.provider import INSTALLATION, ProviderConfig

_RELAY = "smtp"


class RelaySettings(ProviderSettings):
    """The mail relay of the installation."""

    url: SecretStr = Field(description="Where it is, and who we are there.")


def installation_channels(settings: Settings) -> frozenset[Channel]:
    """The channels that a Send of every tenant may choose from."""
    return frozenset({Channel.EMAIL}) if settings.smtp_url else frozenset()


def installation_providers(settings: Settings, workshop: Workshop) -> list[GuardedProvider]:
    """Whoever serves those; raises ValueError for settings that make no sense."""
    if settings.smtp_url is None:
        return []
    config = ProviderConfig(
        INSTALLATION,
        _RELAY,
        _RELAY_KIND.name,
        Channel.EMAIL,
        {},
        # As many as the worker runs at once: its relay is known not to mind.
        max_concurrency=settings.worker_concurrency + settings.worker_urgent_concurrency,
    )
    provider = _RELAY_KIND.build(_RELAY, RelaySettings(url=settings.smtp_url), workshop)
    return [GuardedProvider(config, _RELAY_KIND, provider, workshop.clock, time.monotonic)]


def _build_relay(_name: str, settings: RelaySettings, workshop: Workshop) -> SmtpProvider:
    pool = SmtpPool(SmtpServer.parse(settings.url.get_secret_value()))
    return SmtpProvider(pool, MailComposer(workshop.mail_from, workshop.link_base_url), workshop.clock)


_RELAY_KIND = ProviderKind("smtp", frozenset({Channel.EMAIL}), RelaySettings, _build_relay)
