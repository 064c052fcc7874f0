"""What a render process may use. The kernel keeps these limits, whatever a template does.

For each job: 250 ms of the processor, then an exception; where a library in C does not let it through, the
end of the process a little later. And 64 MB on top of what the process has. For ever: no files to write, few
open, no core dump.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from carillon_server.domain.rendering import MAX_RENDER_BYTES, MAX_RENDER_SECONDS
from carillon_server.rendering.template.failure import TimeUp

_KILL_SECONDS = MAX_RENDER_SECONDS + 0.1
_MAX_OPEN_FILES = 16
_PAGE_BYTES = resource.getpagesize()


class Limits:
    """The limits of this process."""

    def __init__(self) -> None:
        self._armed = False
        self._memory = _open_memory()
        signal.signal(signal.SIGPROF, self._time_is_up)
        # Nobody handles this one: it ends the process.
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)

    def settle(self) -> None:
        """From here on nothing new is loaded."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (_MAX_OPEN_FILES, _MAX_OPEN_FILES))

    @contextlib.contextmanager
    def job(self) -> Iterator[None]:
        """Raises `TimeUp` or MemoryError in what runs inside."""
        self._limit_memory()
        self._armed = True
        signal.setitimer(signal.ITIMER_PROF, MAX_RENDER_SECONDS)
        signal.setitimer(signal.ITIMER_VIRTUAL, _KILL_SECONDS)
        try:
            yield
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _time_is_up(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            raise TimeUp

    def _limit_memory(self) -> None:
        if self._memory is None:
            return
        pages = int(os.pread(self._memory, 64, 0).split(b" ", 1)[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (pages * _PAGE_BYTES + MAX_RENDER_BYTES, hard))


def _open_memory() -> int | None:
    """Where the kernel tells the size of this process; None where it does not."""
    try:
        return os.open(Path("/proc/self/statm"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
