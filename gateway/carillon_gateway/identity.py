"""Whose inbox: the token that the browser sent is the one that the service is called with.

It comes in an `Authorization` header, or in a cookie that scripts cannot read. Never in a URL: those end up
in histories and logs.
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from carillon import AsyncClient

COOKIE = "carillon_token"


class SignedOutError(Exception):
    """The request carries no token."""


def client_of(request: HTTPConnection) -> AsyncClient:
    """The client that calls as the person who asks, on the connections that all share."""
    shared: AsyncClient = request.app.state.client
    return shared.with_options(token=_token(request))


def sends_own_token(request: HTTPConnection) -> bool:
    """Whether a script put the token there, which no foreign page can."""
    return _bearer(request) != ""


def cookie_of(request: HTTPConnection) -> str:
    """The token that the browser keeps for us; empty if it keeps none."""
    return request.cookies.get(COOKIE, "")


def sign_in(response: Response, token: str, *, secure: bool) -> None:
    """Leaves the token with the browser, out of the reach of scripts and other sites."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")


def _token(request: HTTPConnection) -> str:
    token = _bearer(request) or cookie_of(request)
    if not token:
        raise SignedOutError
    return token


def _bearer(request: HTTPConnection) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
