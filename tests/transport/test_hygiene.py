"""Nothing that a caller sends is a fault of ours: whatever is in a request, the API foresees the answer."""

from __future__ import annotations

import grpc
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from carillon_server.domain.identity import Role
from tests.transport.arbitrary import messages
from tests.transport.caller import Caller, Refused, each
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.rpcs import RPCS, UNARY, request_type

_EXAMPLES_PER_RUN = 250
_ANSWERS = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
    }
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, bytes]:
    """An RPC and bytes for it: arbitrary fields alone, in a valid request, or a valid request with a dent."""
    rpc = draw(st.sampled_from(sorted(RPCS)))
    valid = build(rpc)
    kind = draw(st.sampled_from(["alone", "merged", "dented"]))
    if kind == "dented":
        raw = bytearray(valid.SerializeToString() or b"x")
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
        return rpc, bytes(raw)
    arbitrary = draw(messages(request_type(rpc)))
    if kind == "merged":
        valid.MergeFrom(arbitrary)
        return rpc, valid.SerializeToString()
    return rpc, arbitrary.SerializeToString()


_ROLES = st.sampled_from([Role.OPERATOR, Role.USER, Role.PRODUCER])


async def _refusal(caller: Caller, rpc: str, request: bytes) -> Refused | None:
    try:
        if rpc in UNARY:
            await caller.call(rpc, request)
        else:
            requests = each([request]) if RPCS[rpc].client_streaming else request
            answer = await anext(caller.stream(rpc, requests))
            if rpc == "SendStream" and answer.HasField("error"):
                return Refused.of_item(answer.error)
    except Refused as refused:
        return refused
    return None


@settings(
    max_examples=_EXAMPLES_PER_RUN,
    deadline=None,
    # The service is the same for every example on purpose: what one stores, the next may trip over.
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
)
@given(request=requests(), role=_ROLES)
async def test_whatever_is_in_a_request_the_answer_is_one_of_the_apis(
    house: House, request: tuple[str, bytes], role: Role
) -> None:
    refused = await _refusal(house.caller(role), *request)
    if refused is not None and refused.reason != "SCOPE_MISSING":
        assert refused.code in _ANSWERS, (request, refused)
        assert refused.reason, (request, refused)
