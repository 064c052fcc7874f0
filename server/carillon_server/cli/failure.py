"""Why a command ended without success, told to a person: what happened, and what to do about it.

Exit codes: 1 refused by the service, 2 wrong usage or settings, 3 not reachable or too late (safe to try
again), 4 a fault of the service.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a shell sees."""

    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3
    FAULT = 4


class CommandError(Exception):
    """Ends a command. The message says what happened, `advice` what to do, one line each."""

    def __init__(self, exit_code: ExitCode, message: str, *advice: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.advice = advice
