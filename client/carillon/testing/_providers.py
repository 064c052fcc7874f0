"""Providers and delivery settings: kept and told, and of no consequence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from carillon.testing import _limits as limits
from carillon.testing._caller import Caller
from carillon.testing._entry import now_utc, to_timestamp
from carillon.testing._refusal import Refusal, refuse
from carillon.testing._store import Store
from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2

_NAME = re.compile(r"[a-z0-9_-]{1,64}\Z")
_MAX_PROVIDERS = 50
_DEFAULTS = {"enabled": True, "priority": 100, "weight": 1}
_FIELDS = ("sandbox", "branding", "sms", "fallbacks")
_OUTSIDE = tuple(number for number in types_pb2.Channel.values() if number > types_pb2.CHANNEL_IN_APP)

# Two of the service's kinds; their settings are checked by name only.
_KINDS = (
    pb.ProviderKind(name="null", channels=_OUTSIDE),
    pb.ProviderKind(
        name="webhook",
        channels=[types_pb2.CHANNEL_WEBHOOK],
        fields=[
            pb.ProviderField(
                name="signing_secrets",
                description="Sign every request.",
                required=True,
                secret=True,
                type="array",
            ),
            pb.ProviderField(name="timeout_seconds", description="For one request.", type="number"),
            pb.ProviderField(name="headers", description="Further headers.", type="object"),
            pb.ProviderField(name="user_agent", description="The header.", type="string"),
        ],
    ),
)


def list_providers(
    store: Store, _caller: Caller, _request: pb.ListProvidersRequest
) -> pb.ListProvidersResponse:
    """By name; nobody tells how they are doing."""
    return pb.ListProvidersResponse(
        providers=[
            pb.ProviderStatus(provider=store.providers[name], health=pb.ProviderHealth())
            for name in sorted(store.providers)
        ]
    )


def put_provider(store: Store, _caller: Caller, request: pb.PutProviderRequest) -> pb.PutProviderResponse:
    """Secrets are forgotten at once, but for their names."""
    wanted = request.provider
    kind = _check(wanted)
    known = store.providers.get(wanted.name)
    if known is None and len(store.providers) >= _MAX_PROVIDERS:
        refuse("provider", f"is one more than the {_MAX_PROVIDERS} of a tenant")
    kept = set(known.secret_names) if known is not None and known.kind == wanted.kind else set()
    limits.enforce(_setting_violations(kind, wanted, kept))
    provider = pb.Provider()
    provider.CopyFrom(wanted)
    for name, value in _DEFAULTS.items():
        if not provider.HasField(name):  # type: ignore[arg-type]  # one of _DEFAULTS
            setattr(provider, name, value)
    provider.burst = wanted.burst or 1
    provider.max_concurrency = wanted.max_concurrency or 10
    _take_secrets(kind, provider, kept)
    now = to_timestamp(now_utc())
    provider.create_time.CopyFrom(known.create_time if known is not None else now)
    provider.update_time.CopyFrom(now)
    store.providers[provider.name] = provider
    return pb.PutProviderResponse(provider=provider)


def delete_provider(
    store: Store, _caller: Caller, request: pb.DeleteProviderRequest
) -> pb.DeleteProviderResponse:
    """Nothing happens where there is none."""
    limits.enforce(limits.text("name", request.name, 64, 1))
    store.providers.pop(request.name, None)
    return pb.DeleteProviderResponse()


def list_provider_kinds(
    _store: Store, _caller: Caller, _request: pb.ListProviderKindsRequest
) -> pb.ListProviderKindsResponse:
    """Those that the fake knows."""
    return pb.ListProviderKindsResponse(kinds=_KINDS)


def get_delivery_settings(
    store: Store, _caller: Caller, _request: pb.GetDeliverySettingsRequest
) -> pb.GetDeliverySettingsResponse:
    """As they are."""
    return pb.GetDeliverySettingsResponse(settings=store.delivery_settings)


def update_delivery_settings(
    store: Store, _caller: Caller, request: pb.UpdateDeliverySettingsRequest
) -> pb.UpdateDeliverySettingsResponse:
    """Replaces whole fields."""
    wanted, held = request.settings, store.delivery_settings
    limits.enforce(limits.text("settings.branding.from_name", wanted.branding.from_name, 100))
    for field in _masked(request):
        held.ClearField(field)  # type: ignore[arg-type]  # one of _FIELDS
        changes = pb.DeliverySettings()
        changes.CopyFrom(wanted)
        for other in set(_FIELDS) - {field}:
            changes.ClearField(other)  # type: ignore[arg-type]  # one of _FIELDS
        held.MergeFrom(changes)
    held.sms.max_segments = held.sms.max_segments or 6
    held.branding.SetInParent()
    countries = sorted(set(held.sms.allowed_countries))
    del held.sms.allowed_countries[:]
    held.sms.allowed_countries.extend(countries)
    return pb.UpdateDeliverySettingsResponse(settings=held)


def record_provider_event(
    store: Store, _caller: Caller, request: pb.RecordProviderEventRequest
) -> pb.RecordProviderEventResponse:
    """Never: the fake's providers have no signatures to check."""
    limits.enforce(limits.text("provider", request.provider, 64, 1))
    raise Refusal("CALLBACK_REFUSED" if request.provider in store.providers else "PROVIDER_NOT_FOUND")


def _check(provider: pb.Provider) -> pb.ProviderKind:
    if not _NAME.match(provider.name):
        refuse("provider.name", "has 1 to 64 of a-z 0-9 _ -")
    limits.enforce(limits.channel("provider.channel", provider.channel))
    found = [kind for kind in _KINDS if kind.name == provider.kind]
    if not found:
        refuse("provider.kind", "is no kind of provider")
    if provider.channel not in found[0].channels:
        refuse("provider.channel", f"is not one that {provider.kind} serves")
    return found[0]


def _setting_violations(
    kind: pb.ProviderKind, provider: pb.Provider, kept: set[str]
) -> Iterator[limits.Violation]:
    fields = {field.name: field for field in kind.fields}
    given = {name for name, value in provider.settings.fields.items() if not value.HasField("null_value")}
    removed = set(provider.settings.fields) - given
    for name in sorted(given - set(fields)):
        yield f"provider.settings.{name}", "is no setting of this kind"
    for name, field in fields.items():
        if field.required and name not in (given | kept) - removed:
            yield f"provider.settings.{name}", "is required"


def _take_secrets(kind: pb.ProviderKind, provider: pb.Provider, kept: set[str]) -> None:
    secret = {field.name for field in kind.fields if field.secret}
    given = provider.settings.fields
    removed = {name for name, value in given.items() if value.HasField("null_value")}
    names = (kept | (secret & set(given))) - removed
    for name in (secret | removed) & set(given):
        del given[name]
    del provider.secret_names[:]
    provider.secret_names.extend(sorted(names))


def _masked(request: pb.UpdateDeliverySettingsRequest) -> list[str]:
    paths = list(request.update_mask.paths)
    if "*" in paths:
        return list(_FIELDS)
    limits.enforce(("update_mask", f"has no field {path}") for path in paths if path not in _FIELDS)
    return paths or [field.name for field, _ in request.settings.ListFields()]
