"""Checks of the machine itself: what `carillon up` needs of it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from carillon_server.embedded import cluster, valkey
from carillon_server.embedded.data_dir import DataDir, in_use
from carillon_server.embedded.endpoints import Ports
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.finding import Finding, fail, ok, warn
from carillon_server.embedded.ports import is_free

_OLDEST_PYTHON = (3, 11)
_ENOUGH_BYTES = 1024**3
_PROGRAM_TIMEOUT_SECONDS = 10


def check_python() -> Finding:
    """Whether this Python is new enough."""
    version = sys.version.split()[0]
    if sys.version_info < _OLDEST_PYTHON:
        return fail("Python", version, "Carillon needs Python 3.11 or newer.")
    return ok("Python", f"{version} at {sys.executable}")


def check_programs() -> Iterator[Finding]:
    """Whether the programs of the embedded engines are there and run here."""
    yield _check_program("embedded Postgres", lambda: cluster.programs() / "postgres")
    yield _check_program("embedded Valkey", valkey.binary)


def _check_program(subject: str, find: Callable[[], Path]) -> Finding:
    try:
        result = subprocess.run(
            [str(find()), "--version"],
            capture_output=True,
            text=True,
            timeout=_PROGRAM_TIMEOUT_SECONDS,
            check=True,
        )
    except (EmbeddedError, OSError, subprocess.SubprocessError) as error:
        return fail(subject, str(error), "Install carillon-server[dev-engines], or use engines of your own.")
    return ok(subject, result.stdout.strip().splitlines()[0])


def check_data_dir(directory: DataDir) -> Iterator[Finding]:
    """Whether the data directory is ours alone, can be written, and has room."""
    place = directory.path
    existing = next(path for path in (place, *place.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield fail("data directory", f"{existing} cannot be written", "Choose another with --data-dir.")
    elif existing != place:
        yield ok("data directory", f"{place} will be made")
    elif stat.S_IMODE(place.stat().st_mode) & 0o077:
        yield warn("data directory", f"{place} is open to others", f"It holds keys: chmod 700 '{place}'")
    else:
        yield ok("data directory", str(place))
    free = shutil.disk_usage(existing).free
    if free < _ENOUGH_BYTES:
        yield warn("disk", f"{free / 1024**2:.0f} MiB free", "Postgres stops writing on a full disk.")
    else:
        yield ok("disk", f"{free / 1024**3:.0f} GiB free")


def check_ports(directory: DataDir) -> Finding:
    """Whether the usual ports are free, unless `carillon up` itself is using ports."""
    if in_use(directory):
        return ok("ports", f"in use by `carillon up`; see {directory.endpoints}")
    taken = [f"{port} ({name})" for name, port in asdict(Ports()).items() if port and not is_free(port)]
    if taken:
        return warn("ports", f"in use: {', '.join(taken)}", "Choose others: carillon up --grpc-port 0 …")
    return ok("ports", "the usual ones are free")
