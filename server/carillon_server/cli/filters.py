"""Which notifications of an inbox: the options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli.values import parse_instant, parse_pairs, split_list

if TYPE_CHECKING:
    from carillon.types import Filter

WHOSE = "Whose"
WHICH = "Which"

RecipientOption = Annotated[
    str,
    typer.Option(
        "--recipient",
        "-r",
        help="Whose inbox, for gateways and operators. Default: one's own.",
        rich_help_panel=WHOSE,
    ),
]


def _which(name: str, meaning: str, **more: Any) -> Any:
    return typer.Option(name, help=meaning, rich_help_panel=WHICH, **more)


@dataclass(frozen=True, slots=True)
class KindOptions:
    """What can be filtered on wherever there is a filter."""

    archived: Annotated[
        bool | None,
        _which("--archived/--not-archived", "Only those in the archive. Default: those that are not."),
    ] = None
    kind: Annotated[list[str] | None, _which("--type", "Only this type; repeatable.")] = None
    category: Annotated[str, _which("--category", "Only this category.")] = ""
    label: Annotated[
        list[str] | None, _which("--label", "Only with this label; repeatable.", metavar="KEY=VALUE")
    ] = None
    thread: Annotated[str, _which("--thread", "Only this conversation.")] = ""

    def as_filter(self) -> Filter:
        """For the client."""
        chosen: Filter = {
            "types": split_list(self.kind or ()),
            "category": self.category,
            "labels": parse_pairs(self.label or ()),
            "thread_key": self.thread,
        }
        if self.archived is not None:
            chosen["archived"] = self.archived
        return chosen


@dataclass(frozen=True, slots=True)
class StateOptions:
    """What can be filtered on where an inbox is read or marked, but not on a live stream."""

    unread: Annotated[bool | None, _which("--unread/--read", "Only unread, or only read ones.")] = None
    since: Annotated[
        datetime | None, _which("--since", "Delivered at or after: 2026-03-01T09:00.", parser=parse_instant)
    ] = None
    until: Annotated[
        datetime | None, _which("--until", "Delivered before: 2026-03-01T09:00.", parser=parse_instant)
    ] = None

    def added_to(self, chosen: Filter) -> Filter:
        """The same filter, narrowed by these."""
        if self.unread is not None:
            chosen["unread"] = self.unread
        if self.since is not None:
            chosen["start_time"] = self.since
        if self.until is not None:
            chosen["end_time"] = self.until
        return chosen
