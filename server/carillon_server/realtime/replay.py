"""From the rows that changed after a version to the messages that tell a reader so.

A row is told once, in its latest state. What it is to the reader depends on where the reader stood: it came
into the list after that, or it was there and changed, or it was there and is gone. Rows that never showed, or
came and went meanwhile, only move the cursor on. A reader that resumes half-way may get a change of a
notification whose creation it was never told: it changed again between two reads. So "changed" carries
everything, and readers add what they do not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from carillon_server.domain.inbox_query import InboxFilter
from carillon_server.domain.notification import ChangeKind, Stage, StoredNotification
from carillon_server.storage.changes import ChangesPage


@dataclass(slots=True)
class Group:
    """Consecutive rows of one kind, told in one message; the reader then stands at `last_version`."""

    kind: ChangeKind
    notifications: list[StoredNotification]
    last_version: int


def classify(row: StoredNotification, after_version: int) -> ChangeKind:
    """What a row that changed after `after_version` is to a reader that stood there."""
    if row.stage is Stage.VISIBLE:
        return ChangeKind.CREATED if row.position > after_version else ChangeKind.CHANGED
    if row.stage is Stage.REMOVED and 0 < row.position <= after_version:
        return ChangeKind.REMOVED
    return ChangeKind.NOTHING


def group_changes(page: ChangesPage, after_version: int, filter_: InboxFilter) -> list[Group]:
    """The messages of a page, in order; the last one brings the reader to the end of the page.

    Where nothing passes the filter but something changed, one group of the kind NOTHING stands for the
    counters.
    """
    groups: list[Group] = []
    for kind, row in _shown(page, after_version, filter_):
        if groups and groups[-1].kind is kind:
            groups[-1].notifications.append(row)
            groups[-1].last_version = row.change_version
        else:
            groups.append(Group(kind, [row], row.change_version))
    for group in groups:
        if group.kind is ChangeKind.CREATED:
            group.notifications.sort(key=lambda row: row.position)
    if groups:
        groups[-1].last_version = page.last_version
    elif any(classify(row, after_version) is not ChangeKind.NOTHING for row in page.notifications):
        groups.append(Group(ChangeKind.NOTHING, [], page.last_version))
    return groups


def _shown(
    page: ChangesPage, after_version: int, filter_: InboxFilter
) -> Iterator[tuple[ChangeKind, StoredNotification]]:
    for row in page.notifications:
        kind = classify(row, after_version)
        # A tombstone has lost what a filter looks at; an id that the reader does not hold does no harm.
        if kind is ChangeKind.REMOVED or (kind is not ChangeKind.NOTHING and filter_.matches(row)):
            yield kind, row
