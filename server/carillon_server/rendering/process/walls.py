"""A second wall, behind the language: what the process does not need, Python refuses it.

No template is known to get this far. If one does, it finds that it cannot open a socket, start a program,
change a file, or read one that is neither code nor a table of locales and zones.
"""

from __future__ import annotations

import sys
import zoneinfo
from pathlib import Path
from typing import Any

_FAMILIES = frozenset(
    {"ctypes", "ftplib", "http", "imaplib", "os", "poplib", "pty", "shutil", "smtplib", "socket"}
    | {"subprocess", "tempfile", "urllib", "webbrowser"}
)
_HARMLESS = frozenset({"os.listdir", "os.scandir"})
"""What imports do."""


def raise_walls() -> None:
    """For the rest of this process; there is no way back."""
    roots = tuple(
        f"{Path(place).resolve()}/"
        for place in (*sys.path, sys.prefix, sys.base_prefix, *zoneinfo.TZPATH)
        if place and Path(place).is_absolute()
    )

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(arguments, roots)
        elif event.partition(".")[0] in _FAMILIES and event not in _HARMLESS:
            raise PermissionError(f"{event} is not for this process")

    sys.addaudithook(refuse)


def _check_open(arguments: tuple[Any, ...], roots: tuple[str, ...]) -> None:
    path, mode, _flags = arguments
    if isinstance(path, int):
        return
    reads = mode is None or not set(str(mode)) & set("wax+")
    if not reads or not str(Path(str(path)).resolve()).startswith(roots):
        raise PermissionError("this file is not for this process")
