from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from carillon import AsyncClient, errors
from tests.client.conformance.conftest import Environment

Connect = Callable[[str], Awaitable[AsyncClient]]
Call = Callable[[AsyncClient], Awaitable[Any]]


def send(client: AsyncClient) -> Awaitable[Any]:
    return client.send(recipient_ids=["anyone"], type="t", content={"title": "x"}, dry_run=True)


def list_inbox(client: AsyncClient) -> Awaitable[Any]:
    return client.list(recipient_id="anyone")


def list_recipients(client: AsyncClient) -> Awaitable[Any]:
    return client.list_recipients()


def erase(client: AsyncClient) -> Awaitable[Any]:
    return client.delete_recipient(recipient_id="no-such-recipient")


@pytest.mark.parametrize(
    ("who", "call"),
    [
        ("user-a", send),
        ("gateway", send),
        ("producer", list_inbox),
        ("user-a", list_recipients),
        ("gateway", list_recipients),
        ("producer", erase),
        ("user-a", erase),
        ("gateway", erase),
    ],
)
async def test_a_call_outside_of_ones_scope_is_refused(connect: Connect, who: str, call: Call) -> None:
    with pytest.raises(errors.ScopeMissingError) as refused:
        await call(await connect(who))
    assert refused.value.metadata["scope"]


async def test_credentials_are_required_and_checked(environment: Environment) -> None:
    for token in (None, "rubbish"):
        async with AsyncClient(environment.target, token=token) as stranger:
            with pytest.raises(errors.CredentialsInvalidError):
                await stranger.list()


async def test_users_reach_their_own_inbox_and_no_other(
    user_a: AsyncClient, producer: AsyncClient, gateway: AsyncClient
) -> None:
    response = await producer.send(recipient_ids=["user-a", "user-b"], type="t", content={"title": "x"})
    own, others = [result.notification_id for result in response.results]
    assert (await user_a.get(id=own)).notification.recipient_id == "user-a"
    assert (await user_a.list(recipient_id="user-a")).notifications[0].id == own
    with pytest.raises(errors.NotificationNotFoundError):
        await user_a.get(id=others)
    with pytest.raises(errors.RecipientNotFoundError):
        await user_a.list(recipient_id="user-b")
    assert (await user_a.mark_read(ids=[others])).changed_count == 0


async def test_users_keep_their_own_preferences_and_endpoints(user_a: AsyncClient) -> None:
    await user_a.mute(target={"sender": "mallory"})
    assert (await user_a.get_preferences()).preferences.mutes
    await user_a.unmute(target={"sender": "mallory"})
    put = await user_a.put_endpoint(endpoint={"channel": "EMAIL", "address": "a@example.org"})
    await user_a.delete_endpoint(id=put.endpoint.id)
    with pytest.raises(errors.RecipientNotFoundError):
        await user_a.get_preferences(recipient_id="user-b")


async def test_who_acts_for_others_names_them(gateway: AsyncClient, operator: AsyncClient) -> None:
    for client in (gateway, operator):
        with pytest.raises(errors.FieldInvalidError) as refused:
            await client.list()
        assert [violation.field for violation in refused.value.field_violations] == ["recipient_id"]
