"""Brings a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from carillon_server.storage.database import Database, driver_url

_PACKAGE = Path(__file__).resolve().parents[1]


def migrations_path() -> Path:
    """Inside the package when installed, beside `server/` in a checkout."""
    installed = _PACKAGE / "_migrations"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "migrations"


def upgrade(database_url: str, revision: str = "head") -> None:
    """Runs what is missing; several callers at once wait for each other."""
    command.upgrade(_config(database_url), revision)


def head_revision() -> str | None:
    """The newest revision that this version knows."""
    return ScriptDirectory.from_config(_config("")).get_current_head()


class SchemaBehindError(Exception):
    """The database lacks migrations of this version."""


async def check_schema(database: Database) -> None:
    """`SchemaBehindError` for a database that is behind; a newer one is fine, migrations only add."""
    exists = await database.fetchrow("SELECT to_regclass('alembic_version') IS NOT NULL AS exists")
    row = await database.fetchrow("SELECT version_num FROM alembic_version") if exists and exists[0] else None
    scripts = ScriptDirectory.from_config(_config(""))
    known = [revision.revision for revision in scripts.walk_revisions()]
    found = row["version_num"] if row else None
    if found is None or found in known[1:]:
        raise SchemaBehindError(
            f"the database is at revision {found}, not {known[0]}: run `carillon migrate`"
        )


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    url = driver_url(database_url, "postgresql+asyncpg") if database_url else ""
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
