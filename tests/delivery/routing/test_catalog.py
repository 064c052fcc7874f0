"""Settings of providers are checked field by field, and secrets are told apart and never told back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.kinds import KINDS
from carillon_server.delivery.providers.provider import (
    CallbackRefusedError,
    ProviderKind,
    ProviderSettings,
    Workshop,
)
from carillon_server.delivery.routing.catalog import KindCatalog
from carillon_server.delivery.routing.secret_fields import secret_fields
from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldsInvalid, Reason, Refusal
from carillon_server.domain.provider_event import Callback, EventKind, ProviderEvent
from carillon_server.domain.provider_kind import ProviderKindInfo

CANARY = "canary-7f3a"


class Server(BaseModel):
    host: str
    token: SecretStr


class TextSettings(ProviderSettings):
    account: str = Field(min_length=3, description="Whose account.")
    token: SecretStr = Field(min_length=4, description="Ours.")
    keys: tuple[SecretStr, ...] = Field(
        default=(), max_length=3, description="Signing keys, the newest first."
    )
    servers: list[Server] = Field(default=[], description="Where to.")
    port: int = Field(default=25, ge=1, le=65535, description="Which port.")

    @field_validator("token")
    @classmethod
    def _speaks_too_much(cls, token: SecretStr) -> SecretStr:
        if "bad" in token.get_secret_value():
            raise ValueError(f"{token.get_secret_value()} is bad")
        return token

    @model_validator(mode="after")
    def _fits(self) -> TextSettings:
        if self.account == self.token.get_secret_value():
            raise ValueError(f"{self.account} cannot be both")
        return self


async def read(settings: TextSettings, callback: Callback, _workshop: Workshop) -> Sequence[ProviderEvent]:
    if callback.headers.get("signature") != settings.token.get_secret_value():
        raise CallbackRefusedError("wrong signature")
    return [ProviderEvent("e1", "m1", EventKind.DELIVERED, datetime(2026, 1, 1, tzinfo=UTC))]


def unbuilt(name: str, settings: Any, workshop: Any) -> Any:
    raise AssertionError("nothing is built to check settings")


CATALOG = KindCatalog(
    {
        "text": ProviderKind("text", frozenset({Channel.SMS}), TextSettings, unbuilt, read_callback=read),
        "dumb": ProviderKind("dumb", frozenset({Channel.CHAT}), ProviderSettings, unbuilt),
    },
    Workshop(clock=lambda: datetime.now(UTC), egress=Egress()),
)
GOOD = {"account": "acme", "token": CANARY}


def violations(kind: str = "text", channel: Channel = Channel.SMS, **settings: Any) -> dict[str, str]:
    with pytest.raises(FieldsInvalid) as refusal:
        CATALOG.check(kind, channel, settings)
    return {each.field: each.description for each in refusal.value.violations}


def test_good_settings_are_sorted_into_public_and_secret() -> None:
    given = {**GOOD, "keys": ["a", "b"], "servers": [{"host": "h", "token": "t"}], "port": 587.0}
    checked = CATALOG.check("text", Channel.SMS, given)
    assert checked.public == {"account": "acme", "port": 587}
    assert checked.secrets == {"token": CANARY, "keys": ["a", "b"], "servers": [{"host": "h", "token": "t"}]}
    again = CATALOG.check("text", Channel.SMS, {**checked.public, **checked.secrets})
    assert again == checked


def test_what_was_not_given_is_not_stored() -> None:
    assert CATALOG.check("text", Channel.SMS, GOOD).public == {"account": "acme"}


def test_each_field_that_is_wrong_is_named() -> None:
    found = violations(token=7, port=0, more=1, servers=[{"host": 1}])
    assert set(found) == {
        "settings.account",
        "settings.token",
        "settings.port",
        "settings.more",
        "settings.servers[0].host",
        "settings.servers[0].token",
    }
    assert found["settings.account"] == found["settings.servers[0].token"] == "is required"
    assert found["settings.more"] == "is no setting of this kind"
    assert violations(**{"x" * 1_000: 1}).keys() >= {f"settings.{'x' * 50}…"}


def test_a_list_of_the_wrong_length_is_told_in_words_of_json() -> None:
    given = {**GOOD, "keys": ["a"] * 4}
    assert violations(**given) == {"settings.keys": "must have at most 3 items"}


@pytest.mark.parametrize(
    "settings",
    [
        {"account": "acme", "token": f"bad-{CANARY}"},
        {"account": CANARY, "token": CANARY},
        {"account": "acme", "token": [CANARY]},
        {"account": "acme", "token": CANARY, "keys": CANARY},
        {"account": "acme", "token": CANARY, "servers": [{"host": "h", "token": {"t": CANARY}}]},
    ],
)
def test_no_refusal_quotes_a_secret(settings: dict[str, Any]) -> None:
    with pytest.raises(FieldsInvalid) as refusal:
        CATALOG.check("text", Channel.SMS, settings)
    assert CANARY not in str(refusal.value) + repr(refusal.value.violations)
    assert refusal.value.__cause__ is None


def test_an_unknown_kind_and_a_channel_that_is_not_its_own_are_named() -> None:
    assert set(violations("fax")) == {"kind"}
    assert set(violations("text", Channel.PUSH, **GOOD)) == {"channel"}


async def test_a_callback_is_read_by_its_kind_or_refused() -> None:
    async def call(kind: str, settings: dict[str, Any], signature: str) -> Sequence[ProviderEvent]:
        return await CATALOG.read_callback(kind, settings, Callback("", {"signature": signature}, b""))

    assert [event.event_id for event in await call("text", GOOD, CANARY)] == ["e1"]
    for kind, settings, signature in (
        ("text", GOOD, "forged"),
        ("text", {"account": "acme"}, CANARY),
        ("dumb", {}, ""),
        ("fax", {}, ""),
    ):
        with pytest.raises(Refusal) as refusal:
            await call(kind, settings, signature)
        assert refusal.value.reason is Reason.CALLBACK_REFUSED


def test_kinds_are_described_for_operators() -> None:
    dumb, text = CATALOG.kinds()
    assert (dumb.name, dumb.has_callbacks, dumb.fields) == ("dumb", False, ())
    assert (text.channels, text.has_callbacks) == ((Channel.SMS,), True)
    described = {each.name: (each.required, each.secret, each.type) for each in text.fields}
    assert described["account"] == (True, False, "string")
    assert described["token"] == (True, True, "string")
    assert described["keys"] == (False, True, "array")
    assert described["port"] == (False, False, "integer")


@pytest.mark.parametrize("kind", KindCatalog().kinds(), ids=lambda kind: kind.name)
def test_every_kind_documents_its_settings_and_hides_what_is_sealed(kind: ProviderKindInfo) -> None:
    assert all(each.description for each in kind.fields)
    assert {each.name for each in kind.fields if each.secret} == secret_fields(KINDS[kind.name].settings)
