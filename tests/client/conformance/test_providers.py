"""By whom is delivered, and under which settings."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from carillon import AsyncClient, errors
from carillon.types import Provider

SECRET = "whsec_" + b64encode(bytes(range(24))).decode()


@pytest.fixture
async def name(operator: AsyncClient, ada: str) -> AsyncIterator[str]:
    """Of a provider that no other test knows."""
    name = f"p-{ada[-20:]}"
    yield name
    await operator.delete_provider(name=name)


def _provider(name: str, **changes: Any) -> Provider:
    provider: dict[str, Any] = {
        "name": name,
        "kind": "webhook",
        "channel": "WEBHOOK",
        "settings": {"signing_secrets": [SECRET]},
        **changes,
    }
    return provider  # type: ignore[return-value]  # a dictionary of its shape


async def test_a_provider_is_put_listed_and_removed(operator: AsyncClient, name: str) -> None:
    put = (await operator.put_provider(provider=_provider(name, rate_per_second=2.5))).provider
    assert (put.enabled, put.priority, put.weight, put.burst, put.max_concurrency) == (True, 100, 1, 1, 10)
    assert put.rate_per_second == 2.5
    listed = {each.provider.name: each.provider for each in (await operator.list_providers()).providers}
    assert listed[name] == put
    for _ in range(2):
        await operator.delete_provider(name=name)
    assert name not in {each.provider.name for each in (await operator.list_providers()).providers}


async def test_secrets_come_in_and_never_out(operator: AsyncClient, name: str) -> None:
    settings = {"signing_secrets": [SECRET], "timeout_seconds": 3}
    put = (await operator.put_provider(provider=_provider(name, settings=settings))).provider
    assert SECRET not in str(put)
    assert MessageToDict(put.settings) == {"timeout_seconds": 3}
    assert list(put.secret_names) == ["signing_secrets"]
    kept = (await operator.put_provider(provider=_provider(name, settings={}, enabled=False))).provider
    assert (list(kept.secret_names), kept.enabled) == (["signing_secrets"], False)
    with pytest.raises(errors.FieldInvalidError):
        await operator.put_provider(provider=_provider(name, settings={"signing_secrets": None}))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "No Name"}, "provider.name"),
        ({"kind": "pigeon"}, "provider.kind"),
        ({"channel": "SMS"}, "provider.channel"),
        ({"settings": {}}, "provider.settings.signing_secrets"),
        ({"settings": {"signing_secrets": [SECRET], "colour": "red"}}, "provider.settings.colour"),
    ],
)
async def test_what_a_provider_cannot_be_is_named(
    operator: AsyncClient, name: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.FieldInvalidError) as refused:
        await operator.put_provider(provider=_provider(name) | changes)  # type: ignore[arg-type]
    assert [each.field for each in refused.value.field_violations] == [field]


async def test_kinds_tell_what_they_take(operator: AsyncClient) -> None:
    kinds = {kind.name: kind for kind in (await operator.list_provider_kinds()).kinds}
    fields = {field.name: field for field in kinds["webhook"].fields}
    assert fields["signing_secrets"].secret
    assert fields["signing_secrets"].required
    assert not fields["timeout_seconds"].required


async def test_callbacks_of_nobody_are_refused(
    operator: AsyncClient, gateway: AsyncClient, name: str
) -> None:
    with pytest.raises(errors.ProviderNotFoundError):
        await gateway.record_provider_event(provider=name, body=b"{}")
    await operator.put_provider(provider=_provider(name))
    with pytest.raises(errors.CallbackRefusedError):
        await gateway.record_provider_event(provider=name, headers={"X-Signature": "x"}, body=b"{}")


async def test_settings_change_by_the_field(operator: AsyncClient) -> None:
    try:
        await operator.update_delivery_settings(settings={"branding": {"from_name": "Acme"}})
        changed = await operator.update_delivery_settings(
            settings={
                "sms": {"allowed_countries": ["DE", "CH"]},
                "fallbacks": [{"channels": ["PUSH", "SMS"], "after": timedelta(minutes=5)}],
            }
        )
        assert changed.settings.branding.from_name == "Acme"
        assert list(changed.settings.sms.allowed_countries) == ["CH", "DE"]
        assert changed.settings.sms.max_segments == 6
        assert changed.settings.fallbacks[0].after.seconds == 300
        assert (await operator.get_delivery_settings()).settings == changed.settings
        emptied = await operator.update_delivery_settings(settings={}, update_mask=["branding"])
        assert emptied.settings.branding.from_name == ""
        assert list(emptied.settings.sms.allowed_countries) == ["CH", "DE"]
    finally:
        await operator.update_delivery_settings(settings={}, update_mask=["*"])


async def test_only_operators_configure(connect: Callable[[str], Awaitable[AsyncClient]]) -> None:
    for who in ("producer", "gateway", "user-a"):
        client = await connect(who)
        with pytest.raises(errors.ScopeMissingError):
            await client.list_providers()
        with pytest.raises(errors.ScopeMissingError):
            await client.get_delivery_settings()
