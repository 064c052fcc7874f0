"""A sheet, compiled: every part a template that is ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import DictLoader, Template

from carillon_server.domain.channel import Channel
from carillon_server.domain.rendering import MAX_OUTPUT_BYTES, Sheet
from carillon_server.domain.template import MARKUP_PARTS
from carillon_server.rendering.template.environment import PlainEnvironment, fault_of
from carillon_server.rendering.template.failure import OUTPUT, TemplateFault, TimeUp, invalid
from carillon_server.rendering.template.includes import check_includes
from carillon_server.rendering.template.mail import CompiledMail, compile_mail
from carillon_server.rendering.template.part_rules import PartRule, is_required, rule_of
from carillon_server.rendering.template.payload import check_payload


@dataclass(frozen=True, slots=True)
class CompiledPart:
    """One part that is plain text."""

    name: str
    template: Template
    rule: PartRule
    required: bool

    def render(self, values: Mapping[str, Any]) -> str:
        """The text, in shape."""
        return self.rule.apply(run(self.template, values), required=self.required)


@dataclass(frozen=True, slots=True)
class CompiledSheet:
    """All parts of one channel in one language."""

    channel: Channel
    locale: str
    parts: tuple[CompiledPart, ...]
    mail: CompiledMail | None = None

    def render(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The text of every part. Raises `TemplateFault` with the part in it."""
        rendered: dict[str, str] = {}
        for part in self.parts:
            with at_part(part.name):
                rendered[part.name] = part.render(values)
        check_actions(rendered)
        if self.mail is not None:
            rendered |= self._render_mail(self.mail, rendered, values)
        if self.channel is Channel.EMAIL:
            rendered["text"] = rendered.get("text") or rendered.get("preheader") or rendered["subject"]
        return rendered

    def _render_mail(
        self, mail: CompiledMail, rendered: Mapping[str, str], values: Mapping[str, Any]
    ) -> dict[str, str]:
        with at_part(mail.part):
            content = run(mail.content, values)
        with at_part("layout" if mail.layout is not None else mail.part):
            around = {**values, "content": mail.wrap(content)}
            document = run(mail.layout, around) if mail.layout is not None else mail.wrap(content)
            html = mail.finish(document, rendered.get("preheader", ""))
        return {"html": html, "text": rendered.get("text") or mail.text_of(content)}


class at_part:  # noqa: N801 - reads as a statement
    """Notes in faults which part they are of, and turns other errors into faults."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, TimeUp | MemoryError):
            error.add_note(self._name)
        elif isinstance(error, Exception):
            self._turn_into_fault(error)

    def _turn_into_fault(self, error: Exception) -> NoReturn:
        fault = fault_of(error)
        fault.part = fault.part or self._name
        raise fault from (None if fault is error else error)


def check_actions(rendered: Mapping[str, str]) -> None:
    """Raises a fault where two buttons come out with one id: nobody could tell which one was pressed."""
    seen: set[str] = set()
    for name, text in rendered.items():
        if name.startswith("actions[") and name.endswith(".id"):
            with at_part(name):
                if text in seen:
                    raise invalid("it came out as the id of another button")
            seen.add(text)


def run(template: Template, values: Mapping[str, Any]) -> str:
    """The text of a template, stopped as soon as it is too long."""
    pieces: list[str] = []
    characters = 0
    for piece in template.root_render_func(template.new_context(values)):  # type: ignore[arg-type]  # it copies them
        characters += len(piece)
        if characters > MAX_OUTPUT_BYTES:
            raise too_long()
        pieces.append(piece)
    return "".join(pieces)


def check_output(parts: Mapping[str, Mapping[str, str]]) -> None:
    """Raises a fault where all parts of a job together are too long."""
    if sum(len(text) for texts in parts.values() for text in texts.values()) * 4 <= MAX_OUTPUT_BYTES:
        return
    if sum(len(text.encode()) for texts in parts.values() for text in texts.values()) > MAX_OUTPUT_BYTES:
        raise too_long()


def too_long() -> TemplateFault:
    """More comes out than may."""
    return TemplateFault(OUTPUT, f"more than {MAX_OUTPUT_BYTES // 1024} KiB come out")


def environments(sheet: Sheet) -> tuple[PlainEnvironment, PlainEnvironment]:
    """The one for plain text, and the one that escapes, with the partials of the sheet."""
    loader = DictLoader({partial.name: partial.source for partial in sheet.partials})
    return PlainEnvironment(escapes=False, loader=loader), PlainEnvironment(escapes=True, loader=loader)


def compile_sheet(sheet: Sheet) -> CompiledSheet:
    """Raises `TemplateFault` for what does not parse or is not allowed."""
    plain, escaping = environments(sheet)
    check_includes(sheet, escaping)
    parts = []
    for name, source in sheet.parts.items():
        if not source or (sheet.channel is Channel.EMAIL and name in MARKUP_PARTS):
            continue
        with at_part(name):
            if name == "payload":
                check_payload(plain.parse(source))
            template = plain.from_string(source)
        parts.append(
            CompiledPart(name, template, rule_of(sheet.channel, name), is_required(sheet.channel, name))
        )
    mail = compile_mail(sheet, escaping) if sheet.channel is Channel.EMAIL else None
    return CompiledSheet(sheet.channel, sheet.locale, tuple(parts), mail)
