"""How to reach an engine: its loopback port and its password, kept beside its data."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from carillon_server.embedded.ports import free_port, is_free
from carillon_server.embedded.private_file import write_private

_FILE = "access.json"


@dataclass(frozen=True)
class Access:
    """A port that stays the same while it is free, and a random password that never changes."""

    port: int
    password: str

    @classmethod
    def settle(cls, directory: Path) -> Access:
        """Read or make the access of the engine in `directory`, for a server about to start."""
        access = (
            cls.read(directory) if (directory / _FILE).exists() else cls(free_port(), secrets.token_hex(16))
        )
        if not is_free(access.port):
            access = replace(access, port=free_port())
        write_private(directory / _FILE, json.dumps(asdict(access)))
        return access

    @classmethod
    def read(cls, directory: Path) -> Access:
        return cls(**json.loads((directory / _FILE).read_text()))
