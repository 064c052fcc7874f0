"""Providers and settings of a tenant, over the socket."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import asyncpg
import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from carillon.v1 import delivery_service_pb2 as pb
from carillon_server.domain.identity import Role
from tests.transport.caller import Refused
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.trouble import connected

SECRET, OTHER_SECRET = ("whsec_" + b64encode(bytes([number]) * 24).decode() for number in (7, 8))


def _settings(**values: Any) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


async def _put(house: House, name: str = "hooks", **fields: Any) -> pb.Provider:
    """Changes what is named."""
    request = build("PutProvider", {"provider": {"name": name, **fields}})
    answer: pb.PutProviderResponse = await house.operator.call("PutProvider", request)
    return answer.provider


async def _listed(house: House) -> dict[str, pb.ProviderStatus]:
    answer = await house.operator.call("ListProviders", pb.ListProvidersRequest())
    return {status.provider.name: status for status in answer.providers}


async def _row(postgres_url: str, name: str = "hooks") -> asyncpg.Record:
    async with connected(postgres_url) as connection:
        row = await connection.fetchrow("SELECT * FROM provider WHERE name = $1", name)
    assert row is not None
    return row


async def test_what_is_not_set_is_as_by_default(house: House) -> None:
    put = await _put(house)
    assert (put.enabled, put.priority, put.weight, put.burst, put.max_concurrency) == (True, 100, 1, 1, 10)
    assert not put.HasField("rate_per_second")
    status = (await _listed(house))["hooks"]
    assert status.provider == put
    assert status.health.breaker == pb.ProviderHealth.BREAKER_UNSPECIFIED


async def test_secrets_are_sealed_and_never_told(house: House, postgres_url: str) -> None:
    put = await _put(house, settings=_settings(signing_secrets=[SECRET], timeout_seconds=3.0))
    assert MessageToDict(put.settings) == {"timeout_seconds": 3.0}
    assert list(put.secret_names) == ["signing_secrets"]
    listed = await house.operator.call("ListProviders", pb.ListProvidersRequest())
    assert SECRET not in str(listed)
    row = await _row(postgres_url)
    assert SECRET not in str(row["settings"])
    assert SECRET.encode() not in row["secrets"]


async def test_secrets_that_are_left_out_keep_their_values(house: House, postgres_url: str) -> None:
    await _put(house, settings=_settings(signing_secrets=[SECRET]))
    kept = await _put(house, settings=_settings(timeout_seconds=3.0))
    assert list(kept.secret_names) == ["signing_secrets"]
    # What is required cannot be taken away.
    refused = await _refusal(house, settings=_settings(signing_secrets=None))
    assert refused.fields == ["provider.settings.signing_secrets"]
    assert (await _row(postgres_url))["secrets"]


async def _refusal(house: House, **fields: Any) -> Refused:
    return await house.operator.refusal("PutProvider", build("PutProvider", {"provider": fields}))


async def test_what_the_kind_does_not_take_is_named(house: House) -> None:
    secret = {"signing_secrets": [SECRET]}
    for settings, field in (
        (_settings(), "provider.settings.signing_secrets"),
        (_settings(**secret, colour="red"), "provider.settings.colour"),
        (_settings(**secret, timeout_seconds=99), "provider.settings.timeout_seconds"),
        (_settings(signing_secrets=["hunter2"]), "provider.settings.signing_secrets"),
    ):
        refused = await _refusal(house, settings=settings)
        assert (refused.reason, refused.fields) == ("FIELD_INVALID", [field])
        assert "hunter2" not in repr(refused)
    assert (await _refusal(house, kind="pigeon")).fields == ["provider.kind"]
    assert (await _refusal(house, channel="CHANNEL_SMS")).fields == ["provider.channel"]
    assert await _listed(house) == {}


async def test_names_that_somebody_made_up_leave_room_for_the_refusal(house: House) -> None:
    """A refusal travels in headers of at most 16 KiB."""
    made_up = {f"{number:02}" + "😀" * 350: 1 for number in range(20)}
    with pytest.raises(Refused) as refusal:
        await _put(house, settings=_settings(signing_secrets=[SECRET], **made_up))
    assert refusal.value.reason == "FIELD_INVALID"
    assert len(refusal.value.fields) == 20
    assert all(field.startswith("provider.settings.") for field in refusal.value.fields)


async def test_a_tenant_has_at_most_fifty(house: House) -> None:
    for number in range(50):
        await _put(house, f"p{number}")
    assert (await _refusal(house, name="one-more")).fields == ["provider"]
    assert (await _put(house, "p0", weight=7)).weight == 7
    await house.operator.call("DeleteProvider", pb.DeleteProviderRequest(name="p1"))
    await _put(house, "one-more")
    assert len(await _listed(house)) == 50


async def test_the_same_name_is_another_provider_in_another_tenant(house: House) -> None:
    await _put(house)
    stranger = house.caller(Role.OPERATOR, subject="root", tenant="umbrella")
    assert not (await stranger.call("ListProviders", pb.ListProvidersRequest())).providers
    await stranger.call("DeleteProvider", pb.DeleteProviderRequest(name="hooks"))
    callback = pb.RecordProviderEventRequest(provider="hooks", body=b"{}")
    refused = await stranger.refusal("RecordProviderEvent", callback)
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "PROVIDER_NOT_FOUND")
    # A secret of this tenant opens for no other.
    refused = await stranger.refusal("PutProvider", build("PutProvider", {"provider": {"settings": None}}))
    assert refused.fields == ["provider.settings.signing_secrets"]
    assert list(await _listed(house)) == ["hooks"]


async def test_a_callback_that_nobody_can_prove_is_refused(house: House) -> None:
    await _put(house)
    for caller in (house.operator, house.gateway):
        callback = pb.RecordProviderEventRequest(provider="hooks", body=b"{}")
        assert (await caller.refusal("RecordProviderEvent", callback)).reason == "CALLBACK_REFUSED"


async def test_kinds_tell_their_fields(house: House) -> None:
    answer = await house.operator.call("ListProviderKinds", pb.ListProviderKindsRequest())
    names = [kind.name for kind in answer.kinds]
    assert names == sorted(names)
    webhook = next(kind for kind in answer.kinds if kind.name == "webhook")
    fields = {field.name: field for field in webhook.fields}
    secret, timeout = fields["signing_secrets"], fields["timeout_seconds"]
    assert (secret.required, secret.secret, secret.type, secret.default_value) == (True, True, "array", "")
    assert (timeout.required, timeout.secret, timeout.default_value) == (False, False, "15.0")
    assert all(field.description for kind in answer.kinds for field in kind.fields)


async def test_health_is_that_of_all_workers(house: House, postgres_url: str) -> None:
    await _put(house)
    document = """jsonb_build_object('defect', '', 'breaker', $2::text, 'open_until_time', null,
        'paused_until_time', null, 'consecutive_failures', 1, 'tokens', 2.5, 'running', 3,
        'max_concurrency', 10, 'sent', 4, 'failed', 1, 'last_success_time', '2026-01-01T00:00:00+00:00',
        'last_error_time', null, 'last_error_class', '')"""
    async with connected(postgres_url) as connection:
        for worker, breaker in (("w1", "closed"), ("w2", "open")):
            await connection.execute(
                f"""INSERT INTO provider_health (tenant, name, worker, document, update_time)
                VALUES ('acme', 'hooks', $1, {document}, now())""",
                worker,
                breaker,
            )
    health = (await _listed(house))["hooks"].health
    assert (health.breaker, health.worker_count) == (pb.ProviderHealth.BREAKER_OPEN, 2)
    assert (health.available_tokens, health.running_count, health.sent_count) == (5.0, 6, 8)


async def _update(house: House, mask: list[str], **fields: Any) -> pb.DeliverySettings:
    request = pb.UpdateDeliverySettingsRequest(settings=fields, update_mask={"paths": mask})
    answer: pb.UpdateDeliverySettingsResponse = await house.operator.call("UpdateDeliverySettings", request)
    return answer.settings


async def test_settings_are_replaced_by_the_field(house: House) -> None:
    fallback = {"channels": [3, 4], "after": {"seconds": 90, "nanos": 500_000_000}}
    await _update(house, [], branding={"from_name": "Acme", "reply_to": "help@ACME.example"})
    both = await _update(house, [], fallbacks=[fallback], sms={"allowed_countries": ["DE", "CH"]})
    assert (both.branding.from_name, both.branding.reply_to) == ("Acme", "help@acme.example")
    assert list(both.sms.allowed_countries) == ["CH", "DE"]
    assert (both.sms.max_segments, both.sms.HasField("daily_spend_cap_micros")) == (6, False)
    assert (both.fallbacks[0].after.seconds, both.fallbacks[0].after.nanos) == (90, 500_000_000)
    sandboxed = await _update(house, ["sandbox", "branding"], sandbox=True)
    assert (sandboxed.sandbox, sandboxed.branding.from_name) == (True, "")
    assert sandboxed.fallbacks == both.fallbacks
    got = await house.operator.call("GetDeliverySettings", pb.GetDeliverySettingsRequest())
    assert got.settings == sandboxed
    stranger = house.caller(Role.OPERATOR, subject="root", tenant="umbrella")
    assert not (await stranger.call("GetDeliverySettings", pb.GetDeliverySettingsRequest())).settings.sandbox
