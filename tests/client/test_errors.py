from __future__ import annotations

import inspect
from datetime import timedelta

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from carillon import _status, error_from_status, errors
from carillon.v1.error_reason_pb2 import ErrorReason

REASONS = [name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()[1:]]


def refusal(reason: str, code: grpc.StatusCode, domain: str = "carillon") -> Status:
    status = Status(code=code.value[0], message="for people")
    status.details.add().Pack(ErrorInfo(reason=reason, domain=domain, metadata={"scope": "inbox"}))
    return status


def test_every_reason_of_the_api_has_an_exception_of_its_own() -> None:
    classes = [_status.BY_REASON[reason] for reason in REASONS]
    assert set(_status.BY_REASON) == set(REASONS)
    assert len(set(classes)) == len(REASONS)
    for reason in REASONS:
        error = error_from_status(refusal(reason, grpc.StatusCode.UNKNOWN))
        assert type(error) is _status.BY_REASON[reason]
        assert error.reason == reason


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    documented = []
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        bullet, _, name = line.strip().partition(" ")
        if bullet in ("*", "x", "+"):
            depth = "*x+".index(bullet)
            path = [*path[:depth], name]
            documented.append((name, path[-2] if depth else "Exception"))
    classes = [
        (name, each.__mro__[1].__name__)
        for name, each in vars(errors).items()
        if inspect.isclass(each) and issubclass(each, Exception)
    ]
    assert documented == classes


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, errors.UnavailableError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.DeadlineExceededError),
        (grpc.StatusCode.INVALID_ARGUMENT, errors.InvalidRequestError),
        (grpc.StatusCode.NOT_FOUND, errors.NotFoundError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.LimitError),
        (grpc.StatusCode.DATA_LOSS, errors.CarillonError),
    ],
)
def test_a_failure_without_a_reason_is_of_the_family_of_its_code(
    code: grpc.StatusCode, kind: type[errors.CarillonError]
) -> None:
    error = _status.error_from_call(code, "from a proxy", ())
    assert type(error) is kind
    assert (error.code, error.reason, error.field_violations) == (code, "", ())


def test_a_reason_that_the_client_does_not_know_is_kept() -> None:
    error = error_from_status(refusal("NEWER_THAN_THIS", grpc.StatusCode.FAILED_PRECONDITION))
    assert type(error) is errors.ConflictError
    assert error.reason == "NEWER_THAN_THIS"


def test_a_reason_of_another_domain_is_none_of_ours() -> None:
    error = error_from_status(refusal("CURSOR_INVALID", grpc.StatusCode.INTERNAL, domain="proxy.example"))
    assert type(error) is errors.InternalError
    assert error.reason == ""


def test_details_arrive_whole() -> None:
    status = refusal("FIELD_INVALID", grpc.StatusCode.INVALID_ARGUMENT)
    violation = BadRequest.FieldViolation(field="content.title", description="is empty")
    status.details.add().Pack(BadRequest(field_violations=[violation]))
    status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=2)))
    error = _status.error_from_call(
        grpc.StatusCode.INVALID_ARGUMENT,
        "for people",
        [("other", "header"), ("grpc-status-details-bin", status.SerializeToString())],
    )
    assert isinstance(error, errors.FieldInvalidError)
    assert str(error) == "for people"
    assert error.metadata == {"scope": "inbox"}
    assert error.field_violations == (errors.FieldViolation("content.title", "is empty"),)
    assert error.retry_delay == timedelta(seconds=2)


def test_broken_details_leave_the_code() -> None:
    error = _status.error_from_call(
        grpc.StatusCode.UNAVAILABLE, "", [("grpc-status-details-bin", b"\xff\xff\xff")]
    )
    assert type(error) is errors.UnavailableError
    assert str(error) == "UNAVAILABLE"
