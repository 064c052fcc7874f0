"""Refusals of the service and of the gateway itself, as HTTP answers: `{"reason": …, "message": …}`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from carillon import errors
from carillon_gateway.identity import SignedOutError

_STATUS_BY_FAMILY: tuple[tuple[type[errors.CarillonError], int], ...] = (
    (errors.InvalidRequestError, 400),
    (errors.CredentialsInvalidError, 401),
    (errors.AccessError, 403),
    (errors.NotFoundError, 404),
    (errors.ConflictError, 409),
    (errors.LimitError, 429),
    (errors.UnavailableError, 503),
    (errors.DeadlineExceededError, 504),
)
_FAULT = 502


class BadRequestError(Exception):
    """The request makes no sense before it reaches the service; the message says why."""


async def refuse(_: Request, error: Exception) -> Response:
    """The answer to a call that failed."""
    if isinstance(error, SignedOutError):
        return _answer(401, "CREDENTIALS_INVALID", "not signed in")
    if isinstance(error, errors.CarillonError):
        return _refuse_call(error)
    return _answer(400, "FIELD_INVALID", str(error))


def _refuse_call(error: errors.CarillonError) -> Response:
    family = next((status for kind, status in _STATUS_BY_FAMILY if isinstance(error, kind)), _FAULT)
    headers = (
        {"retry-after": str(round(error.retry_delay.total_seconds() + 0.5))} if error.retry_delay else None
    )
    return _answer(family, error.reason or error.code.name, str(error), headers)


def _answer(status: int, reason: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"reason": reason, "message": message}, status, headers)
