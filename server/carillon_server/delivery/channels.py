"""What the settings of the installation serve, for tenants that have no provider of their own."""

from __future__ import annotations

import time
from dataclasses import replace

from carillon_server.config import Settings
from carillon_server.delivery.providers.email import smtp
from carillon_server.delivery.providers.email.smtp_settings import SmtpSettings, read_smtp_url
from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.provider import Workshop
from carillon_server.delivery.routing.guarded_provider import GuardedProvider
from carillon_server.domain.channel import Channel
from carillon_server.domain.provider import INSTALLATION, ProviderConfig

_RELAY = "smtp"
# Whoever runs the installation may name any relay, the one next door included.
_ANYWHERE = ("0.0.0.0/0", "::/0")


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
        smtp.KIND.name,
        Channel.EMAIL,
        {},
        # As many as the worker runs at once: its relay is known not to mind.
        max_concurrency=settings.worker_concurrency + settings.worker_urgent_concurrency,
    )
    relay = SmtpSettings(**read_smtp_url(settings.smtp_url.get_secret_value()))
    provider = smtp.KIND.build(_RELAY, relay, replace(workshop, egress=Egress(_ANYWHERE)))
    return [GuardedProvider(config, smtp.KIND, provider, workshop.clock, time.monotonic)]
