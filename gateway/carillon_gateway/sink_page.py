"""The frame of the pages that show, in development, what was sent to the outside."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from carillon_gateway.settings import Settings

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/page.css"></head>
<body><header class="bar"><a class="brand" href="/"><img src="/static/icon.svg" alt="" width="28" height="28">
Carillon</a><nav class="people">{tabs}</nav>
</header>
<main class="mail">{body}</main></body></html>"""


def pages_of(settings: Settings) -> dict[str, str]:
    """The pages that there are, by path."""
    held = {"/mail": settings.mail_dir, "/messages": settings.message_dir}
    names = {"/mail": "Mails", "/messages": "Messages"}
    return {path: names[path] for path, directory in held.items() if directory is not None}


def render(request: Request, title: str, body: str) -> Response:
    """The page of a request. `title` and `body` are HTML already."""
    pages = {"/": "Inbox"} | pages_of(request.app.state.settings)
    here = "/" + request.url.path.split("/")[1]
    tabs = "".join(_tab(path, name, current=path == here) for path, name in pages.items())
    return HTMLResponse(_PAGE.format(title=title, tabs=tabs, body=body))


def _tab(path: str, name: str, *, current: bool) -> str:
    mark = ' aria-current="page"' if current else ""
    return f'<a href="{escape(path)}"{mark}>{escape(name)}</a>'
