"""Why the servers of a port do not run."""

from __future__ import annotations


class ProcessesError(Exception):
    """The message says in a sentence what failed and, where known, what to do; `exit_code` is that of the
    process, where one ended.
    """

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
