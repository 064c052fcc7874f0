"""Types and templates for tests over the socket."""

from __future__ import annotations

from typing import Any

from carillon.v1 import catalog_service_pb2 as pb
from carillon_server.domain.identity import Role
from tests.transport.caller import Caller, Refused
from tests.transport.conftest import House

SCHEMA = {
    "type": "object",
    "properties": {"project": {"type": "string"}, "score": {"type": "integer"}},
    "required": ["project"],
}
SCAN: dict[str, Any] = {"name": "scan.completed", "data_schema": SCHEMA, "sample_data": {"project": "Apollo"}}


async def put_type(caller: Caller, **changes: Any) -> pb.NotificationType:
    answer: pb.PutTypeResponse = await caller.call("PutType", _type_request(changes))
    return answer.type


async def refused_type(caller: Caller, **changes: Any) -> Refused:
    return await caller.refusal("PutType", _type_request(changes))


async def put_template(caller: Caller, locale: str = "en", **content: Any) -> pb.Template:
    answer: pb.PutTemplateResponse = await caller.call("PutTemplate", _template_request(locale, content))
    return answer.template


async def refused_template(caller: Caller, locale: str = "en", **content: Any) -> Refused:
    return await caller.refusal("PutTemplate", _template_request(locale, content))


async def put_layout(caller: Caller, name: str, source: str, format: int = 1) -> pb.Layout:  # noqa: A002 - the field
    request = pb.PutLayoutRequest(layout=pb.Layout(name=name, format=format, source=source))  # type: ignore[arg-type]
    answer: pb.PutLayoutResponse = await caller.call("PutLayout", request)
    return answer.layout


async def refused_layout(caller: Caller, name: str, source: str) -> Refused:
    layout = pb.Layout(name=name, format=pb.LAYOUT_FORMAT_HTML, source=source)
    return await caller.refusal("PutLayout", pb.PutLayoutRequest(layout=layout))


async def preview(caller: Caller, **fields: Any) -> dict[int, pb.Rendering]:
    answer: pb.PreviewTemplateResponse = await caller.call(
        "PreviewTemplate", pb.PreviewTemplateRequest(**{"type": "scan.completed", **fields})
    )
    return {rendering.channel: rendering for rendering in answer.renderings}


def second_operator(house: House) -> Caller:
    """Of another tenant."""
    return house.caller(Role.OPERATOR, subject="root", tenant="umbrella")


def _type_request(changes: dict[str, Any]) -> pb.PutTypeRequest:
    return pb.PutTypeRequest(type=pb.NotificationType(**{**SCAN, **changes}))


def _template_request(locale: str, content: dict[str, Any]) -> pb.PutTemplateRequest:
    inactive = content.pop("inactive", False)
    return pb.PutTemplateRequest(
        template=pb.Template(type="scan.completed", locale=locale, **content), inactive=inactive
    )
