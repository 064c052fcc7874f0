"""The mailbox of the local mail sink, in development only: every mail that was sent, newest first.

What a mail holds is from others. Its text is escaped; its HTML is shown on a page of its own that may run and
load nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from html import escape
from mailbox import Maildir
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from carillon_gateway.sink_page import render

NEWEST = 100
_HTML_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
_HEADERS = ("From", "To", "Subject", "Date", "Message-ID")


def list_mails(request: Request) -> Response:
    """The newest mails."""
    mails = _read_all(request.app.state.settings.mail_dir)
    rows = "".join(_row(key, mail) for key, mail in mails)
    head = "<thead><tr><th>To</th><th>Subject</th><th>Date</th></tr></thead>"
    table = f"<table>{head}<tbody>{rows}</tbody></table>" if rows else "<p>Nothing was sent yet.</p>"
    return render(request, "Mails", f"<h1>Mails</h1>{table}")


def show_mail(request: Request) -> Response:
    """One mail: its headers and its text."""
    key = request.path_params["key"]
    mail = _read(request.app.state.settings.mail_dir, key)
    if mail is None:
        return RedirectResponse("/mail", 303)
    headers = "".join(f"<dt>{name}</dt><dd>{escape(mail.get(name, ''))}</dd>" for name in _HEADERS)
    html = f'<p><a href="/mail/{escape(key)}/html">Show its HTML</a></p>' if _part(mail, "html") else ""
    subject = escape(mail.get("Subject", ""))
    return render(
        request,
        subject,
        f"<h1>{subject}</h1><dl>{headers}</dl><pre>{escape(_part(mail, 'plain'))}</pre>{html}",
    )


def show_html(request: Request) -> Response:
    """The HTML of one mail, as a mail program shows it."""
    mail = _read(request.app.state.settings.mail_dir, request.path_params["key"])
    html = _part(mail, "html") if mail else ""
    return HTMLResponse(html, headers={"content-security-policy": _HTML_POLICY})


ROUTES: list[BaseRoute] = [
    Route("/mail", list_mails),
    Route("/mail/{key}", show_mail),
    Route("/mail/{key}/html", show_html),
]


def _read_all(directory: Path) -> Iterable[tuple[str, EmailMessage]]:
    maildir = _open(directory)
    for key in sorted(maildir.keys(), key=_age, reverse=True)[:NEWEST]:
        mail = _read(directory, key)
        if mail is not None:
            yield key, mail


def _age(key: str) -> list[int]:
    """Keys are made of seconds, microseconds and counters, not padded."""
    return [int(number) for number in re.findall(r"\d+", key)]


def _read(directory: Path, key: str) -> EmailMessage | None:
    try:
        return BytesParser(EmailMessage, policy=default).parsebytes(_open(directory).get_bytes(key))
    except KeyError:
        return None


def _open(directory: Path) -> Maildir:
    return Maildir(directory, create=False)


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""


def _row(key: str, mail: EmailMessage) -> str:
    to, subject, date = (escape(mail.get(name, "")) for name in ("To", "Subject", "Date"))
    return f'<tr><td>{to}</td><td><a href="/mail/{escape(key)}">{subject}</a></td><td>{date}</td></tr>'
