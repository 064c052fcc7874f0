"""Which channels this installation serves, and by which providers."""

from __future__ import annotations

from carillon_server.config import Settings
from carillon_server.delivery.providers.mail import MailComposer
from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.providers.smtp import SmtpProvider
from carillon_server.delivery.providers.smtp_pool import SmtpPool
from carillon_server.delivery.providers.smtp_server import SmtpServer
from carillon_server.domain.channel import Channel
from carillon_server.services.ports import Clock


def configured_channels(settings: Settings) -> frozenset[Channel]:
    """The channels that a Send may choose from."""
    outside = {Channel.EMAIL} if settings.smtp_url else set()
    return frozenset({Channel.IN_APP, *outside})


def build_providers(settings: Settings, clock: Clock) -> dict[Channel, Provider]:
    """The provider of each channel that leaves the house; raises ValueError for settings that make no
    sense.
    """
    if settings.smtp_url is None:
        return {}
    pool = SmtpPool(SmtpServer.parse(settings.smtp_url.get_secret_value()))
    composer = MailComposer(settings.mail_from, settings.link_base_url)
    return {Channel.EMAIL: SmtpProvider(pool, composer, clock)}
