"""What the demo sends: the kinds of things that services tell people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

_SAMPLES: Sequence[dict[str, Any]] = (
    {
        "type": "scan.completed",
        "category": "scans",
        "content": {
            "title": "Your scan is ready",
            "body": "12 pages, no problems found.",
            "icon": "check-circle",
        },
    },
    {
        "type": "comment.created",
        "category": "conversations",
        "thread_key": "document-42",
        "actor_id": "user-c",
        "content": {"title": "Ada commented on “Annual report”", "body": "Could you look at page 7 again?"},
    },
    {
        "type": "approval.requested",
        "category": "approvals",
        "priority": "HIGH",
        "content": {
            "title": "An invoice waits for your approval",
            "body": "Invoice 2026-0117 from Lindgren & Sons.",
            "actions": [{"id": "approve", "label": "Approve"}, {"id": "decline", "label": "Decline"}],
        },
    },
    {
        "type": "backup.failed",
        "category": "operations",
        "priority": "URGENT",
        "collapse_key": "backup",
        "content": {
            "title": "Last night's backup failed",
            "body": "The disk was full. It is tried again at 2:00.",
        },
    },
)

SAMPLES: Iterator[dict[str, Any]] = cycle(_SAMPLES)
"""One after the other, without end."""
