"""Templates: the messages of channels and the parts that they are made of are told apart by their descriptors
alone, so that a new field needs no line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Channel
from carillon_server.domain.locale import canonical_locale
from carillon_server.domain.template import Template, TemplateKey
from carillon_server.transport.instants import set_timestamp

_LAYOUT = "layout"
"""A field of mails that is no part."""
_ITEM = re.compile(r"(\w+)\[(\d+)\]\.(\w+)")


def to_template(message: pb.Template) -> Template:
    """A template to store."""
    field = message.WhichOneof("content") or ""
    content: Message = getattr(message, field)
    return Template(
        type=message.type,
        channel=Channel[field.upper()],
        locale=canonical_locale(message.locale),
        parts=dict(_parts_of(content)),
        layout=getattr(content, _LAYOUT, ""),
    )


def to_template_message(template: Template) -> pb.Template:
    """A template as callers see it."""
    message = content_message(template.channel, template.parts, template.layout)
    message.type = template.type
    message.channel = types_pb2.Channel.ValueType(template.channel)
    message.locale = template.locale
    message.version = template.version
    message.active = template.active
    message.catalog = template.catalog
    if template.create_time is not None:
        set_timestamp(message.create_time, template.create_time)
    return message


def content_message(channel: Channel, parts: Mapping[str, str], layout: str = "") -> pb.Template:
    """A template of a channel with these parts."""
    message = pb.Template()
    content: Message = getattr(message, channel.name.lower())
    content.SetInParent()
    for name, source in parts.items():
        _set_part(content, name, source)
    if layout:
        setattr(content, _LAYOUT, layout)
    return message


def to_template_key(
    request: pb.GetTemplateRequest | pb.ActivateTemplateVersionRequest | pb.DeleteTemplateRequest,
) -> TemplateKey:
    """Which template a request names."""
    return TemplateKey(request.type, Channel(request.channel), canonical_locale(request.locale))


def _parts_of(content: Message) -> Iterator[tuple[str, str]]:
    for field, value in content.ListFields():
        if _is_map(field):
            yield from ((f"{field.name}.{key}", source) for key, source in sorted(value.items()))
        elif field.message_type is not None:
            for index, item in enumerate(value):
                yield from ((f"{field.name}[{index}].{name}", source) for name, source in _parts_of(item))
        elif field.name != _LAYOUT:
            yield field.name, value


def _set_part(content: Any, name: str, source: str) -> None:
    item, (field, _, key) = _ITEM.fullmatch(name), name.partition(".")
    if item is not None:
        items = getattr(content, item[1])
        while len(items) <= int(item[2]):
            items.add()
        setattr(items[int(item[2])], item[3], source)
    elif key:
        getattr(content, field)[key] = source
    else:
        setattr(content, field, source)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry
