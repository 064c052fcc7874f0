"""What the local far side took, in development only: webhooks, pushes and text messages, newest first.

What a message holds is from others and is shown as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carillon_gateway.sink_page import render

NEWEST = 100
_COLUMNS = ("channel", "to", "title", "time")
_KEY = re.compile(r"[0-9]{1,20}-[a-z]{1,20}")
_HEAD = "<thead><tr><th>Channel</th><th>To</th><th>Message</th><th>Time</th></tr></thead>"


def list_messages(request: Request) -> Response:
    """The newest messages."""
    rows = "".join(_row(key, message) for key, message in _read_all(request.app.state.settings.message_dir))
    table = f"<table>{_HEAD}<tbody>{rows}</tbody></table>" if rows else "<p>Nothing was sent yet.</p>"
    return render(request, "Messages", f"<h1>Messages</h1>{table}")


def show_message(request: Request) -> Response:
    """One message: everything that the far side saw of it."""
    key = request.path_params["key"]
    message = _read(request.app.state.settings.message_dir, key)
    if message is None:
        return RedirectResponse("/messages", 303)
    title = escape(str(message.get("title", "")))
    text = escape(json.dumps(message, indent=2, ensure_ascii=False))
    return render(request, title, f"<h1>{title}</h1><pre>{text}</pre>")


ROUTES: list[BaseRoute] = [Route("/messages", list_messages), Route("/messages/{key}", show_message)]


def _read_all(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    keys = sorted((path.stem for path in directory.glob("*.json")), reverse=True)
    for key in keys[:NEWEST]:
        message = _read(directory, key)
        if message is not None:
            yield key, message


def _read(directory: Path, key: str) -> dict[str, Any] | None:
    if not _KEY.fullmatch(key):
        return None
    try:
        message = json.loads((directory / f"{key}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return message if isinstance(message, dict) else None


def _row(key: str, message: dict[str, Any]) -> str:
    channel, to, title, time = (escape(str(message.get(name, ""))) for name in _COLUMNS)
    link = f'<a href="/messages/{escape(key)}">{title}</a>'
    return f"<tr><td>{channel}</td><td>{to}</td><td>{link}</td><td>{time}</td></tr>"
