"""One table of reasons: the domain's, the API's and the transport's are the same."""

from __future__ import annotations

from pathlib import Path

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo

from carillon.v1.error_reason_pb2 import ErrorReason
from carillon_server.domain.errors import (
    FieldsInvalid,
    FieldViolation,
    NotFound,
    Reason,
    Refusal,
    Unavailable,
)
from carillon_server.transport.status import CODES, to_status, trailers_of
from tests.transport.caller import unpack

_PREFIX = "ERROR_REASON_"


def _details(refusal: Refusal) -> dict[type, object]:
    return {type(detail): detail for detail in unpack(to_status(refusal))}


def _pushback_ms(refusal: Refusal) -> int:
    return int(dict(trailers_of(refusal))["grpc-retry-pushback-ms"])


def test_every_reason_of_the_api_has_a_code_and_there_are_no_others() -> None:
    of_the_api = {name.removeprefix(_PREFIX) for name in ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
    assert {reason.value for reason in Reason} == of_the_api
    assert set(CODES) == set(Reason)


def test_the_code_of_a_reason_is_the_one_its_comment_in_the_api_names() -> None:
    assert CODES[Reason.FIELD_INVALID] is grpc.StatusCode.INVALID_ARGUMENT
    assert CODES[Reason.REQUEST_ID_REUSED] is grpc.StatusCode.FAILED_PRECONDITION
    assert CODES[Reason.OVERLOADED] is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_every_refusal_carries_its_reason_and_metadata() -> None:
    for reason in Reason:
        info = _details(Refusal(reason, "why", metadata={"key": "value"}))[ErrorInfo]
        assert info == ErrorInfo(reason=reason.value, domain="carillon", metadata={"key": "value"})


def test_invalid_fields_are_named_each() -> None:
    invalid = FieldsInvalid([FieldViolation("type", "is empty"), FieldViolation("content.title", "is long")])
    details = _details(invalid)[BadRequest]
    assert isinstance(details, BadRequest)
    assert [violation.field for violation in details.field_violations] == ["type", "content.title"]


def test_what_may_succeed_later_says_when() -> None:
    delay = _details(Unavailable(retry_after_seconds=2.5))[RetryInfo]
    assert isinstance(delay, RetryInfo)
    assert delay.retry_delay.ToMilliseconds() == 2_500
    assert RetryInfo in _details(Refusal(Reason.OVERLOADED, "busy"))
    assert RetryInfo not in _details(NotFound(Reason.RECIPIENT_NOT_FOUND))


def test_what_is_refused_for_overload_tells_grpc_when_to_try_again_spread_and_never_0() -> None:
    pushed = {_pushback_ms(Refusal(Reason.OVERLOADED, "busy", retry_after_seconds=2.0)) for _ in range(50)}
    assert min(pushed) >= 2_000
    assert max(pushed) <= 3_000
    assert len(pushed) > 10
    assert _pushback_ms(Refusal(Reason.STREAM_LIMIT, "too many", retry_after_seconds=0.0)) == 1


def test_what_no_repetition_cures_tells_grpc_not_to_though_its_code_says_otherwise() -> None:
    exhausted = {reason for reason, code in CODES.items() if code is grpc.StatusCode.RESOURCE_EXHAUSTED}
    hopeless = exhausted - {Reason.OVERLOADED, Reason.STREAM_LIMIT}
    assert [_pushback_ms(Refusal(reason, "no")) for reason in hopeless] == [-1, -1]


def test_a_stream_limit_names_whose_it_is() -> None:
    refusal = Refusal(Reason.STREAM_LIMIT, "too many", metadata={"subject": "user:ada"})
    quota = _details(refusal)[QuotaFailure]
    assert isinstance(quota, QuotaFailure)
    assert quota.violations[0].subject == "user:ada"


def test_the_reference_lists_every_reason_with_its_code() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/errors.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("|")]
    listed = {reason.strip(): code.strip() for reason, code in rows}
    for reason, code in CODES.items():
        assert listed.get(reason.value) == code.name, reason
