"""Asks before something that cannot be taken back."""

from __future__ import annotations

import signal

import typer


def confirm(text: str) -> None:
    """Ends the command unless the answer is yes."""
    # Within asyncio Ctrl-C only asks the task to end, which a task that waits for a key never hears.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        typer.confirm(text, abort=True, err=True)
    finally:
        signal.signal(signal.SIGINT, before)
