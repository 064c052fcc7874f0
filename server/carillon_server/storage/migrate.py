"""Brings a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from carillon_server.storage.database import driver_url

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


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    url = driver_url(database_url, "postgresql+asyncpg") if database_url else ""
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
