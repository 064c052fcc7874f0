"""The part of the template language that the fake renders: `{{ a.b }}`, and nothing else.

No filters, no statements, no MJML and no Markdown: tests of templates belong on the service. What is written
otherwise is kept, and refused when it is to be rendered.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from carillon.testing._refusal import Refusal
from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2

_TAG = re.compile(r"\{\{(.*?)\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_PATH = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
_MARKUP = ("mjml", "markdown")


def render(
    template: pb.Template, variables: Mapping[str, Any], layouts: Mapping[str, pb.Layout]
) -> pb.Template:
    """A template of the same channel with its text. Raises TEMPLATE_FAILED, and FIELD_INVALID for variables
    that are missing.
    """
    field = template.WhichOneof("content") or ""
    rendered = pb.Template()
    source: Message = getattr(template, field)
    target: Message = getattr(rendered, field)
    target.CopyFrom(source)
    _Renderer(field, variables).message(target, "")
    if field == "email":
        _finish_mail(template.email, rendered.email, layouts, variables)
    return rendered


def to_content(rendered: pb.Template) -> types_pb2.Content:
    """What the inbox shows of it."""
    field = rendered.WhichOneof("content")
    if field == "email":
        return types_pb2.Content(title=rendered.email.subject, body=rendered.email.text)
    if field == "sms":
        return types_pb2.Content(title=rendered.sms.text[:200])
    said: Any = getattr(rendered, field or "in_app")
    content = types_pb2.Content(title=said.title or said.body, body=said.body, action_url=said.action_url)
    if field == "in_app":
        content.icon, content.image_url = said.icon, said.image_url
        content.actions.extend(said.actions)
    elif field == "push":
        content.icon = said.icon
    return content


def render_text(source: str, variables: Mapping[str, Any], where: str) -> str:
    """One text, without escaping."""
    return _Renderer(where, variables).text(source, "")


class _Renderer:
    def __init__(self, channel: str, variables: Mapping[str, Any]) -> None:
        self._channel = channel
        self._variables = variables

    def message(self, message: Message, path: str) -> None:
        """Replaces its texts."""
        for field, value in message.ListFields():
            name = f"{path}{field.name}"
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                for key in value:
                    value[key] = self.text(value[key], f"{name}.{key}")
            elif field.message_type is not None:
                for index, item in enumerate(value):
                    self.message(item, f"{name}[{index}].")
            elif field.type == FieldDescriptor.TYPE_STRING and name != "layout":
                setattr(message, field.name, self.text(value, name))

    def text(self, source: str, part: str) -> str:
        """One part."""
        if part in _MARKUP:
            raise self._failed(part, f"the fake renders no {part}: test it on the service")
        return _TAG.sub(lambda tag: self._value(tag, part), source)

    def _value(self, tag: re.Match[str], part: str) -> str:
        path = (tag[1] or "").strip()
        if not _PATH.fullmatch(path):
            raise self._failed(part, f"the fake renders {{{{ a.b }}}} only, not {tag[0]}")
        value: Any = self._variables
        for name in path.split("."):
            if not isinstance(value, Mapping) or value.get(name) is None:
                raise self._missing(path)
            value = value[name]
        text = _to_text(value)
        return html.escape(text) if part == "html" else text

    def _missing(self, path: str) -> Refusal:
        if path.partition(".")[0] in ("recipient", "notification"):
            return self._failed("", f"{path} is missing")
        field = path if path.startswith("data.") else f"data.{path}"
        return Refusal("FIELD_INVALID", violations=[(field, "is required by a template")])

    def _failed(self, part: str, description: str) -> Refusal:
        metadata = {"channel": self._channel.upper(), "part": part, "detail": description}
        return Refusal("TEMPLATE_FAILED", metadata=metadata)


def _finish_mail(
    source: pb.EmailTemplate,
    rendered: pb.EmailTemplate,
    layouts: Mapping[str, pb.Layout],
    variables: Mapping[str, Any],
) -> None:
    if not rendered.text:
        rendered.text = rendered.html or rendered.subject
    if rendered.html and source.layout:
        around = {**variables, "content": "\0"}
        renderer = _Renderer("email", around)
        rendered.html = renderer.text(layouts[source.layout].source, "html").replace("\0", rendered.html)
    rendered.layout = ""


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)
