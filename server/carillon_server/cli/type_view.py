"""Types and templates, for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from rich.text import Text

from carillon.v1.catalog_service_pb2 import NotificationType, Template
from carillon.v1.types_pb2 import Channel, Priority
from carillon_server.bundle.durations import format_duration
from carillon_server.cli import output
from carillon_server.cli.bundle_document import to_document
from carillon_server.cli.names import readable

_APART = ("name", "data_schema", "sample_data", "channels", "create_time", "update_time")
_DEFAULTS = "in_app, email"


def show_types(types: Iterable[NotificationType]) -> None:
    """One row each. Channels that are off by default are in brackets."""
    table = output.table("name", "category", "priority", "channels", "", "catalog", ids=("name",))
    for kind in types:
        table.add_row(
            kind.name,
            output.plain(kind.category),
            readable(Priority, kind.priority),
            _channels(kind),
            Text("mandatory", "yellow") if kind.mandatory else "",
            output.plain(kind.catalog),
        )
    output.show(table if table.row_count else Text("No types yet.", "dim"))


def show_type_in_full(kind: NotificationType, templates: Sequence[Template]) -> None:
    """Everything that it says, and in which languages it speaks."""
    output.show(Text(kind.name, "bold"))
    table = output.table("what", "value", ids=())
    table.show_header = False
    table.add_row(Text("channels", "dim"), _channels(kind))
    for name, value in to_document(kind).items():
        if name not in _APART:
            table.add_row(Text(name, "dim"), output.plain(_value(value)))
    output.show(table)
    document = output.as_document(kind)
    for name in ("data_schema", "sample_data"):
        if name in document:
            output.show(
                "", Text(name, "dim"), json.dumps(to_document(kind)[name], indent=2, ensure_ascii=False)
            )
    output.show("")
    show_templates(templates)


def show_templates(templates: Iterable[Template]) -> None:
    """One row each."""
    table = output.table("type", "channel", "locale", "version", "", "says", ids=("type",))
    for template in templates:
        table.add_row(
            template.type,
            readable(Channel, template.channel),
            template.locale,
            str(template.version),
            Text("in use", "green") if template.active else "",
            output.plain(_headline(template)),
        )
    output.show(table if table.row_count else Text("No templates.", "dim"))


def show_template(template: Template) -> None:
    """Its sources, as they are."""
    field = template.WhichOneof("content") or ""
    state = "in use" if template.active else "not in use"
    head = f"{template.type} {field} {template.locale}"
    output.show(Text.assemble((head, "bold"), (f"  version {template.version}, {state}", "dim")))
    for name, source in to_document(getattr(template, field)).items():
        output.show(
            "", Text(name, "dim"), output.plain_lines(source if isinstance(source, str) else _value(source))
        )


def _channels(kind: NotificationType) -> str:
    named = [(readable(Channel, each.channel), each.enabled) for each in kind.channels]
    return ", ".join(name if enabled else f"({name})" for name, enabled in named) or _DEFAULTS


def _headline(template: Template) -> str:
    content = getattr(template, template.WhichOneof("content") or "in_app")
    said = next((value for _, value in content.ListFields() if isinstance(value, str)), "")
    return said.partition("\n")[0][:60]


def _value(value: object) -> str:
    return (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_word).strip('"')
    )


def _word(value: object) -> str:
    """As the files of catalogs have it."""
    return format_duration(value) if isinstance(value, timedelta) else str(value)
