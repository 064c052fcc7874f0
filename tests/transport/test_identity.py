"""API keys, and credentials that end while a stream lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from carillon_server.app import utc_now
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Role
from carillon_server.services.api_keys import ApiKeys
from carillon_server.services.identity import Identity, build_token_verifier
from carillon_server.storage.database import Database
from tests.running import Issuer, make_settings
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.trouble import connected

_PRODUCER = frozenset({Role.PRODUCER})


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(postgres_url, max_connections=2)
    yield database
    await database.close()


@pytest.fixture
def keys(database: Database) -> ApiKeys:
    return ApiKeys(database, utc_now)


@pytest.fixture
def identity(postgres_url: str, redis_url: str, issuer: Issuer, keys: ApiKeys) -> Identity:
    settings = make_settings(postgres_url, redis_url, issuer)
    return Identity(build_token_verifier(settings, utc_now), keys, utc_now)


async def _is_refused(identity: Identity, credentials: str) -> bool:
    try:
        await identity.authenticate(credentials)
    except Refusal as refusal:
        assert refusal.reason is Reason.CREDENTIALS_INVALID  # noqa: PT017 - the kind is part of the answer
        return True
    return False


async def test_a_key_works_over_the_socket(house: House, keys: ApiKeys) -> None:
    text, _ = await keys.create("acme", "billing", _PRODUCER)
    refused = await house.nobody.attempt(
        "Send", build("Send"), metadata=[("authorization", f"Bearer {text}")]
    )
    assert refused.results[0].notification_id


async def test_a_key_says_who_it_is_for(identity: Identity, keys: ApiKeys) -> None:
    text, stored = await keys.create("acme", "billing", _PRODUCER)
    principal = await identity.authenticate(text)
    assert (principal.tenant, principal.subject, principal.roles) == ("acme", "billing", _PRODUCER)
    assert principal.credential_id == f"key:{stored.key_id}"


async def test_a_key_is_stored_as_a_hash_alone(keys: ApiKeys, postgres_url: str) -> None:
    text, stored = await keys.create("acme", "billing", _PRODUCER)
    secret = text.split("_", 2)[2]
    async with connected(postgres_url) as connection:
        row = await connection.fetchrow("SELECT * FROM api_key WHERE key_id = $1", stored.key_id)
    assert secret not in str(dict(row or {}))
    assert len(stored.secret_hash) == 32


async def test_a_key_with_another_secret_is_refused(identity: Identity, keys: ApiKeys) -> None:
    text, stored = await keys.create("acme", "billing", _PRODUCER)
    other, _ = await keys.create("acme", "billing", _PRODUCER)
    swapped = f"crn_{stored.key_id}_{other.split('_', 2)[2]}"
    for wrong in (swapped, text[:-1], text + "x", text.upper(), "crn_", f"crn_{stored.key_id}_"):
        assert await _is_refused(identity, wrong), wrong


async def test_a_revoked_key_is_refused_at_once_where_it_was_revoked(
    identity: Identity, keys: ApiKeys
) -> None:
    text, stored = await keys.create("acme", "billing", _PRODUCER)
    principal = await identity.authenticate(text)
    assert await identity.recheck(principal)
    assert await keys.revoke("acme", stored.key_id)
    assert await _is_refused(identity, text)
    assert not await identity.recheck(principal)


async def test_other_processes_follow_a_revocation_within_five_seconds(
    database: Database, keys: ApiKeys
) -> None:
    now = 0.0
    elsewhere = Identity(None, ApiKeys(database, utc_now, lambda: now), utc_now)
    text, stored = await keys.create("acme", "billing", _PRODUCER)
    await elsewhere.authenticate(text)
    await keys.revoke("acme", stored.key_id)
    now = 5.0
    assert await _is_refused(elsewhere, text)


async def test_keys_of_another_tenant_cannot_be_revoked(keys: ApiKeys, identity: Identity) -> None:
    text, stored = await keys.create("acme", "billing", _PRODUCER)
    assert not await keys.revoke("umbrella", stored.key_id)
    assert await identity.authenticate(text)
    assert [key.key_id for key in await keys.list("acme")] == [stored.key_id]
    assert await keys.list("umbrella") == []


async def test_an_expired_key_is_refused(identity: Identity, keys: ApiKeys) -> None:
    text, _ = await keys.create("acme", "billing", _PRODUCER, utc_now() - timedelta(seconds=1))
    assert await _is_refused(identity, text)


async def test_a_token_ends_although_it_is_remembered(
    issuer: Issuer, keys: ApiKeys, identity: Identity
) -> None:
    now = utc_now()

    class Clock:
        time = now

        def __call__(self) -> datetime:
            return self.time

    clock = Clock()
    moving = Identity(identity._tokens, keys, clock)
    principal = await moving.authenticate(issuer.token("acme", "ada", ["inbox"], timedelta(seconds=30)))
    clock.time = now + timedelta(seconds=29)
    assert await moving.recheck(principal)
    clock.time = now + timedelta(seconds=31)
    assert not await moving.recheck(principal)


async def test_without_an_issuer_and_keys_nobody_gets_in(issuer: Issuer, keys: ApiKeys) -> None:
    identity = Identity(None, keys, utc_now)
    assert await _is_refused(identity, issuer.token("acme", "ada", ["admin"]))


async def test_streams_outlive_the_databases_absence(
    identity: Identity, keys: ApiKeys, database: Database
) -> None:
    text, _ = await keys.create("acme", "edge", _PRODUCER)
    principal = await identity.authenticate(text)
    away = Identity(None, ApiKeys(database, utc_now), utc_now)
    await database.close()
    assert await away.recheck(principal)
    assert not await away.recheck(replace(principal, expire_time=utc_now()))
