"""The gateway as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from carillon import AsyncClient, CarillonError
from carillon_gateway import demo, mail, messages, notifications, stream
from carillon_gateway.identity import SignedOutError
from carillon_gateway.protection import SameOrigin, SecurityHeaders
from carillon_gateway.refusals import BadRequestError, refuse
from carillon_gateway.settings import Settings

STATIC = Path(__file__).parent / "static"
_THIS_MACHINE = ["localhost", "127.0.0.1", "[::1]"]


def create_application(settings: Settings) -> Starlette:
    """Wires the routes; the client connects when the application starts."""

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        async with AsyncClient(settings.target, insecure=settings.insecure) as client:
            application.state.client = client
            yield

    application = Starlette(
        routes=_routes(settings),
        middleware=_middleware(settings),
        exception_handlers={CarillonError: refuse, SignedOutError: refuse, BadRequestError: refuse},
        lifespan=lifespan,
    )
    application.state.settings = settings
    return application


async def health(_: Request) -> Response:
    """This process answers; whether the service does is the service's own health."""
    return JSONResponse({"status": "ok"})


def _routes(settings: Settings) -> list[BaseRoute]:
    api = [Route("/healthz", health), *stream.ROUTES, *notifications.ROUTES]
    if not settings.demo_tokens:
        return api
    mails = mail.ROUTES if settings.mail_dir else []
    others = messages.ROUTES if settings.message_dir else []
    return [*api, *demo.ROUTES, *mails, *others, Mount("/static", StaticFiles(directory=STATIC))]


def _middleware(settings: Settings) -> list[Middleware]:
    protection = [Middleware(SecurityHeaders), Middleware(SameOrigin)]
    if not settings.demo_tokens:
        return protection
    # Whoever reaches the demo may sign in: a foreign site whose name points here must not.
    return [Middleware(TrustedHostMiddleware, allowed_hosts=_THIS_MACHINE), *protection]
