"""What supervisor and server say to each other: one line of text each time."""

from __future__ import annotations

READY = b"ready\n"
"""From a server: it takes calls."""

TELL_METRICS = b"metrics\n"
"""From the supervisor; the answer is a snapshot as JSON. A server sends a last one unasked when it ends."""

MAX_LINE_BYTES = 16 * 1024 * 1024
