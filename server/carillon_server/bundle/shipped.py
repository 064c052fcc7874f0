"""The catalogs that come with Carillon."""

from __future__ import annotations

from pathlib import Path

from carillon_server.bundle.loader import CATALOG_FILE_NAME

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_path() -> Path:
    """Inside the package when installed, beside `server/` in a checkout."""
    installed = _PACKAGE / "_catalogs"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "catalogs"


def shipped_catalogs() -> list[Path]:
    """Their folders, by name."""
    return sorted(path.parent for path in shipped_path().glob(f"*/{CATALOG_FILE_NAME}"))
