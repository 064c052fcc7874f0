"""Whose word counts on whether an address is a recipient's."""

from __future__ import annotations

import pytest

from carillon.v1 import recipient_service_pb2 as pb
from carillon_server.domain.identity import Role
from tests.transport.caller import Caller
from tests.transport.conftest import House

UNVERIFIED, VERIFIED, FAILED = (
    pb.VERIFICATION_STATE_UNVERIFIED,
    pb.VERIFICATION_STATE_VERIFIED,
    pb.VERIFICATION_STATE_FAILED,
)


async def _put(caller: Caller, verification: pb.VerificationState.ValueType = 0) -> pb.Endpoint:  # type: ignore[assignment]  # not said
    endpoint = {"channel": 2, "address": "ada@example.com", "verification": verification}
    request = pb.PutEndpointRequest(recipient_id="ada", endpoint=endpoint)
    answer: pb.PutEndpointResponse = await caller.call("PutEndpoint", request)
    return answer.endpoint


async def _listed(house: House) -> pb.Endpoint:
    request = pb.ListEndpointsRequest(recipient_id="ada")
    [endpoint] = (await house.producer.call("ListEndpoints", request)).endpoints
    return endpoint  # type: ignore[no-any-return]  # the caller returns any message


async def test_a_new_address_is_unverified_and_nobody_has_said_so(house: House) -> None:
    added = await _put(house.producer)
    assert (added.verification, added.HasField("verify_time")) == (UNVERIFIED, False)


@pytest.mark.parametrize("role", [Role.PRODUCER, Role.GATEWAY, Role.OPERATOR])
async def test_those_who_act_for_others_say_what_was_checked(house: House, role: Role) -> None:
    caller = house.caller(role, subject="someone")
    verified = await _put(caller, VERIFIED)
    assert verified.verification == VERIFIED
    assert verified.HasField("verify_time")
    failed = await _put(caller, FAILED)
    assert failed.verification == FAILED
    assert failed.verify_time.ToDatetime() > verified.verify_time.ToDatetime()
    assert await _listed(house) == failed


async def test_a_put_that_does_not_say_leaves_it(house: House) -> None:
    verified = await _put(house.producer, VERIFIED)
    assert await _put(house.producer) == verified


async def test_what_users_say_of_their_own_is_not_believed(house: House) -> None:
    assert (await _put(house.user(), VERIFIED)).verification == UNVERIFIED
    failed = await _put(house.gateway, FAILED)
    assert await _put(house.user(), VERIFIED) == failed
    request = pb.UpsertRecipientRequest(
        recipient={"recipient_id": "ada"},
        endpoints=[{"channel": 2, "address": "ada@example.com", "verification": VERIFIED}],
    )
    await house.user().call("UpsertRecipient", request)
    assert await _listed(house) == failed
    both = house.caller(Role.USER, Role.PRODUCER)
    assert (await _put(both, VERIFIED)).verification == VERIFIED


async def test_removing_a_failed_address_does_not_make_users_forget_it(house: House) -> None:
    failed = await _put(house.producer, FAILED)
    request = pb.DeleteEndpointRequest(recipient_id="ada", id=failed.id)
    for caller, again in ((house.user(), FAILED), (house.producer, UNVERIFIED)):
        await caller.call("DeleteEndpoint", request)
        listed = await house.producer.call("ListEndpoints", pb.ListEndpointsRequest(recipient_id="ada"))
        assert not listed.endpoints
        assert (await _put(house.user())).verification == again


async def test_an_upsert_says_it_for_all_endpoints_that_it_brings(house: House) -> None:
    endpoint = {"channel": 2, "address": "ada@example.com", "verification": VERIFIED}
    item = {"recipient": {"recipient_id": "ada"}, "endpoints": [endpoint]}
    await house.producer.call("UpsertRecipient", pb.UpsertRecipientRequest(**item))
    assert (await _listed(house)).verification == VERIFIED
    endpoint["verification"] = FAILED
    await house.producer.call("BatchUpsertRecipients", pb.BatchUpsertRecipientsRequest(requests=[item]))
    assert (await _listed(house)).verification == FAILED
