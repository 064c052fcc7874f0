"""Single files of a catalog, for those who change one thing."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from carillon_server.bundle.folder import CatalogFile
from carillon_server.bundle.mail_file import read_mail
from carillon_server.bundle.node import Node
from carillon_server.bundle.place import Notes, Place
from carillon_server.bundle.template_shape import BODY_PARTS, TEMPLATES_FILE
from carillon_server.bundle.type_shape import types_file
from carillon_server.bundle.yaml_reader import read_yaml

_MAIL_ENDINGS = tuple(f".email.{ending}" for ending in BODY_PARTS)


def load_types(path: Path, text: str) -> tuple[list[dict[str, Any]], Notes]:
    """A file like `types/scans.yaml`: its types, and what is wrong with it."""
    types: list[dict[str, Any]] = []
    notes = Notes()
    node = _document(path, text, notes)
    if node is not None:
        types_file(into=types).read(node, "", notes)
    return types, notes


def load_templates(path: Path, text: str, kind: str, locale: str) -> tuple[list[dict[str, Any]], Notes]:
    """A file like `templates/scan.completed/de.yaml`, or `de.email.md` beside it: its templates, and what is
    wrong with it. Empty `kind` and `locale`: as folder and file are called.
    """
    kind, locale = kind or path.resolve().parent.name, locale or path.name.partition(".")[0]
    notes = Notes()
    contents = _mail(path, text, notes) if path.name.endswith(_MAIL_ENDINGS) else _short(path, text, notes)
    return [{"type": kind, "locale": locale, channel: said} for channel, said in contents.items()], notes


def _mail(path: Path, text: str, notes: Notes) -> dict[str, Any]:
    mail = read_mail(CatalogFile(PurePosixPath(path.name), str(path), text), "email", notes)
    return {} if mail is None else {"email": mail}


def _short(path: Path, text: str, notes: Notes) -> dict[str, Any]:
    node = _document(path, text, notes)
    return {} if node is None else TEMPLATES_FILE.read(node, "", notes) or {}


def _document(path: Path, text: str, notes: Notes) -> Node | None:
    node = read_yaml(text, str(path), notes)
    if node is None and not notes.problems:
        notes.add(Place(str(path)), "is empty")
    return node
