"""The kinds of providers, as operators are told of them."""

from __future__ import annotations

from dataclasses import dataclass

from carillon_server.domain.channel import Channel


@dataclass(frozen=True, slots=True)
class ProviderField:
    """One setting of a kind."""

    name: str
    description: str
    required: bool
    secret: bool
    """Sealed at rest and never told."""
    type: str
    """In words of JSON Schema."""
    default: str
    """As JSON; empty: nothing in particular."""


@dataclass(frozen=True, slots=True)
class ProviderKindInfo:
    """One kind."""

    name: str
    channels: tuple[Channel, ...]
    fields: tuple[ProviderField, ...]
    has_callbacks: bool
    at_most_once: bool
