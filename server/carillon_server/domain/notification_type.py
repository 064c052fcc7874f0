"""Types: what kinds of things happen, as a tenant sees them. Data, never an enum of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from carillon_server.domain.channel import DEFAULT_CHANNELS, Channel, Priority


@dataclass(frozen=True, slots=True)
class Retention:
    """How long notifications are kept; None: for ever."""

    archive_after_seconds: float | None = None
    delete_after_seconds: float | None = None
    """Counted from when they were archived."""


@dataclass(frozen=True, slots=True)
class NotificationType:
    """One kind of thing. The policies for digest, schedule and escalation are kept as they came: nothing
    executes them yet.
    """

    name: str
    display_name: str = ""
    description: str = ""
    category: str = ""
    priority: Priority = Priority.NORMAL
    channels: Mapping[Channel, bool] = field(default_factory=dict)
    """Where it is offered, and whether on by default; empty: the defaults of all types."""
    mandatory: bool = False
    retention: Retention = Retention()
    collapse_rule: str = ""
    thread_rule: str = ""
    data_schema: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema; empty: anything goes."""
    sample_data: Mapping[str, Any] = field(default_factory=dict)
    time_to_live_seconds: float | None = None
    digest: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] = field(default_factory=dict)
    escalation: Mapping[str, Any] = field(default_factory=dict)
    catalog: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None

    @property
    def offered(self) -> Mapping[Channel, bool]:
        """The channels with their defaults, those of all types where it names none."""
        return self.channels or dict.fromkeys(DEFAULT_CHANNELS, True)
