from __future__ import annotations

import pytest

from carillon import AsyncClient, error_from_status, errors
from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2


async def test_a_bad_item_of_a_batch_fails_alone(producer: AsyncClient, ada: str, bob: str) -> None:
    email = {"channel": "EMAIL", "address": "ada@example.org"}
    response = await producer.batch_upsert_recipients(
        requests=[
            {"recipient": {"recipient_id": ada, "attributes": {"plan": "free"}}, "endpoints": [email]},
            {"recipient": {"recipient_id": bob}, "endpoints": [{**email, "address": "nowhere"}]},
            {"recipient": {"recipient_id": ada, "attributes": {"plan": "pro"}}},
        ]
    )
    assert [each.recipient.recipient_id for each in response.results] == [ada, "", ada]
    assert not response.results[2].recipient.HasField("attributes")
    error = error_from_status(response.results[1].error)
    assert isinstance(error, errors.FieldInvalidError)
    assert [violation.field for violation in error.field_violations] == ["endpoints[0].address"]
    held = (await producer.get_recipient(recipient_id=ada)).recipient
    assert dict(held.attributes) == {"plan": "pro"}
    with pytest.raises(errors.RecipientNotFoundError):
        await producer.get_recipient(recipient_id=bob)


async def test_a_batch_has_one_to_a_thousand_items(producer: AsyncClient) -> None:
    for count in (0, 1_001):
        with pytest.raises(errors.FieldInvalidError):
            await producer.batch_upsert_recipients(requests=[{"recipient": {"recipient_id": "x"}}] * count)


async def test_users_and_gateways_have_no_batches(user_a: AsyncClient, gateway: AsyncClient) -> None:
    for client in (user_a, gateway):
        with pytest.raises(errors.AccessError):
            await client.batch_upsert_recipients(requests=[{"recipient": {"recipient_id": "x"}}])


async def test_a_profile_of_a_send_brings_attributes_and_addresses(producer: AsyncClient, ada: str) -> None:
    profile = {"recipient_id": ada, "email": "ada@example.org", "phone": "+41446681800"}
    content = {"title": "x"}
    await producer.send(recipients=[{**profile, "attributes": {"plan": "pro"}}], type="t", content=content)
    await producer.send(recipients=[profile], type="t", content=content)
    held = (await producer.get_recipient(recipient_id=ada)).recipient
    assert dict(held.attributes) == {"plan": "pro"}
    listed = (await producer.list_endpoints(recipient_id=ada)).endpoints
    assert {(each.channel, each.address) for each in listed} == {
        (types_pb2.CHANNEL_EMAIL, "ada@example.org"),
        (types_pb2.CHANNEL_SMS, "+41446681800"),
    }
    with pytest.raises(errors.FieldInvalidError):
        await producer.send(recipients=[{**profile, "phone": "044"}], type="t", content=content)


async def test_users_are_not_believed_that_an_address_is_theirs(
    user_a: AsyncClient, gateway: AsyncClient
) -> None:
    email = {"channel": "EMAIL", "address": "user-a@example.org"}
    added = (await user_a.put_endpoint(endpoint={**email, "verification": "VERIFIED"})).endpoint
    assert added.verification == pb.VERIFICATION_STATE_UNVERIFIED
    assert not added.HasField("verify_time")
    said = {**email, "verification": "VERIFIED"}
    verified = (await gateway.put_endpoint(recipient_id="user-a", endpoint=said)).endpoint
    assert verified.verification == pb.VERIFICATION_STATE_VERIFIED
    await user_a.put_endpoint(endpoint={**email, "verification": "FAILED"})
    [listed] = (await user_a.list_endpoints()).endpoints
    assert listed == verified
    with pytest.raises(errors.FieldInvalidError):
        await gateway.put_endpoint(recipient_id="user-a", endpoint={**email, "verification": 4})
