"""The schemas in catalogs/schema and docs/reference/catalog-files.md, made from the shapes of the files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carillon_server.bundle.json_schemas import FILES, schema_text

ROOT = Path(__file__).resolve().parents[1]
_HEAD = (Path(__file__).parent / "catalog_files_head.md").read_text()
_TITLES = {
    "catalog": "`catalog.yaml`",
    "types": "`types/*.yaml`",
    "templates": "`templates/TYPE/LOCALE.yaml`",
    "topics": "`topics.yaml`",
}


def pages() -> dict[Path, str]:
    """The texts by where they are kept."""
    schemas = {ROOT / "catalogs" / "schema" / f"{name}.json": schema_text(name) for name in FILES}
    return schemas | {ROOT / "docs" / "reference" / "catalog-files.md": reference()}


def reference() -> str:
    """The page of the files' keys."""
    parts = [_HEAD]
    for name, shape in FILES.items():
        rows = "".join(_rows(shape.schema(), ""))
        parts.append(f"\n## {_TITLES[name]}\n\n| key | holds | meaning |\n|---|---|---|\n{rows}")
    return "".join(parts)


def _rows(schema: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, value in schema.get("properties", {}).items():
        path = f"{prefix}{key}"
        needed = " **Required.**" if key in schema.get("required", ()) else ""
        meaning = (value.get("description", "") + needed).replace("|", "\\|")
        yield f"| `{path}` | {_holds(value)} | {meaning} |\n"
        yield from _rows(value, f"{path}.")
        yield from _rows(value.get("items", {}), f"{path}[].")


def _holds(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if schema["type"] == "array":
        return f"a list of {schema['minItems']:,} to {schema['maxItems']:,}"
    if schema["type"] == "integer":
        return f"{schema['minimum']:,} to {schema['maximum']:,}"
    if schema["type"] == "string":
        return f"a text, at most {schema['maxLength']:,} characters"
    return {"object": "a map", "boolean": "`true` or `false`"}[schema["type"]]
