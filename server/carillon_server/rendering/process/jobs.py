"""Renders jobs with the sheets that this process knows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Template

from carillon_server.domain.channel import Channel
from carillon_server.rendering.template.environment import PlainEnvironment
from carillon_server.rendering.template.failure import BROKEN, TemplateFault
from carillon_server.rendering.template.missing import MissingValue
from carillon_server.rendering.template.part_rules import RULE
from carillon_server.rendering.template.scene import SCENE_VARIABLE, build_scene
from carillon_server.rendering.template.sheet import (
    CompiledSheet,
    at_part,
    check_output,
    compile_sheet,
    run,
)
from carillon_server.rendering.wire import Json, read_sheet

_REMEMBERED_RULES = 500


class Jobs:
    """The parent says which sheets to keep; they are compiled when they are first used."""

    def __init__(self) -> None:
        self._sources: dict[str, Json] = {}
        self._sheets: dict[str, CompiledSheet | TemplateFault] = {}
        self._channel: Channel | None = None
        """Of the sheet at hand."""

    def warm_up(self) -> None:
        """What every first job would wait for."""
        build_scene("en", "", "UTC", None)
        PlainEnvironment(escapes=True).from_string("{{ 1 }}")

    def learn(self, message: Json) -> None:
        """Takes new sheets in and drops those that the parent names."""
        for digest in message["forget"]:
            self._sources.pop(digest, None)
            self._sheets.pop(digest, None)
        self._sources.update(message["sheets"])

    def render(self, job: Json, message: Json) -> Json:
        """The texts of a job, or its failure. Lets `TimeUp` and MemoryError through."""
        data, recipient = message["data"][job["data"]], job["recipient"]
        notification = message["notifications"][job["notification"]]
        roots = {**data, "recipient": recipient, "notification": notification}
        values = {name: value for name, value in roots.items() if value is not None} | {"data": data}
        self._channel = None
        try:
            return self._render(job, values, str(notification.get("create_time", "")))
        except TemplateFault as fault:
            return self._failure(fault, roots)

    def broken(self, problem: str, error: BaseException) -> Json:
        """The failure of the job at hand, which broke a limit. The error's note is the part."""
        fault = TemplateFault(problem, BROKEN[problem])
        fault.part = next(iter(getattr(error, "__notes__", ())), "")
        return self._failure(fault, {})

    def _render(self, job: Json, values: dict[str, Any], create_time: str) -> Json:
        parts: dict[str, dict[str, str]] = {}
        locale = "en"
        for digest in job["sheets"]:
            channel = Channel(self._sources[digest]["channel"])
            self._channel = channel
            sheet = self._sheet(digest)
            locale = sheet.locale
            values[SCENE_VARIABLE] = build_scene(locale, job["region"], job["zone"], create_time)
            parts[str(int(channel))] = sheet.render(values)
        self._channel = None
        values[SCENE_VARIABLE] = build_scene(locale, job["region"], job["zone"], create_time)
        rules = {name: _render_rule(name, source, values) for name, source in job["rules"].items()}
        check_output(parts)
        return {"parts": parts, "rules": rules}

    def _sheet(self, digest: str) -> CompiledSheet:
        known = self._sheets.get(digest)
        if known is None:
            try:
                known = compile_sheet(read_sheet(self._sources[digest]))
            except TemplateFault as fault:
                known = fault
            self._sheets[digest] = known
        if isinstance(known, TemplateFault):
            raise known
        return known

    def _failure(self, fault: TemplateFault, roots: Mapping[str, Any]) -> Json:
        variable = ""
        if isinstance(fault, MissingValue) and fault.value is not None:
            variable = fault.value.path(roots)
        return {
            "failure": {
                "problem": fault.problem,
                "detail": f"{variable} is missing" if variable else fault.detail,
                "channel": None if self._channel is None else int(self._channel),
                "part": fault.part,
                "variable": variable,
            }
        }


def _render_rule(name: str, source: str, values: Mapping[str, Any]) -> str:
    with at_part(name):
        return RULE.apply(run(_compile_rule(source), values), required=False)


@lru_cache(maxsize=_REMEMBERED_RULES)
def _compile_rule(source: str) -> Template:
    return PlainEnvironment(escapes=False).from_string(source)
