"""Checks a template before it is stored: reads it, then tries it with data that fits the schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from carillon_server.domain.channel import Channel
from carillon_server.domain.rendering import Sheet
from carillon_server.domain.template import MARKUP_PARTS
from carillon_server.rendering.template.environment import fault_of
from carillon_server.rendering.template.failure import BROKEN, MEMORY, TIME, TemplateFault, TimeUp
from carillon_server.rendering.template.lines import line_of
from carillon_server.rendering.template.missing import MissingValue
from carillon_server.rendering.template.reading import Finding, Reading, read_sources
from carillon_server.rendering.template.scene import SCENE_VARIABLE, build_scene
from carillon_server.rendering.template.sheet import check_output, compile_sheet, environments, run
from carillon_server.rendering.wire import Json, read_sheet

_MAX_PROBLEMS = 50
_MAX_DESCRIPTION_CHARACTERS = 300
_CREATE_TIME = "2026-01-15T12:00:00+00:00"

_PLACE = re.compile(r"\[\d+\]")

Attempt = Callable[[], AbstractContextManager[None]]


class Examination:
    """One check; `tell` says which part comes next, for whoever has to explain why this process ended."""

    def __init__(self, message: Json, attempt: Attempt, tell: Callable[[str], None]) -> None:
        self._sheet = read_sheet(message["sheet"])
        self._schema = message["schema"]
        self._trials = message["trials"]
        self._attempt = attempt
        self._tell = tell
        self._findings: dict[Finding, None] = {}
        self._reading = Reading()
        self._part = ""
        self.broken = ""
        """The limit that was broken: then nothing further was tried."""

    def run(self) -> None:
        """Finds what there is to find."""
        try:
            with self._attempt():
                self._reading = read_sources(self._sheet, self._schema)
            self._findings.update(dict.fromkeys(self._reading.findings))
            if not self._findings:
                self._try()
        except TimeUp:
            self._break(TIME)
        except MemoryError:
            self._break(MEMORY)

    def report(self) -> Json:
        """What was found, for `wire.read_report`."""
        return {
            "problems": [
                (finding.part, finding.line, finding.description[:_MAX_DESCRIPTION_CHARACTERS])
                for finding in list(self._findings)[:_MAX_PROBLEMS]
            ],
            "dependence": int(self._reading.dependence),
            "includes": self._reading.includes,
        }

    def _try(self) -> None:
        with self._attempt():
            sources = list(_compile_sources(self._sheet))
        for data in self._trials:
            values = _values(self._sheet, data)
            for part, template in sources:
                self._go_to(part)
                with self._attempt():
                    self._try_part(part, template, values)
        if not self._findings:
            self._try_whole()

    def _try_part(self, part: str, template: Template, values: Mapping[str, Any]) -> None:
        try:
            run(template, values)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - templates may fail with anything
            self._note(part, fault_of(error), line_of(error), values)

    def _try_whole(self) -> None:
        """The outcome, as recipients would get it, with the first trial: the sample."""
        values = _values(self._sheet, self._trials[0])
        try:
            with self._attempt():
                compiled = compile_sheet(self._sheet)
            self._go_to(next((part for part in MARKUP_PARTS if part in self._sheet.parts), ""))
            with self._attempt():
                check_output({"": compiled.render(values)})
        except TemplateFault as fault:
            self._note(fault.part, fault, fault.line, values)

    def _note(self, part: str, fault: TemplateFault, line: int, values: Mapping[str, Any]) -> None:
        description = fault.detail
        if isinstance(fault, MissingValue):
            path = fault.value.path(_roots(values)) if fault.value is not None else ""
            name = _PLACE.sub("[]", path) or "a value"
            description = f"{name} may be missing: ask for it first (if), or give it a default"
        self._findings[Finding(part, fault.line or line, description)] = None

    def _break(self, problem: str) -> None:
        self.broken = problem
        self._findings[Finding(self._part, 0, BROKEN[problem])] = None

    def _go_to(self, part: str) -> None:
        if part != self._part:
            self._part = part
            self._tell(part)


def _compile_sources(sheet: Sheet) -> Iterator[tuple[str, Template]]:
    """Each source by itself, Markdown as it stands, so that lines are those of the source."""
    plain, escaping = environments(sheet)
    for part, source in sheet.parts.items():
        is_markup = sheet.channel is Channel.EMAIL and part in MARKUP_PARTS
        yield part, (escaping if is_markup else plain).from_string(source)
    if sheet.layout is not None:
        yield "layout", escaping.from_string(sheet.layout.source)


def _values(sheet: Sheet, data: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a trial: a recipient who has told nothing of themselves."""
    present = {name: value for name, value in data.items() if value is not None}
    return present | {
        "data": data,
        "recipient": {"id": "recipient-1", "locale": sheet.locale, "time_zone": "UTC", "attributes": {}},
        "notification": {
            "type": "type",
            "category": "category",
            "priority": "normal",
            "actor_id": "actor-1",
            "labels": {},
            "create_time": _CREATE_TIME,
        },
        "content": Markup(),
        SCENE_VARIABLE: build_scene(sheet.locale, "", "UTC", _CREATE_TIME),
    }


def _roots(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in {"data", "content", SCENE_VARIABLE}}
