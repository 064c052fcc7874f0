"""The directory that `carillon up` keeps everything in, used by one `up` at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.private_file import private_directory


class DataDir:
    """Where things are below the data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.postgres = self.path / "postgres"
        self.valkey = self.path / "valkey"
        self.identity = self.path / "identity"
        self.mail = self.path / "mail"
        self.far_side = self.path / "far-side"
        self.messages = self.path / "messages"
        self.sandbox = self.path / "sandbox"
        self.logs = self.path / "logs"
        self.endpoints = self.path / "endpoints.json"
        self.lock = self.path / "up.lock"


@contextmanager
def locked(directory: DataDir) -> Iterator[None]:
    """Make the directory ours; raises `EmbeddedError` if another `up` has it.

    The kernel gives the lock back when its holder ends, however that happens.
    """
    try:
        private_directory(directory.path)
        descriptor = os.open(directory.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedError(
            f"the data directory {directory.path} cannot be used: {error.strerror}"
        ) from error
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip()
            raise EmbeddedError(
                f"another `carillon up` (process {holder}) is running on {directory.path}; "
                "stop it, or use another --data-dir"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def in_use(directory: DataDir) -> bool:
    """Whether a `carillon up` runs on the directory now; what a killed one left does not count."""
    try:
        with directory.lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
