"""What a Send has to know of its tenant's deliveries. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import Fallback

ALL_CHANNELS = frozenset(Channel)


@dataclass(frozen=True, slots=True)
class TenantDelivery:
    """As lately known."""

    channels: frozenset[Channel]
    """Those that somebody serves; IN_APP always."""
    fallbacks: tuple[Fallback, ...] = ()


@dataclass(frozen=True, slots=True)
class ServedChannel:
    """A provider, as far as its channel is concerned."""

    channel: Channel
    enabled: bool


def served_channels(
    own: Iterable[ServedChannel],
    shared: Iterable[ServedChannel],
    fixed: Collection[Channel],
    *,
    sandbox: bool,
) -> frozenset[Channel]:
    """The channels that a tenant can send on.

    `own` providers are the tenant's: on their channels nobody else serves, even where they are switched off.
    `shared` are those of the installation, `fixed` the channels that its settings serve. In sandbox mode
    everything can be sent: it ends in files.
    """
    if sandbox:
        return ALL_CHANNELS
    mine = list(own)
    decided = {each.channel for each in mine}
    served = {each.channel for each in mine if each.enabled}
    lent = {each.channel for each in shared if each.enabled} | set(fixed)
    return frozenset({Channel.IN_APP, *served, *(lent - decided)})
