"""Sheets, jobs and answers as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.layout import Layout, LayoutFormat
from carillon_server.domain.rendering import Rendered, RenderFailure, Sheet, SheetReport, SourceProblem
from carillon_server.domain.template import Dependence

Json = dict[str, Any]


def write_sheet(sheet: Sheet) -> Json:
    """All but the digest, under which it is known."""
    return {
        "channel": int(sheet.channel),
        "locale": sheet.locale,
        "parts": dict(sheet.parts),
        "layout": None if sheet.layout is None else _write_layout(sheet.layout),
        "partials": [_write_layout(partial) for partial in sheet.partials],
    }


def read_sheet(message: Json) -> Sheet:
    """A sheet as the process uses it."""
    layout = message["layout"]
    return Sheet(
        digest=b"",
        channel=Channel(message["channel"]),
        locale=message["locale"],
        parts=message["parts"],
        layout=None if layout is None else _read_layout(layout),
        partials=tuple(_read_layout(partial) for partial in message["partials"]),
    )


def _write_layout(layout: Layout) -> list[Any]:
    return [layout.name, int(layout.format), layout.source]


def _read_layout(message: list[Any]) -> Layout:
    name, kind, source = message
    return Layout(name, LayoutFormat(kind), source)


def read_answer(message: Json) -> Rendered | RenderFailure:
    """What became of a job."""
    failure = message.get("failure")
    if failure is not None:
        channel = failure["channel"]
        return RenderFailure(
            problem=failure["problem"],
            detail=failure["detail"],
            channel=None if channel is None else Channel(channel),
            part=failure["part"],
            variable=failure["variable"],
        )
    parts: Mapping[Channel, Mapping[str, str]] = {
        Channel(int(number)): texts for number, texts in message["parts"].items()
    }
    return Rendered(parts, message["rules"])


def read_report(message: Json) -> SheetReport:
    """What a check found."""
    return SheetReport(
        problems=tuple(SourceProblem(*problem) for problem in message["problems"]),
        dependence=Dependence(message["dependence"]),
        includes=tuple(message["includes"]),
    )
