"""What the demo sends: types of the catalogs that its tenant has, and words of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

_SAMPLES: Sequence[dict[str, Any]] = (
    {
        "type": "scan.completed",
        "data": {
            "project_id": "prj-7",
            "project_name": "Brandwerk Shop",
            "scan_id": "scn-1042",
            "dcs_score": 87.5,
            "scan_url": "/projects/prj-7/scans/scn-1042",
        },
        "content": {
            "title": "Your scan is ready",
            "body": "12 pages, no problems found.",
            "icon": "check-circle",
        },
    },
    {
        "type": "issue.comment_added",
        "actor_id": "user-c",
        "data": {
            "issue_id": "ISS-42",
            "title": "Annual report",
            "author": "Ada",
            "comment": "Could you look at page 7 again?",
        },
        "content": {"title": "Ada commented on “Annual report”", "body": "Could you look at page 7 again?"},
    },
    {
        "type": "friend_request",
        "priority": "HIGH",
        "data": {"request_id": "frq-5", "sender_username": "jonas"},
        "content": {
            "title": "Jonas wants to be your friend",
            "body": "You met at the boulder hall.",
            "actions": [{"id": "accept", "label": "Accept"}, {"id": "decline", "label": "Decline"}],
        },
    },
    {
        "type": "sync.failed",
        "priority": "URGENT",
        "data": {"account": "anna@example.com", "folder": "Backup", "error": "The disk was full."},
        "content": {
            "title": "Last night's backup failed",
            "body": "The disk was full. It is tried again at 2:00.",
        },
    },
)

SAMPLES: Iterator[dict[str, Any]] = cycle(_SAMPLES)
"""One after the other, without end."""
