"""The files of a catalog's folder, as texts. Nothing outside the folder is read, and nothing without end."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from carillon_server.bundle.place import Notes, Place

MAX_FILE_BYTES = 1024 * 1024
MAX_FOLDER_BYTES = 64 * 1024 * 1024
MAX_FILES = 25_000
MAX_FOLDER_DEPTH = 4


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """A text file."""

    path: PurePosixPath
    """Inside the folder."""
    shown: str
    """As problems name it."""
    text: str


def read_folder(folder: Path, notes: Notes) -> Iterator[CatalogFile]:
    """All files, by path. Hidden ones and READMEs are left out; what cannot be read is noted."""
    room = MAX_FOLDER_BYTES
    for count, path in enumerate(_files(folder, folder.resolve(), notes, 0)):
        if count >= MAX_FILES:
            notes.add(Place(str(folder)), f"has more than {MAX_FILES:,} files")
            return
        text = _read(path, notes)
        if text is None:
            continue
        room -= len(text)
        if room < 0:
            notes.add(Place(str(folder)), f"has more than {MAX_FOLDER_BYTES // 2**20} MiB in files")
            return
        yield CatalogFile(PurePosixPath(path.relative_to(folder).as_posix()), str(path), text)


def _files(folder: Path, root: Path, notes: Notes, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        notes.add(Place(str(folder)), f"cannot be read: {error.strerror}")
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith(".") or entry.name == "README.md":
            continue
        if not path.resolve().is_relative_to(root):
            notes.add(Place(str(path)), "is a link that leads outside the folder")
        elif not entry.is_dir():
            yield path
        elif depth >= MAX_FOLDER_DEPTH:
            notes.add(Place(str(path)), f"lies deeper than {MAX_FOLDER_DEPTH} folders")
        else:
            yield from _files(path, root, notes, depth + 1)


def _read(path: Path, notes: Notes) -> str | None:
    place = Place(str(path))
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            notes.add(place, "is no ordinary file")
            return None
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        notes.add(place, f"cannot be read: {error.strerror}")
        return None
    if len(content) > MAX_FILE_BYTES:
        notes.add(place, f"is larger than {MAX_FILE_BYTES // 1024:,} KiB")
        return None
    return _decode(content, place, notes)


def _decode(content: bytes, place: Place, notes: Notes) -> str | None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        notes.add(
            Place(place.file, line), f"is not UTF-8: byte {error.start} is 0x{content[error.start]:02x}"
        )
        return None
    if "\x00" in text:
        notes.add(Place(place.file, text.count("\n", 0, text.index("\x00")) + 1), "holds a NUL character")
        return None
    return text.replace("\r\n", "\n")
