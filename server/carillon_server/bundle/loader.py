"""A folder `catalogs/NAME/` as a bundle."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carillon_server.bundle.catalog_shape import CATALOG_FILE, TOPICS_FILE
from carillon_server.bundle.folder import CatalogFile, read_folder
from carillon_server.bundle.mail_file import read_mail
from carillon_server.bundle.node import Map, Node
from carillon_server.bundle.place import Notes, Place
from carillon_server.bundle.structure import Record
from carillon_server.bundle.template_shape import BODY_PARTS, LOCALE_PATTERN, TEMPLATES_FILE
from carillon_server.bundle.type_shape import NAME_PATTERN, types_file
from carillon_server.bundle.whole import check_whole
from carillon_server.bundle.yaml_reader import read_yaml

CATALOG_FILE_NAME = "catalog.yaml"
TOPICS_FILE_NAME = "topics.yaml"
LAYOUT_FORMATS = {"mjml": "MJML", "html": "HTML"}
_NAME_DESCRIPTION = "its name, which is the catalog's, is not 1-100 of a-z A-Z 0-9 _ . -"
_MAIL_ENDINGS = tuple(f"email.{ending}" for ending in BODY_PARTS)
_LAYOUT_DESCRIPTION = "layouts are files layouts/NAME.mjml or layouts/NAME.html"
_TEMPLATE_DESCRIPTION = "templates are files templates/TYPE/LOCALE.yaml, and LOCALE.email.md, .mjml or .html"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A folder as it was read; where it has problems, the bundle is what could be read of it."""

    folder: Path
    bundle: dict[str, Any]
    notes: Notes

    @property
    def is_good(self) -> bool:
        """Whether it can be applied, as far as the files tell."""
        return not self.notes.problems


def load_catalog(folder: Path) -> Loaded:
    """Reads all of a folder. Never raises for what is in it; all problems are in the answer's notes."""
    loader = _Loader(folder)
    loader.load()
    return Loaded(folder, loader.bundle, loader.notes)


class _Loader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all_types_read = True
        self.notes = Notes()
        self.bundle: dict[str, Any] = {
            "name": folder.resolve().name,
            "types": [],
            "templates": [],
            "layouts": [],
            "topics": [],
        }

    def load(self) -> None:
        place = Place(str(self._folder / CATALOG_FILE_NAME))
        self.notes.places.update(dict.fromkeys(("name", "types", "templates", "layouts", "topics"), place))
        if not self._folder.is_dir():
            self.notes.add(Place(str(self._folder)), "is no folder")
            return
        if re.fullmatch(NAME_PATTERN, self.bundle["name"]) is None:
            self.notes.add(
                Place(str(self._folder)), "its name, the catalog's, is not 1-100 of a-z A-Z 0-9 _ . -"
            )
        if not (self._folder / CATALOG_FILE_NAME).exists():
            self.notes.add(
                Place(str(self._folder)), f"has no {CATALOG_FILE_NAME}: this is no catalog's folder"
            )
        for file in read_folder(self._folder, self.notes):
            self._file(file)
        check_whole(self.bundle, self.notes, all_types_read=self._all_types_read)

    def _file(self, file: CatalogFile) -> None:
        match file.path.parts:
            case (name,) if name == CATALOG_FILE_NAME:
                self._catalog(file)
            case (name,) if name == TOPICS_FILE_NAME:
                self._topics(file)
            case ("types", *_, name) if name.endswith(".yaml"):
                self._types(file)
            case ("templates", kind, name):
                self._template(file, kind, name)
            case ("layouts", name):
                self._layout(file, name)
            case ("templates", *_):
                self.notes.add(Place(file.shown), f"does not belong here: {_TEMPLATE_DESCRIPTION}")
            case _:
                self.notes.add(Place(file.shown), "does not belong into a catalog (.yaml is not .yml)")

    def _catalog(self, file: CatalogFile) -> None:
        read = self._read(CATALOG_FILE, file, "", may_be_empty=True)
        if read and "settings" in read:
            self.bundle["settings"] = read["settings"]

    def _topics(self, file: CatalogFile) -> None:
        read = self._read(TOPICS_FILE, file, "")
        self.bundle["topics"] = (read or {}).get("topics", [])

    def _types(self, file: CatalogFile) -> None:
        if self._read(types_file(into=self.bundle["types"]), file, "") is None:
            self._all_types_read = False

    def _template(self, file: CatalogFile, kind: str, name: str) -> None:
        stem, _, ending = name.partition(".")
        if re.fullmatch(NAME_PATTERN, kind) is None:
            self.notes.add(Place(file.shown), f"{kind[:100]!r} is no type: 1-100 of a-z A-Z 0-9 _ . -")
        elif re.fullmatch(LOCALE_PATTERN, stem) is None:
            self.notes.add(Place(file.shown), f"{stem[:100]!r} is no locale: write de or pt-BR")
        elif ending == "yaml":
            self._short_channels(file, kind, stem)
        elif ending in _MAIL_ENDINGS:
            path = f"templates[{len(self.bundle['templates'])}]"
            email = read_mail(file, f"{path}.email", self.notes)
            self._add_template(Place(file.shown), kind, stem, "email", email)
        else:
            self.notes.add(Place(file.shown), f"does not belong here: {_TEMPLATE_DESCRIPTION}")

    def _short_channels(self, file: CatalogFile, kind: str, locale: str) -> None:
        node = self._node(file)
        if not isinstance(node, Map):
            TEMPLATES_FILE.read(node, "", self.notes) if node else None
            return
        for channel, item in node.entries.items():
            one = Map(node.place, {channel: item}, {channel: node.key_places[channel]})
            path = f"templates[{len(self.bundle['templates'])}]"
            read = TEMPLATES_FILE.read(one, path, self.notes) or {}
            self._add_template(node.key_places[channel], kind, locale, channel, read.get(channel))

    def _add_template(
        self, place: Place, kind: str, locale: str, channel: str, content: dict[str, Any] | None
    ) -> None:
        if content is None:
            return
        path = f"templates[{len(self.bundle['templates'])}]"
        self.notes.places[path] = place
        self.bundle["templates"].append({"type": kind, "locale": locale, channel: content})

    def _layout(self, file: CatalogFile, name: str) -> None:
        stem, _, ending = name.rpartition(".")
        if ending not in LAYOUT_FORMATS or re.fullmatch(NAME_PATTERN, stem) is None:
            self.notes.add(Place(file.shown), f"does not belong here: {_LAYOUT_DESCRIPTION}")
            return
        if not file.text.strip():
            self.notes.add(Place(file.shown), "is empty")
        path = f"layouts[{len(self.bundle['layouts'])}]"
        self.notes.places[path] = self.notes.places[f"{path}.source"] = Place(file.shown)
        self.bundle["layouts"].append({"name": stem, "format": LAYOUT_FORMATS[ending], "source": file.text})

    def _read(self, shape: Record, file: CatalogFile, path: str, *, may_be_empty: bool = False) -> Any:
        node = self._node(file, may_be_empty=may_be_empty)
        return None if node is None else shape.read(node, path, self.notes)

    def _node(self, file: CatalogFile, *, may_be_empty: bool = False) -> Node | None:
        """The file's document; nothing in it is noted, unless another problem tells why."""
        before = self.notes.count
        node = read_yaml(file.text, file.shown, self.notes)
        if node is None and self.notes.count == before and not may_be_empty:
            self.notes.add(Place(file.shown), "is empty")
        return node
