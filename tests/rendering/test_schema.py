"""JSON Schemas of types: what is refused when they are stored, and what they say of data."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from carillon_server.rendering.schema import MAX_DESCRIPTION_CHARACTERS, MAX_VIOLATIONS, SchemaCompiler

_compile = SchemaCompiler()
_ORDER = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "maxLength": 5},
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]},
        },
        "at": {"type": "string", "format": "date-time"},
        "state": {"enum": ["open", "done"]},
    },
    "required": ["id"],
    "additionalProperties": False,
}
_CHAIN = {"a0": True} | {
    f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n - 1}"}, {"$ref": f"#/$defs/a{n - 1}"}]} for n in range(1, 60)
}
_ANCHORED = {"a0": {"$anchor": "a0", "$dynamicAnchor": "d0"}} | {
    f"a{n}": {
        "$anchor": f"a{n}",
        "$dynamicAnchor": f"d{n}",
        "allOf": [{"$ref": f"#a{n - 1}"}, {"$dynamicRef": f"#d{n - 1}"}],
    }
    for n in range(1, 60)
}


def _find(data: object, schema: dict | None = None) -> list[tuple[str, str]]:
    violations = _compile(schema or _ORDER).violations(data)
    return [(violation.field, violation.description) for violation in violations]


def test_data_that_fits_has_no_violations():
    data = {"id": "7", "items": [{"price": 1.0}], "at": "2026-11-21T09:30:00Z", "state": "open"}

    assert _find(data) == []


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "data.id"),
        ({"id": 7}, "data.id"),
        ({"id": "7", "items": [{"price": 1}, {"price": 2}, {"price": "3"}]}, "data.items[2].price"),
        ({"id": "7", "items": [{"price": 1}, {}]}, "data.items[1].price"),
        ({"id": "7", "items": 3}, "data.items"),
        ({"id": "7", "other": 1}, "data.other"),
        ({"id": "7", "at": "yesterday"}, "data.at"),
        ({"id": "7", "state": "lost"}, "data.state"),
    ],
)
def test_a_violation_names_the_place(data, field):
    assert [path for path, _ in _find(data)] == [field]


def test_every_member_that_is_not_in_the_schema_is_named():
    for closed in ("additionalProperties", "unevaluatedProperties"):
        schema = {"properties": {"a": {"properties": {"b": True}, closed: False}}}
        assert _find({"a": {"b": 1, "c": 2, "d": 3}}, schema) == [
            ("data.a.c", "is not in the schema"),
            ("data.a.d", "is not in the schema"),
        ]


def test_what_is_said_of_names_does_not_quote_them():
    schema = {"properties": {"a": {"propertyNames": {"maxLength": 3}}}}
    assert _find({"a": {"s3cret": 1}}, schema) == [
        ("data.a", "has a member whose name is longer than 3 characters")
    ]


def test_violations_are_few_and_short_and_quote_no_data():
    secret = "s3cret" * 1_000
    found = _find({"id": secret, "items": [{"price": secret}] * 100, secret: 1})

    assert len(found) == MAX_VIOLATIONS
    assert all(len(description) <= MAX_DESCRIPTION_CHARACTERS for _, description in found)
    assert not any("s3cret" in description for _, description in found)
    assert all(len(path) < 200 for path, _ in found)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "strin"}, "type"),
        ({"properties": {"a": {"minimum": "1"}}}, "properties.a.minimum"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "$"),
        ({"properties": {"a": {"pattern": "("}}}, "properties.a.pattern"),
        ({"properties": {"a": {"pattern": "(?=a)b"}}}, "properties.a.pattern"),
        ({"properties": {"a": {"pattern": "(x{1000}){1000}"}}}, "properties.a.pattern"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "$schema"),
        ({"properties": {"a": {"$ref": "https://x.example/s.json"}}}, "properties.a.$ref"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "properties.a.$ref"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "properties.a.$ref"),
        ({"$dynamicRef": "https://x.example/s.json"}, "$dynamicRef"),
        ({"description": "x" * 40_000}, "$"),
        ({"$defs": _CHAIN, "$ref": "#/$defs/a59"}, "$"),
        ({"$defs": _ANCHORED, "$ref": "#a59"}, "$"),
        ({"$defs": _ANCHORED, "$dynamicRef": "#d59"}, "$"),
        ({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}, "$defs.b.$anchor"),
        # References within it would count from it, not from the document.
        (
            {"$defs": {"a": {"$id": "https://x.example/a", "$defs": _CHAIN, "$ref": "#/$defs/a59"}}},
            "$defs.a.$id",
        ),
        (
            {"properties": {"a": {"anyOf": [{"$ref": "#"}] * 9}}},
            "$",
        ),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(schema, path):
    with pytest.raises(ValueError, match=r".") as refused:
        _compile(schema)

    assert str(refused.value).startswith(f"{path}: ")


def test_a_deep_schema_is_refused():
    schema: dict = {"type": "string"}
    for _ in range(200):
        schema = {"properties": {"a": schema}}

    with pytest.raises(ValueError, match="deeper"):
        _compile(schema)


def test_recursive_and_ordinary_schemas_are_taken():
    tree = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    tree["properties"]["children"] = {"type": "array", "items": {"$ref": "#"}}
    deep = {"name": "a", "children": [{"name": "b", "children": [{"nam": "c"}]}]}

    assert _find(deep, tree) == [("data.children[0].children[0].name", "is required")]
    assert _find({}, {"$ref": "#"}) == []
    assert _find(
        {"a": 1},
        {"$defs": {"t": {"$anchor": "text", "type": "string"}}, "properties": {"a": {"$ref": "#text"}}},
    ) == [("data.a", 'is not of type "string"')]
    assert _find({"x": 1}, {"$schema": "https://json-schema.org/draft/2020-12/schema"}) == []
    # Names that only look like keywords.
    assert _find({}, {"properties": {"$ref": {"type": "string"}}, "examples": [{"$ref": "https://x"}]}) == []


def test_patterns_cannot_run_away():
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}}
    started = time.perf_counter()

    assert _find({"a": "a" * 30_000 + "b"}, schema)
    assert time.perf_counter() - started < 1


def test_nothing_is_fetched():
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        for schema in (
            {"$ref": f"{base}/ref"},
            {"$id": f"{base}/id", "$ref": "#/$defs/a", "$defs": {"a": {"$id": f"{base}/b", "$ref": "#x"}}},
            {"$schema": f"{base}/schema"},
        ):
            with pytest.raises(ValueError, match=r": "):
                _compile(schema)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    assert asked == []
