"""The demo inbox, in development only: choose who you are, send yourself samples, watch them come in."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carillon import AsyncClient
from carillon_gateway.documents import as_document, read_document
from carillon_gateway.identity import cookie_of, sign_in
from carillon_gateway.refusals import BadRequestError
from carillon_gateway.samples import next_sample
from carillon_gateway.settings import Settings
from carillon_gateway.sink_page import pages_of

PAGE = Path(__file__).parent / "static" / "index.html"


async def page(request: Request) -> Response:
    """The page; `/?user=user-a` signs in and comes back without the name in the address."""
    user = request.query_params.get("user")
    if user is None:
        return FileResponse(PAGE)
    response = RedirectResponse("/", 303)
    token = _settings(request).demo_tokens.get(user)
    if token is not None:
        sign_in(response, token, secure=request.url.scheme == "https")
    return response


async def users(request: Request) -> Response:
    """Who one can be, who one is, and what else there is."""
    settings = _settings(request)
    known = {token: user for user, token in settings.demo_tokens.items()}
    return JSONResponse(
        {
            "users": list(settings.demo_tokens),
            "user": known.get(cookie_of(request)),
            "canSend": settings.producer_token != "",
            "pages": pages_of(settings),
        }
    )


async def send_sample(request: Request) -> Response:
    """Sends a sample of one of the types to `{"user": …}`, as another service would."""
    settings = _settings(request)
    user = str((await read_document(request)).get("user"))
    if user not in settings.demo_tokens or not settings.producer_token:
        raise BadRequestError("user: not one of the demo")
    shared: AsyncClient = request.app.state.client
    producer = shared.with_options(token=settings.producer_token)
    sent = await producer.send(recipient_ids=[user], **await next_sample(producer))
    return JSONResponse(as_document(sent))


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


ROUTES: list[BaseRoute] = [
    Route("/", page),
    Route("/demo/users", users),
    Route("/demo/send", send_sample, methods=["POST"]),
]
