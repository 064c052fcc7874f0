"""Delivers to nobody, at once: for benchmarks, and for channels that a tenant wants to be silent.

Everything is delivered.
"""

from __future__ import annotations

from carillon_server.delivery.providers.provider import Message, ProviderKind, ProviderSettings, Workshop
from carillon_server.domain.channel import Channel
from carillon_server.domain.outcome import Delivered, Outcome


class NullSettings(ProviderSettings):
    """Nothing to set."""


class NullProvider:
    """Takes everything."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, message: Message) -> Outcome:
        return Delivered(str(message.delivery_id))

    async def close(self) -> None:
        """Nothing to let go."""


def _build(name: str, _settings: NullSettings, _workshop: Workshop) -> NullProvider:
    return NullProvider(name)


KIND = ProviderKind("null", frozenset(Channel) - {Channel.IN_APP}, NullSettings, _build)
