"""Remembers which migrations the embedded database has seen: finding out the usual way takes a second.

Only a shortcut: without a stamp that fits, the migrations run, and the service checks its schema anyway.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.postgres import OWNER, Postgres
from carillon_server.embedded.private_file import write_private

_PACKAGE = Path(__file__).resolve().parents[1]


class SchemaStamp:
    """A file beside the cluster with the revision and a digest of the migrations that led to it."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._path = postgres.directory / "schema"

    def fits(self) -> bool:
        """Whether the database is as these migrations left it."""
        return self._path.exists() and self._path.read_text() == self._current()

    def write(self) -> None:
        """To be called after the migrations."""
        write_private(self._path, self._current())

    def _current(self) -> str:
        try:
            revision = self._postgres.query("SELECT version_num FROM alembic_version", OWNER)
        except EmbeddedError:
            revision = "none"
        return f"{revision} {_digest_of_migrations()}"


def _digest_of_migrations() -> str:
    # Inside the package when installed, beside `server/` in a checkout.
    places = (_PACKAGE / "_migrations", _PACKAGE.parents[1] / "migrations")
    scripts = sorted(script for place in places for script in place.glob("versions/*.py"))
    digest = hashlib.sha256()
    for script in scripts:
        digest.update(script.name.encode() + script.read_bytes())
    return digest.hexdigest()
