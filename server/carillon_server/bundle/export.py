"""Puts a catalog's files into a folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from carillon_server.bundle.loader import CATALOG_FILE_NAME, TOPICS_FILE_NAME

_FOLDERS = ("types", "templates", "layouts")


def write_folder(folder: Path, files: Mapping[str, str], *, replace: bool) -> None:
    """Writes them; `replace`: in place of the catalog that is there, of which nothing else is touched.
    Raises OSError, also where the folder has something in it and is not to be replaced.
    """
    if folder.exists() and any(folder.iterdir()):
        if not replace:
            raise FileExistsError("it is not empty; --force replaces the catalog in it")
        if not (folder / CATALOG_FILE_NAME).exists():
            raise FileExistsError(f"it is no catalog's folder: it has no {CATALOG_FILE_NAME}")
        _clear(folder)
    for name, text in files.items():
        path = folder / name
        if name == CATALOG_FILE_NAME and path.exists():
            # It says what the catalog is for, which no service keeps.
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _clear(folder: Path) -> None:
    for name in _FOLDERS:
        if (folder / name).is_symlink():
            raise FileExistsError(f"{name} is a link")
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
    (folder / TOPICS_FILE_NAME).unlink(missing_ok=True)
