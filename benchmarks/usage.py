"""What processes use: processor time, by process and by thread, and memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# In user and kernel mode; then the same of children that have ended.
_OWN, _AND_ENDED = slice(11, 13), slice(11, 15)
_SHARE = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


def family(pid: int) -> list[int]:
    """A process and all that came of it."""
    found = [pid]
    for parent in found:
        found += children(parent)
    return found


def children(pid: int) -> list[int]:
    """Of the first thread, which is the one that starts processes here."""
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pids: Iterable[int]) -> float:
    """So far, of all threads together."""
    return sum(_seconds(Path(f"/proc/{pid}/stat")) for pid in pids)


def family_seconds(pid: int) -> float:
    """So far, of a process and all that came of it, also of what has ended."""
    return sum(_seconds(Path(f"/proc/{each}/stat"), _AND_ENDED) for each in family(pid))


def loop_seconds(pid: int) -> float:
    """So far, of the first thread: the one of the event loop."""
    return _seconds(Path(f"/proc/{pid}/task/{pid}/stat"))


def memory_bytes(pid: int) -> int:
    """What is in memory, with its share of what it has in common with others."""
    found = _SHARE.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    assert found is not None
    return int(found[1]) * 1024


def _seconds(stat: Path, fields: slice = _OWN) -> float:
    found = stat.read_text().rpartition(")")[2].split()
    return sum(map(int, found[fields])) / _TICKS_PER_SECOND
