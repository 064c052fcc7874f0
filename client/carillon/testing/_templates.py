"""Templates of the fake: kept, not compiled; shown by what `_render.py` can do."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.json_format import MessageToDict

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._catalog import known_type, page_of
from carillon.testing._catalog_store import TemplateKey, canonical_locale, channel_of
from carillon.testing._entry import now_utc, to_timestamp
from carillon.testing._refusal import Refusal
from carillon.testing._render import render
from carillon.testing._store import Store
from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import types_pb2

_REQUIRED = {
    "in_app": "title",
    "email": "subject",
    "push": "title",
    "sms": "text",
    "webhook": "payload",
    "chat": "body",
}
_MARKUP = ("html", "mjml", "markdown")
_FITTING = {pb.LAYOUT_FORMAT_HTML: ("html", "markdown"), pb.LAYOUT_FORMAT_MJML: ("mjml", "markdown")}


def put_template(store: Store, _caller: Caller, request: pb.PutTemplateRequest) -> pb.PutTemplateResponse:
    """What it says is not looked into."""
    wanted = request.template
    limits.enforce(template_violations(wanted))
    known_type(store, wanted.type)
    limits.enforce(_layout_violations(store, wanted))
    key = (wanted.type, channel_of(wanted), canonical_locale(wanted.locale))
    versions = store.catalog.versions.setdefault(key, [])
    if not versions or not _says_the_same(versions[-1], wanted):
        versions.append(_version(key, wanted, len(versions) + 1))
    if len(versions) == 1 or not request.inactive:
        _use(versions, versions[-1].version)
    return pb.PutTemplateResponse(template=versions[-1])


def get_template(store: Store, _caller: Caller, request: pb.GetTemplateRequest) -> pb.GetTemplateResponse:
    """One version."""
    return pb.GetTemplateResponse(template=_find(store, _key(request), request.version))


def list_templates(
    store: Store, _caller: Caller, request: pb.ListTemplatesRequest
) -> pb.ListTemplatesResponse:
    """By type, channel, locale and version."""
    locale = canonical_locale(request.locale)
    wanted = [
        template
        for key, versions in sorted(store.catalog.versions.items())
        if request.type in ("", key[0]) and request.channel in (0, key[1]) and locale in ("", key[2])
        for template in versions
        if request.all_versions or template.active
    ]
    query = f"templates {request.type} {request.channel} {locale} {request.all_versions}"
    page, token = page_of(store, wanted, request.page_size, request.page_token, query)
    return pb.ListTemplatesResponse(templates=page, next_page_token=token)


def activate_template_version(
    store: Store, _caller: Caller, request: pb.ActivateTemplateVersionRequest
) -> pb.ActivateTemplateVersionResponse:
    """Forward, or back."""
    if request.version < 1:
        limits.enforce([("version", "is 1 or more")])
    chosen = _find(store, _key(request), request.version)
    _use(store.catalog.versions[_key(request)], request.version)
    return pb.ActivateTemplateVersionResponse(template=chosen)


def delete_template(
    store: Store, _caller: Caller, request: pb.DeleteTemplateRequest
) -> pb.DeleteTemplateResponse:
    """All versions."""
    store.catalog.versions.pop(_key(request), None)
    return pb.DeleteTemplateResponse()


def preview_template(
    store: Store, _caller: Caller, request: pb.PreviewTemplateRequest
) -> pb.PreviewTemplateResponse:
    """Channels that have a template; the others are left out."""
    kind = known_type(store, request.type or request.template.type)
    chosen = store.catalog.choose(kind.name, request.locale)
    if request.HasField("template"):
        chosen[channel_of(request.template)] = request.template
    elif request.version:
        (channel,) = set(request.channels)
        locale = chosen[channel].locale if channel in chosen else ""
        chosen[channel] = _find(store, (kind.name, channel, locale), request.version)
    data = request.data if request.HasField("data") else kind.sample_data
    variables = {**MessageToDict(data), "data": MessageToDict(data)}
    variables["recipient"] = {"id": request.recipient_id or "somebody", "attributes": {}}
    variables["notification"] = {"type": kind.name}
    shown = [
        each
        for channel, each in sorted(chosen.items())
        if channel in request.channels or not request.channels
    ]
    return pb.PreviewTemplateResponse(renderings=[_show(store, each, variables) for each in shown], data=data)


def _show(store: Store, template: pb.Template, variables: dict[str, object]) -> pb.Rendering:
    channel = types_pb2.Channel.ValueType(channel_of(template))
    shown = pb.Rendering(channel=channel, locale=template.locale, version=template.version)
    try:
        shown.content.CopyFrom(render(template, variables, store.catalog.layouts))
    except Refusal as refusal:
        shown.problem = str(refusal)
    return shown


def _find(store: Store, key: TemplateKey, version: int) -> pb.Template:
    for template in store.catalog.versions.get(key, ()):
        if template.version == version or (version == 0 and template.active):
            return template
    raise Refusal("TEMPLATE_NOT_FOUND")


def _key(
    request: pb.GetTemplateRequest | pb.ActivateTemplateVersionRequest | pb.DeleteTemplateRequest,
) -> TemplateKey:
    limits.enforce(limits.type_name("type", request.type))
    limits.enforce(limits.channel("channel", request.channel))
    if not request.locale:
        limits.enforce([("locale", "is required")])
    return request.type, request.channel, canonical_locale(request.locale)


def _version(key: TemplateKey, wanted: pb.Template, number: int) -> pb.Template:
    template = pb.Template()
    template.CopyFrom(wanted)
    template.channel = types_pb2.Channel.ValueType(key[1])
    template.locale, template.version, template.active, template.catalog = key[2], number, False, ""
    template.create_time.CopyFrom(to_timestamp(now_utc()))
    return template


def _use(versions: list[pb.Template], number: int) -> None:
    for each in versions:
        each.active = each.version == number


def _says_the_same(one: pb.Template, other: pb.Template) -> bool:
    field = one.WhichOneof("content") or ""
    return field == other.WhichOneof("content") and getattr(one, field) == getattr(other, field)


def template_violations(template: pb.Template) -> Iterator[limits.Violation]:
    yield from limits.type_name("template.type", template.type)
    if not template.locale:
        yield "template.locale", "is required"
    field = template.WhichOneof("content")
    if field is None:
        yield "template.content", "is required"
    elif not getattr(getattr(template, field), _REQUIRED[field]):
        yield f"template.{field}.{_REQUIRED[field]}", "is required"
    chosen = [name for name in _MARKUP if getattr(template.email, name)]
    if len(chosen) > 1:
        yield f"template.email.{chosen[1]}", "must be the only one of html, mjml and markdown"
    elif template.email.layout and not chosen:
        yield "template.email.layout", "is used with html, mjml or markdown only"


def _layout_violations(store: Store, template: pb.Template) -> Iterator[limits.Violation]:
    name = template.email.layout
    if not name:
        return
    layout = store.catalog.layouts.get(name)
    chosen = [each for each in _MARKUP if getattr(template.email, each)]
    if layout is None or "{{" not in layout.source or chosen[0] not in _FITTING[layout.format]:
        yield "template.email.layout", "is a layout that there is, for this markup"
