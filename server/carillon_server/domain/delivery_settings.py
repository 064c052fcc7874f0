"""What a tenant decided about its deliveries as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carillon_server.domain.channel import Channel


@dataclass(frozen=True, slots=True)
class Branding:
    """What the mails of a tenant have in common; empty: nothing of the kind."""

    from_name: str = ""
    reply_to: str = ""
    footer: str = ""
    """Plain text under every mail."""
    logo_url: str = ""
    """https; shown above every mail."""


NO_BRANDING = Branding()


@dataclass(frozen=True, slots=True)
class SmsLimits:
    """What text messages may cost."""

    allowed_countries: frozenset[str] = frozenset()
    """ISO 3166-1 alpha-2; empty: all."""
    max_segments: int = 6
    """A longer text is cut to so many."""
    daily_spend_cap_micros: int | None = None
    """In millionths of the currency that the providers' prices are in, per UTC day; None: no cap."""


_NO_LIMITS = SmsLimits()


@dataclass(frozen=True, slots=True)
class Fallback:
    """Channels to try in order: the next when all deliveries of the one before failed, or after a while."""

    channels: tuple[Channel, ...]
    after_seconds: float | None = None
    """Do not wait longer than this for the one before; None: until it failed."""


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """All of it."""

    sandbox: bool = False
    """Nothing leaves: what would be sent is written to files."""
    branding: Branding = Branding()
    sms: SmsLimits = SmsLimits()
    fallbacks: tuple[Fallback, ...] = ()
    """For sends that name none."""


NO_SETTINGS = DeliverySettings()


def dump_settings(settings: DeliverySettings) -> dict[str, Any]:
    """As JSON can carry it."""
    branding, sms = settings.branding, settings.sms
    return {
        "sandbox": settings.sandbox,
        "branding": {
            "from_name": branding.from_name,
            "reply_to": branding.reply_to,
            "footer": branding.footer,
            "logo_url": branding.logo_url,
        },
        "sms": {
            "allowed_countries": sorted(sms.allowed_countries),
            "max_segments": sms.max_segments,
            "daily_spend_cap_micros": sms.daily_spend_cap_micros,
        },
        "fallbacks": [
            {"channels": [int(channel) for channel in each.channels], "after_seconds": each.after_seconds}
            for each in settings.fallbacks
        ],
    }


def load_settings(document: Mapping[str, Any]) -> DeliverySettings:
    """The inverse of `dump_settings`; what is missing is as by default."""
    sms = document.get("sms", {})
    return DeliverySettings(
        sandbox=bool(document.get("sandbox", False)),
        branding=Branding(**document.get("branding", {})),
        sms=SmsLimits(
            frozenset(sms.get("allowed_countries", ())),
            int(sms.get("max_segments", _NO_LIMITS.max_segments)),
            sms.get("daily_spend_cap_micros"),
        ),
        fallbacks=tuple(
            Fallback(tuple(Channel(channel) for channel in each["channels"]), each.get("after_seconds"))
            for each in document.get("fallbacks", ())
        ),
    )
