"""What the fake offers to tests beside the API; the API itself is the conformance suite's."""

from __future__ import annotations

import pytest

from carillon import AsyncClient, Client, errors
from carillon.testing import FakeCarillon

ITEM = {"recipient_ids": ["ada"], "type": "t", "content": {"title": "x"}}


async def test_it_remembers_what_was_sent(fake: FakeCarillon, producer: AsyncClient) -> None:
    await producer.send_batch(requests=[{**ITEM, "request_id": "a"}, {**ITEM, "request_id": "a"}])
    await producer.send_batch(requests=[{**ITEM, "dry_run": True}, {**ITEM, "type": "not ok"}])
    assert [request.request_id for request in fake.sent] == ["a"]


async def test_it_fails_when_told_to_once_per_order_and_for_the_named_call(
    fake: FakeCarillon, producer: AsyncClient
) -> None:
    fake.fail_next("INTERNAL", method="SendBatch", times=2)
    await producer.list_recipients()
    for _ in range(2):
        with pytest.raises(errors.InternalError):
            await producer.send_batch(requests=[ITEM])
    await producer.send_batch(requests=[ITEM])


def test_it_knows_only_reasons_of_the_api() -> None:
    with pytest.raises(ValueError, match="NOT_A_REASON"):
        FakeCarillon().fail_next("NOT_A_REASON")


def test_it_refuses_tokens_for_roles_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="admin"):
        FakeCarillon().token("admin")


def test_fakes_know_nothing_of_each_other() -> None:
    with FakeCarillon() as one, FakeCarillon() as other:
        with Client(one.target, token=one.token("user", "ada")) as client:
            cursor = client.list().cursor
        with (
            Client(other.target, token=other.token("user", "ada")) as client,
            pytest.raises(errors.CursorInvalidError),
        ):
            client.ack(device_id="phone", cursor=cursor)
