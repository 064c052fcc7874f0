"""A bundle as files: the inverse of `loader`. The same bundle gives the same files, byte by byte."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from carillon_server.bundle.durations import format_duration
from carillon_server.bundle.loader import CATALOG_FILE_NAME, LAYOUT_FORMATS, TOPICS_FILE_NAME
from carillon_server.bundle.mail_file import FENCE
from carillon_server.bundle.template_shape import BODY_PARTS
from carillon_server.bundle.whole import channel_of
from carillon_server.bundle.yaml_writer import dump_yaml

_SCHEMAS = {"catalog": "..", "types": "../..", "templates": "../../..", "topics": ".."}
_LAYOUT_ENDINGS = {name: ending for ending, name in LAYOUT_FORMATS.items()}
_BODY_ENDINGS = {part: ending for ending, part in BODY_PARTS.items()}
# Their values are words in lower case in files; everything else is taken as it is.
_WORDS = frozenset({"priority", "frequency", "weekday", "weekdays", "unknown_types"})
_AS_IT_IS = frozenset({"data_schema", "sample_data"})


class UnwritableError(ValueError):
    """A name that cannot be that of a file."""


def files_of(bundle: Mapping[str, Any]) -> dict[str, str]:
    """The texts by path in the catalog's folder. Raises `UnwritableError`."""
    files = {CATALOG_FILE_NAME: _document("catalog", _settings_of(bundle))}
    for kind in bundle.get("types", ()):
        _add(files, f"types/{_file_name(kind['name'])}.yaml", _document("types", {"types": [_written(kind)]}))
    for name, text in _templates(bundle.get("templates", ())):
        _add(files, name, text)
    for layout in bundle.get("layouts", ()):
        ending = _LAYOUT_ENDINGS[layout["format"]]
        _add(files, f"layouts/{_file_name(layout['name'])}.{ending}", layout["source"])
    if bundle.get("topics"):
        files[TOPICS_FILE_NAME] = _document("topics", {"topics": list(bundle["topics"])})
    return dict(sorted(files.items()))


def _add(files: dict[str, str], name: str, text: str) -> None:
    # Two names that differ in case alone are one file on many machines.
    if any(name.lower() == each.lower() for each in files):
        raise UnwritableError(f"{name} is there twice, where upper and lower case are the same")
    files[name] = text


def _settings_of(bundle: Mapping[str, Any]) -> dict[str, Any]:
    settings = _written(bundle.get("settings") or {})
    return {"settings": settings} if settings else {}


def _templates(templates: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    short: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for template in templates:
        channel = channel_of(template)
        content = template[channel]
        stem = f"templates/{_file_name(template['type'])}/{template['locale']}"
        body = next((part for part in _BODY_ENDINGS if channel == "email" and part in content), None)
        if body is None:
            short[f"{stem}.yaml"][channel] = content
        else:
            yield f"{stem}.email.{_BODY_ENDINGS[body]}", _mail(content, body)
    for name, channels in short.items():
        yield name, _document("templates", channels)


def _mail(content: Mapping[str, Any], body: str) -> str:
    front = {name: value for name, value in content.items() if name != body}
    return f"{FENCE}\n{dump_yaml(front)}{FENCE}\n{content[body]}"


def _document(schema: str, value: Mapping[str, Any]) -> str:
    head = f"# yaml-language-server: $schema={_SCHEMAS[schema]}/schema/{schema}.json\n"
    return head + (dump_yaml(value) if value else "")


def _file_name(name: str) -> str:
    if name.startswith("."):
        raise UnwritableError(f"{name!r} cannot be the name of a file here: it begins with a dot")
    return name


def _written(value: Any, key: str = "") -> Any:
    """The value as files have it."""
    if key in _AS_IT_IS:
        return value
    if key == "channels" and value and isinstance(value[0], Mapping):
        return {each["channel"].lower(): each["enabled"] for each in value}
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Mapping):
        return {name: _written(item, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item, key) for item in value]
    return value.lower() if key in _WORDS or key == "channels" else value
