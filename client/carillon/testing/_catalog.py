"""Types, layouts and settings of the fake: kept, and checked but for their schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

from google.protobuf.message import Message

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._catalog_store import canonical_locale
from carillon.testing._entry import now_utc, to_timestamp
from carillon.testing._refusal import Refusal
from carillon.testing._store import Store
from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2

_DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE = 100, 1_000
_LOCAL_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")
_CONTENT = re.compile(r"\{\{\s*content\b[^}]*\}\}")
_SETTINGS = ("unknown_types", "default_locale", "default_time_zone")
_Item = TypeVar("_Item", bound=Message)


def put_type(store: Store, _caller: Caller, request: pb.PutTypeRequest) -> pb.PutTypeResponse:
    """Its templates are not looked at again."""
    limits.enforce(type_violations(request.type))
    known = store.catalog.types.get(request.type.name)
    put = pb.NotificationType()
    put.CopyFrom(request.type)
    put.priority = put.priority or types_pb2.PRIORITY_NORMAL
    put.catalog = known.catalog if known else ""
    now = to_timestamp(now_utc())
    put.create_time.CopyFrom(known.create_time if known else now)
    put.update_time.CopyFrom(now)
    store.catalog.types[put.name] = put
    return pb.PutTypeResponse(type=put)


def get_type(store: Store, _caller: Caller, request: pb.GetTypeRequest) -> pb.GetTypeResponse:
    """By name."""
    limits.enforce(limits.type_name("name", request.name))
    return pb.GetTypeResponse(type=known_type(store, request.name))


def list_types(store: Store, _caller: Caller, request: pb.ListTypesRequest) -> pb.ListTypesResponse:
    """By name."""
    wanted = [
        kind for _, kind in sorted(store.catalog.types.items()) if request.catalog in ("", kind.catalog)
    ]
    page, token = page_of(store, wanted, request.page_size, request.page_token, f"types {request.catalog}")
    return pb.ListTypesResponse(types=page, next_page_token=token)


def delete_type(store: Store, _caller: Caller, request: pb.DeleteTypeRequest) -> pb.DeleteTypeResponse:
    """With its templates."""
    limits.enforce(limits.type_name("name", request.name))
    store.catalog.types.pop(request.name, None)
    for key in [key for key in store.catalog.versions if key[0] == request.name]:
        del store.catalog.versions[key]
    return pb.DeleteTypeResponse()


def put_layout(store: Store, _caller: Caller, request: pb.PutLayoutRequest) -> pb.PutLayoutResponse:
    """Templates that use it are not looked at again."""
    limits.enforce(layout_violations(request.layout))
    put = pb.Layout()
    put.CopyFrom(request.layout)
    put.update_time.CopyFrom(to_timestamp(now_utc()))
    store.catalog.layouts[put.name] = put
    return pb.PutLayoutResponse(layout=put)


def list_layouts(store: Store, _caller: Caller, request: pb.ListLayoutsRequest) -> pb.ListLayoutsResponse:
    """By name."""
    layouts = [layout for _, layout in sorted(store.catalog.layouts.items())]
    page, token = page_of(store, layouts, request.page_size, request.page_token, "layouts")
    return pb.ListLayoutsResponse(layouts=page, next_page_token=token)


def delete_layout(store: Store, _caller: Caller, request: pb.DeleteLayoutRequest) -> pb.DeleteLayoutResponse:
    """Unless a template in use names it."""
    limits.enforce(limits.type_name("name", request.name))
    for kind in store.catalog.types:
        for template in store.catalog.active(kind):
            if template.email.layout == request.name:
                name = f"{kind} {types_pb2.Channel.Name(template.channel)[8:]} {template.locale}"
                raise Refusal("LAYOUT_IN_USE", metadata={"template": name})
    store.catalog.layouts.pop(request.name, None)
    return pb.DeleteLayoutResponse()


def get_catalog_settings(
    store: Store, _caller: Caller, _request: pb.GetCatalogSettingsRequest
) -> pb.GetCatalogSettingsResponse:
    """As they are."""
    return pb.GetCatalogSettingsResponse(settings=store.catalog.settings)


def update_catalog_settings(
    store: Store, _caller: Caller, request: pb.UpdateCatalogSettingsRequest
) -> pb.UpdateCatalogSettingsResponse:
    """Field by field."""
    paths = list(request.update_mask.paths)
    limits.enforce(("update_mask", f"has no field {path}") for path in paths if path not in (*_SETTINGS, "*"))
    named = paths or [field.name for field, _ in request.settings.ListFields()]
    for name in _SETTINGS if "*" in named else named:
        setattr(store.catalog.settings, name, getattr(request.settings, name))
    store.catalog.settings.default_locale = canonical_locale(store.catalog.settings.default_locale)
    return pb.UpdateCatalogSettingsResponse(settings=store.catalog.settings)


def known_type(store: Store, name: str) -> pb.NotificationType:
    """Raises TYPE_NOT_FOUND."""
    if name not in store.catalog.types:
        raise Refusal("TYPE_NOT_FOUND")
    return store.catalog.types[name]


def page_of(
    store: Store, items: Sequence[_Item], asked: int, token: str, query: str
) -> tuple[Sequence[_Item], str]:
    """The items of a page, and the token of the next."""
    limits.enforce(limits.page_size(asked))
    start = 0
    if token:
        kind, *rest = store.sealer.open(token, "PAGE_TOKEN_INVALID")
        if kind != query:
            raise Refusal("PAGE_TOKEN_INVALID")
        start = int(rest[0])
    end = start + min(asked or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE)
    return items[start:end], store.sealer.seal(query, end) if len(items) > end else ""


def type_violations(kind: pb.NotificationType) -> Iterator[limits.Violation]:
    yield from limits.type_name("type.name", kind.name)
    yield from limits.text("type.display_name", kind.display_name, 100)
    yield from limits.text("type.category", kind.category, 100)
    yield from limits.struct("type.sample_data", kind.sample_data)
    seen: set[int] = set()
    for index, each in enumerate(kind.channels):
        yield from limits.channel(f"type.channels[{index}].channel", each.channel)
        if each.channel in seen:
            yield f"type.channels[{index}]", "is there twice"
        seen.add(each.channel)
    if kind.HasField("digest"):
        yield from _digest_violations(kind.digest)
    if kind.HasField("schedule") and not _LOCAL_TIME.match(kind.schedule.local_time):
        yield "type.schedule.local_time", "is a time of day, such as 08:00"
    if kind.data_schema.fields.get("required") and not kind.HasField("sample_data"):
        yield "type.sample_data", "is required, since the schema has required members"


def _digest_violations(policy: pb.DigestPolicy) -> Iterator[limits.Violation]:
    if not policy.frequency:
        yield "type.digest.frequency", "is required"
    if not policy.channels:
        yield "type.digest.channels", "is required"
    if policy.local_time and not _LOCAL_TIME.match(policy.local_time):
        yield "type.digest.local_time", "is a time of day, such as 08:00"
    if types_pb2.CHANNEL_IN_APP in policy.channels:
        yield "type.digest.channels", "has IN_APP, which needs no digest"


def layout_violations(layout: pb.Layout) -> Iterator[limits.Violation]:
    yield from limits.type_name("layout.name", layout.name)
    if not layout.format:
        yield "layout.format", "is required"
    if not layout.source:
        yield "layout.source", "is required"
    if len(_CONTENT.findall(layout.source)) > 1:
        yield "layout.source", "has {{ content }} more than once"
