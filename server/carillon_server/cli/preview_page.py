"""How a type reads, as one page for a browser: nothing in it is run, and nothing is fetched."""

from __future__ import annotations

import json
import os
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template as Page

from carillon.v1.catalog_service_pb2 import PreviewTemplateResponse, Rendering
from carillon.v1.types_pb2 import Channel
from carillon_server.cli.bundle_document import to_document
from carillon_server.cli.names import readable

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_OWNER_ONLY = 0o600
_TITLES = {
    "in_app": "Inbox",
    "email": "E-mail",
    "push": "Push",
    "sms": "Text message",
    "webhook": "Webhook",
    "chat": "Chat",
}


def write_page(kind: str, preview: PreviewTemplateResponse, path: Path | None = None) -> Path:
    """Writes it, readable by its owner alone; without a path, among the temporary files."""
    if path is None:
        handle, name = tempfile.mkstemp(prefix="carillon-preview-", suffix=".html")
        path = Path(name)
    else:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(build_page(kind, preview))
    return path.resolve()


def open_in_browser(path: Path) -> None:
    """In whatever browser there is."""
    webbrowser.open(path.as_uri())


def build_page(kind: str, preview: PreviewTemplateResponse) -> str:
    """The whole page."""
    frame = files("carillon_server.cli").joinpath("preview_page.html").read_text(encoding="utf-8")
    wide = [each for each in preview.renderings if _name(each) == "email"]
    narrow = [each for each in preview.renderings if _name(each) != "email"]
    return Page(frame).substitute(
        policy=escape(_POLICY),
        kind=escape(kind),
        count=f"{len(preview.renderings)} channel{'' if len(preview.renderings) == 1 else 's'}",
        narrow="".join(map(_card, narrow)),
        wide="".join(map(_card, wide)),
        data=escape(json.dumps(to_document(preview).get("data", {}), indent=2, ensure_ascii=False)),
    )


def _card(rendering: Rendering) -> str:
    name = _name(rendering)
    body = _problem(rendering.problem) if rendering.problem else _BODIES[name](rendering)
    state = " broken" if rendering.problem else ""
    return (
        f'<section class="card {name}{state}"><header><h2>{_TITLES[name]}</h2>'
        f'<span class="origin">{escape(_origin(rendering))}</span></header>{body}</section>'
    )


def _inbox(rendering: Rendering) -> str:
    said = rendering.content.in_app
    buttons = "".join(f'<span class="button">{escape(action.label)}</span>' for action in said.actions)
    icon = escape(said.icon[:1].upper() or "•")
    return (
        f'<div class="notice"><span class="icon">{icon}</span><div><strong>{escape(said.title)}</strong>'
        f"{_text(said.body)}{_link(said.action_url)}"
        f"{f'<div class=buttons>{buttons}</div>' if buttons else ''}</div></div>"
    )


def _email(rendering: Rendering) -> str:
    said = rendering.content.email
    rows = (("Subject", said.subject), ("Preheader", said.preheader))
    head = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    attributes = 'sandbox="" referrerpolicy="no-referrer" title="The mail"'
    html = f'<iframe {attributes} srcdoc="{escape(said.html)}"></iframe>' if said.html else ""
    state = "" if html else " open"
    text = f"<details{state}><summary>Plain text</summary><pre>{escape(said.text)}</pre></details>"
    return f"<dl>{head}</dl>{html}{text}"


def _push(rendering: Rendering) -> str:
    said = rendering.content.push
    values = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in sorted(said.data.items())
    )
    return (
        '<div class="screen"><div class="banner"><span class="app">Your app<span>now</span></span>'
        f"<strong>{escape(said.title)}</strong>{_text(said.body)}</div></div>{_link(said.action_url)}"
        f"{f'<dl>{values}</dl>' if values else ''}"
    )


def _sms(rendering: Rendering) -> str:
    text = rendering.content.sms.text
    return f'<div class="bubble">{escape(text)}</div><p class="note">{len(text)} characters</p>'


def _webhook(rendering: Rendering) -> str:
    payload = rendering.content.webhook.payload
    with suppress(ValueError):
        payload = json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    return f"<pre>{escape(payload)}</pre>"


def _chat(rendering: Rendering) -> str:
    said = rendering.content.chat
    title = f"<strong>{escape(said.title)}</strong>" if said.title else ""
    return (
        '<div class="message"><span class="icon">#</span>'
        f"<div>{title}{_text(said.body)}{_link(said.action_url)}</div></div>"
    )


_BODIES = {
    "in_app": _inbox,
    "email": _email,
    "push": _push,
    "sms": _sms,
    "webhook": _webhook,
    "chat": _chat,
}


def _text(text: str) -> str:
    return "".join(f"<p>{line}</p>" for line in _paragraphs(text))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if paragraph.strip():
            yield escape(paragraph.strip()).replace("\n", "<br>")


def _link(url: str) -> str:
    return f'<p class="url">{escape(url)}</p>' if url else ""


def _problem(problem: str) -> str:
    return f'<p class="problem">{escape(problem)}</p>'


def _origin(rendering: Rendering) -> str:
    if not rendering.locale:
        return "as in the inbox"
    return (
        f"{rendering.locale} · version {rendering.version}"
        if rendering.version
        else f"{rendering.locale} · draft"
    )


def _name(rendering: Rendering) -> str:
    return readable(Channel, rendering.channel)
