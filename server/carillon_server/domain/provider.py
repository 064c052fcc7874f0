"""How a tenant talks to one outside service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carillon_server.domain.channel import Channel

INSTALLATION = ""
"""The tenant of providers that the installation's own settings define; they serve every tenant that has
none of its own on their channel."""


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider of one tenant, as configured."""

    tenant: str
    name: str
    """Unique in the tenant; attempts, metrics and callbacks name it."""
    kind: str
    """Which code talks to it: `smtp`, `twilio` …"""
    channel: Channel
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Settings that nobody may read back."""
    enabled: bool = True
    priority: int = 100
    """The lowest is asked first; the next when it fails."""
    weight: int = 1
    """Its share among those of equal priority; 0: only when the others are out."""
    rate_per_second: float | None = None
    """None: unlimited."""
    burst: int = 1
    max_concurrency: int = 10
    """Calls at once from one worker."""
