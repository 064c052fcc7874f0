"""What a Send says to each of its recipients, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.errors import Refusal
from carillon_server.domain.notification import Draft
from carillon_server.domain.notification_type import NotificationType, Retention
from carillon_server.domain.type_policy import NO_POLICY, TypePolicy
from carillon_server.domain.value import dataclass

_FOR_EVER = Retention()


@dataclass(frozen=True, slots=True)
class SharedContent:
    """Where a variant of a broadcast is kept, once for all that share it."""

    broadcast_id: bytes
    variant: int


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which a notification reads; recipients of one language share it, where nothing in it is
    personal.
    """

    draft: Draft
    """With the type's defaults, and a payload that holds this variant's content."""
    parts: Mapping[Channel, Mapping[str, str]] = field(default_factory=dict)
    """What the other channels say in words of their own: `domain.template`."""
    key: str = ""
    """Locale and time zone; empty where it belongs to one recipient alone."""
    shared: SharedContent | None = None
    """Payload and parts are there, and are not written with each notification."""


@dataclass(frozen=True, slots=True)
class Composition:
    """A Send, composed. Its variants differ in their payloads and parts alone."""

    variants: tuple[Variant, ...]
    """One at least, but where everybody is among the failures."""
    chosen: Mapping[str, int] = field(default_factory=dict)
    """Recipient id to the number of the variant; whoever is not in it gets the first."""
    type: NotificationType | None = None
    """None: the tenant has no such type, and accepts that."""
    chains: tuple[Fallback, ...] = ()
    """Of fallbacks: its own, or those of the tenant that concern it."""
    failures: Mapping[str, Refusal] = field(default_factory=dict)
    """Recipients that it cannot be rendered for; only where the caller bears with them, as broadcasts do."""

    @property
    def policy(self) -> TypePolicy:
        """What the type says about channels."""
        if self.type is None:
            return NO_POLICY
        is_trial = bool(self.variants) and self.variants[0].draft.is_trial
        return TypePolicy(self.type.mandatory or is_trial, self.type.channels)

    @property
    def retention(self) -> Retention:
        """How long its notifications are kept."""
        return self.type.retention if self.type else _FOR_EVER


def compose_as_is(draft: Draft) -> Composition:
    """The same for everybody, and of no type that is known."""
    return Composition((Variant(draft),))
