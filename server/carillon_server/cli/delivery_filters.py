"""Which deliveries: the options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli.names import ChannelName
from carillon_server.cli.values import parse_instant, split_list

if TYPE_CHECKING:
    from carillon.types import DeliveryFilter

WHICH = "Which"


class StateName(StrEnum):
    """The states of a delivery."""

    SCHEDULED = "scheduled"
    ATTEMPTING = "attempting"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


def _which(name: str, meaning: str, **more: Any) -> Any:
    return typer.Option(name, help=meaning, rich_help_panel=WHICH, **more)


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """What deliveries can be filtered on."""

    state: Annotated[list[StateName] | None, _which("--state", "Only in this state; repeatable.")] = None
    channel: Annotated[list[ChannelName] | None, _which("--channel", "Only on this channel; repeatable.")] = (
        None
    )
    provider: Annotated[
        list[str] | None, _which("--provider", "Only last tried with this provider; repeatable.")
    ] = None
    kind: Annotated[list[str] | None, _which("--type", "Only of this type; repeatable.")] = None
    recipient: Annotated[str, _which("--recipient", "Only of this recipient.")] = ""
    reason: Annotated[
        list[str] | None, _which("--reason", "Only ended for this reason (smtp_451); repeatable.")
    ] = None
    since: Annotated[
        datetime | None, _which("--since", "Queued at or after: 2026-03-01T09:00.", parser=parse_instant)
    ] = None
    until: Annotated[
        datetime | None, _which("--until", "Queued before: 2026-03-01T09:00.", parser=parse_instant)
    ] = None

    def as_filter(self) -> DeliveryFilter:
        """For the client."""
        chosen: DeliveryFilter = {
            "states": [state.name for state in self.state or ()],
            "channels": [channel.name for channel in self.channel or ()],
            "providers": split_list(self.provider or ()),
            "types": split_list(self.kind or ()),
            "recipient_id": self.recipient,
            "finish_reasons": split_list(self.reason or ()),
        }
        if self.since is not None:
            chosen["start_time"] = self.since
        if self.until is not None:
            chosen["end_time"] = self.until
        return chosen
