"""Every call passes the same stages in the same order, and nothing unknown leaves the service."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from prometheus_client import REGISTRY

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import recipient_service_pb2 as pb_recipients
from carillon_server.domain.identity import Principal
from carillon_server.transport.checker import Checker
from carillon_server.transport.server import build_stages
from tests.eventually import eventually
from tests.running import Issuer, make_settings, running_server
from tests.transport.caller import Caller, Refused, each
from tests.transport.conftest import House
from tests.transport.requests import SEND, build
from tests.transport.rpcs import UNARY
from tests.transport.trouble import locked, missing, somebody_waits

SECRET = "do-not-tell-4711"


class _Nobody:
    async def authenticate(self, token: str) -> Principal:
        raise AssertionError(token)


def test_the_stages_are_in_their_order(postgres_url: str, redis_url: str, issuer: Issuer) -> None:
    settings = make_settings(postgres_url, redis_url, issuer)
    stages = build_stages(settings, _Nobody(), Checker(lambda: pytest.fail("no clock")))
    assert [type(stage).__name__ for stage in stages] == [
        "RequestId",
        "Observation",
        "Errors",
        "Deadline",
        "Authentication",
        "Authorisation",
        "Shedding",
        "Validation",
        "Entrance",
    ]


async def test_the_callers_request_id_comes_back_with_answers_and_refusals(house: House) -> None:
    ours = (("x-request-id", "trace-7"),)
    refused = await house.nobody.refusal("Send", build("Send"), metadata=ours)
    assert refused.trailers["x-request-id"] == "trace-7"
    call = house.channel.unary_unary("/grpc.health.v1.Health/Check")(b"", metadata=ours)
    await call
    assert dict(await call.trailing_metadata())["x-request-id"] == "trace-7"


async def test_a_malformed_request_id_is_replaced(house: House) -> None:
    refused = await house.nobody.refusal("Send", build("Send"), metadata=(("x-request-id", "a b;c"),))
    assert refused.trailers["x-request-id"] not in ("", "a b;c")


async def test_bytes_that_are_no_message_are_the_callers_mistake(house: House) -> None:
    for name in UNARY:
        refused = await house.operator.refusal(name, b"\xff\xff\xff\xff")
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"), name


async def test_text_that_is_no_utf8_is_the_callers_mistake(house: House) -> None:
    refused = await house.operator.refusal("GetCounts", b"\x0a\x02\xc3\x28")
    assert refused.reason == "FIELD_INVALID"


async def test_one_undecodable_item_does_not_end_the_bulk_lane(house: House) -> None:
    requests = each([b"\xff\xff", build("SendStream")])
    answers = [answer async for answer in house.producer.stream("SendStream", requests)]
    assert [answer.WhichOneof("outcome") for answer in answers] == ["error", "response"]
    assert Refused.of_item(answers[0].error).reason == "FIELD_INVALID"


async def test_a_message_over_the_limit_is_refused_with_its_reason(house: House) -> None:
    refused = await house.producer.refusal("Send", bytes(4 * 1024 * 1024 + 1))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")


async def test_a_message_far_over_the_limit_is_not_even_taken_in(house: House) -> None:
    refused = await house.producer.refusal("Send", bytes(9 * 1024 * 1024))
    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_oversize_metadata_is_refused(house: House) -> None:
    refused = await house.producer.refusal("Send", build("Send"), metadata=(("x-large", "x" * 40_000),))
    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("path", ["/carillon.v1.NotificationService/Nonsense", "/no.such.Service/Send", "/x"])
async def test_an_unknown_rpc_is_refused_with_its_reason(house: House, path: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await house.channel.unary_unary(path)(b"")
    refused = Refused.of(raised.value)
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNKNOWN")


async def test_a_fault_of_ours_tells_an_id_and_nothing_else(
    capsys: pytest.CaptureFixture[str], house: House, postgres_url: str
) -> None:
    request = build("PutEndpoint", {"endpoint": {"address": f"{SECRET}@example.com"}})
    async with missing(postgres_url, "endpoint"):
        refused = await house.operator.refusal("PutEndpoint", request)
    logged = "".join(capsys.readouterr())
    assert (refused.code, refused.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert refused.message == "a fault of the service"
    assert refused.detail(ErrorInfo).metadata["error_id"] in logged
    assert SECRET not in logged


async def test_a_fault_in_one_item_of_a_batch_is_that_items_alone(house: House, postgres_url: str) -> None:
    with_profile = {**SEND, "recipients": [{"recipient_id": "ada", "email": "ada@example.com"}]}
    async with missing(postgres_url, "endpoint"):
        answer = await house.producer.call("SendBatch", pb.SendBatchRequest(requests=[with_profile]))
    assert Refused.of_item(answer.results[0].error).reason == "INTERNAL"


async def test_a_call_without_a_deadline_gets_the_default_one(
    postgres_url: str, redis_url: str, issuer: Issuer
) -> None:
    settings = make_settings(postgres_url, redis_url, issuer, default_deadline_seconds=0.5)
    token = issuer.token("acme", "root", ["admin"])
    async with (
        running_server(settings) as address,
        grpc.aio.insecure_channel(address) as channel,
        locked(postgres_url, "endpoint"),
    ):
        caller = Caller(channel, token)
        await caller.call(
            "UpsertRecipient", pb_recipients.UpsertRecipientRequest(recipient={"recipient_id": "ada"})
        )
        with pytest.raises(Refused) as raised:
            # Sooner than the statement gives up by itself.
            await asyncio.wait_for(caller.call("ListEndpoints", build("ListEndpoints"), timeout=None), 5)
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert raised.value.reason == "DEADLINE_EXCEEDED"


async def test_a_caller_that_gives_up_is_counted_as_cancelled(house: House, postgres_url: str) -> None:
    labels = {"method": "carillon.v1.RecipientService/GetRecipient", "code": "CANCELLED"}

    async def count() -> float:
        return REGISTRY.get_sample_value("carillon_rpc_seconds_count", labels) or 0.0

    before = await count()
    async with locked(postgres_url, "recipient") as connection:
        call = asyncio.create_task(house.operator.call("GetRecipient", build("GetRecipient")))
        await somebody_waits(connection)
        call.cancel()
        await asyncio.wait([call])

    async def counted() -> bool:
        return await count() == before + 1

    await eventually(counted)
