"""The commands that mark notifications as read, archived, pinned…: all of one shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.filters import WHICH, KindOptions, RecipientOption, StateOptions
from carillon_server.cli.session import Session, calls_service


@dataclass(frozen=True, slots=True)
class Mark:
    """One way to mark notifications."""

    command: str
    method: str
    """Of the client."""
    meaning: str
    done: str


MARKS: Sequence[Mark] = (
    Mark("read", "mark_read", "Mark as read, and as seen.", "marked as read"),
    Mark("unread", "mark_unread", "Mark as unread.", "marked as unread"),
    Mark("seen", "mark_seen", "Mark as seen: shown, though not opened.", "marked as seen"),
    Mark("archive", "archive", "Move to the archive.", "moved to the archive"),
    Mark("unarchive", "unarchive", "Move back from the archive.", "moved back from the archive"),
    Mark("pin", "pin", "Pin.", "pinned"),
    Mark("unpin", "unpin", "Take the pin away.", "unpinned"),
    Mark("delete", "delete", "Remove for good.", "removed"),
)


def mark_command(mark: Mark) -> Callable[..., None]:
    """The command for one mark."""

    async def command(
        session: Session,
        kinds: KindOptions,
        states: StateOptions,
        ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="These notifications.")] = None,
        everything: Annotated[
            bool,
            typer.Option("--all", help="All, or all that the filters let through.", rich_help_panel=WHICH),
        ] = False,
        recipient: RecipientOption = "",
    ) -> None:
        chosen = states.added_to(kinds.as_filter())
        _check(
            ids, everything=everything, filtered=any(value not in ("", [], {}) for value in chosen.values())
        )
        response = await getattr(session.client, mark.method)(
            recipient_id=recipient, ids=ids or (), all=everything, filter=chosen if everything else None
        )
        if session.as_json:
            output.print_json(response)
        else:
            output.show(f"{response.changed_count} {mark.done}; {response.counts.unread_count} unread now.")

    command.__name__, command.__doc__ = (
        mark.command,
        f"{mark.meaning}\n\nName the ids, or --all with filters.",
    )
    return calls_service("user-a")(command)


def _check(ids: Sequence[str] | None, *, everything: bool, filtered: bool) -> None:
    if bool(ids) == everything:
        raise typer.BadParameter("name the notifications, or pass --all.", param_hint="ID or --all")
    if filtered and not everything:
        raise typer.BadParameter("filters go with --all.", param_hint="filters")
