"""The JSON Schemas by which editors check and complete the files of catalogs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from carillon_server.bundle.catalog_shape import CATALOG_FILE, TOPICS_FILE
from carillon_server.bundle.structure import Record
from carillon_server.bundle.template_shape import TEMPLATES_FILE
from carillon_server.bundle.type_shape import types_file

FILES: Mapping[str, Record] = {
    "catalog": CATALOG_FILE,
    "types": types_file(),
    "templates": TEMPLATES_FILE,
    "topics": TOPICS_FILE,
}
"""By the name of the schema, which a file's first line gives."""


def schema_text(name: str) -> str:
    """The text of `catalogs/schema/NAME.json`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Carillon: {name}",
        **FILES[name].schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
