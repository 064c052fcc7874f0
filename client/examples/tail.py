"""Follows an inbox, across restarts of itself: python tail.py TARGET TOKEN CURSOR_FILE [EVENTS]

Ends after so many events, if their number is given.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from carillon import Client


def main(target: str, token: str, cursor_file: Path, events: int | None) -> None:
    cursor = cursor_file.read_text() if cursor_file.exists() else ""
    with Client(target, token=token) as client, client.subscribe(cursor=cursor) as inbox:
        for event in islice(inbox, events):
            kind = event.WhichOneof("event")
            for notification in [*event.snapshot.notifications, *event.created.notifications]:
                print(f"{kind} {notification.id} {notification.content.title}", flush=True)
            # After the event, not before: what was not shown is told again.
            cursor_file.write_text(inbox.cursor)


if __name__ == "__main__":
    target, token, path, *rest = sys.argv[1:]
    main(target, token, Path(path), int(rest[0]) if rest else None)
