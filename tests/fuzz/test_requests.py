"""Whatever bytes a request is, in whatever order requests come: the answer is one that the API foresees."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.identity import Role
from tests.fuzz.mutations import mutated
from tests.fuzz.scale import examples
from tests.fuzz.service import Service
from tests.fuzz.stories import STORIES
from tests.transport.caller import Caller, Refused, each
from tests.transport.requests import build
from tests.transport.rpcs import RPCS, UNARY

_PER_RPC = 4
_STORIES = 40
_GROWTH_MIB = 250
_UNFORESEEN = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
_ROLES = st.sampled_from([Role.OPERATOR, Role.OPERATOR, Role.PRODUCER, Role.GATEWAY, Role.USER])


@pytest.fixture
async def callers(service: Service) -> AsyncIterator[dict[Role, Caller]]:
    async with grpc.aio.insecure_channel(service.address) as channel:
        yield {role: Caller(channel, service.issuer.token("acme", "ada", [role])) for role in Role}


@pytest.mark.parametrize("rpc", sorted(RPCS))
@examples(_PER_RPC)
@given(data=st.data(), role=_ROLES)
async def test_any_bytes_have_an_answer(
    service: Service, callers: dict[Role, Caller], rpc: str, data: st.DataObject, role: Role
) -> None:
    request = data.draw(mutated(build(rpc)))
    before = service.resident_mib()
    refused = await refusal(callers[role], rpc, request)
    if refused is not None:
        assert refused.code not in _UNFORESEEN, (rpc, request[:2_000], refused)
        assert refused.reason, (rpc, request[:2_000], refused)
    assert service.resident_mib() < before + _GROWTH_MIB


@examples(_STORIES)
@given(story=st.sampled_from(STORIES), data=st.data())
async def test_any_story_has_answers(
    service: Service, callers: dict[Role, Caller], story: tuple[str, ...], data: st.DataObject
) -> None:
    """Good requests, so that deep code is reached, with one that is not quite good among them."""
    spoiled = data.draw(st.integers(0, len(story)))
    for number, rpc in enumerate(story):
        request = data.draw(mutated(build(rpc))) if number == spoiled else build(rpc).SerializeToString()
        refused = await refusal(callers[Role.OPERATOR], rpc, request)
        assert refused is None or (refused.code not in _UNFORESEEN and refused.reason), (
            rpc,
            request,
            refused,
        )


async def refusal(caller: Caller, rpc: str, request: bytes) -> Refused | None:
    """How it was refused; None for an answer, the first of a stream."""
    try:
        if rpc in UNARY:
            await caller.call(rpc, request)
            return None
        requests = each([request]) if RPCS[rpc].client_streaming else request
        answer = await anext(caller.stream(rpc, requests), None)
    except Refused as refused:
        return refused
    return Refused.of_item(answer.error) if rpc == "SendStream" and answer.HasField("error") else None
