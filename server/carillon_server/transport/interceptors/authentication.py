"""Finds out who calls, from `authorization: Bearer …` alone."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Principal
from carillon_server.transport.call import Call
from carillon_server.transport.method import Method, Proceed

_SCHEME = "bearer "


class Authenticator(Protocol):
    """Verifies credentials; raises CREDENTIALS_INVALID."""

    def authenticate(self, token: str) -> Awaitable[Principal]: ...


class Authentication:
    """Fills in the principal. Methods open to everyone stay without one."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        if method.roles is None:
            return proceed

        async def authenticated(call: Call) -> Any:
            call.principal = await self._authenticator.authenticate(_bearer(call))
            return await proceed(call)

        return authenticated


def _bearer(call: Call) -> str:
    header = call.header("authorization")
    if header[: len(_SCHEME)].lower() != _SCHEME:
        raise Refusal(Reason.CREDENTIALS_INVALID, "send credentials as `authorization: Bearer …`, once")
    return header[len(_SCHEME) :]
