"""What can go wrong when things are started on this machine."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The message says in a sentence or two what failed and, where known, what to do."""
