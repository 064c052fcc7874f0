"""What a mail says: plain text, and the same as HTML.

Without a template both are made from the notification's content, in our own layout. A template's own page
goes out as it is; where it has no page of its own (text alone, or a piece of HTML), our layout goes around
it. The tenant's footer belongs to our layout: whoever writes a whole page has a layout for that.
"""

from __future__ import annotations

import re
from html import escape

from carillon_server.delivery.layout import add_footer, render_html, render_piece, render_text
from carillon_server.delivery.providers.email.mail_links import complete_html, complete_text
from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.notification import Content

_WHOLE_PAGE = re.compile(r"<(?:!doctype\s+html|html|body)\b", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_PREHEADER = '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all" aria-hidden="true">{}</div>'


def write_texts(message: Message, link_base_url: str) -> dict[str, str]:
    """The alternatives by subtype, as `mime.write_body` takes them."""
    if message.parts:
        return _write_parts(message, link_base_url)
    content, branding = message.content, message.branding
    return {
        "plain": render_text(content, link_base_url, branding),
        "html": render_html(content, message.locale, link_base_url, branding, _pictures(message)),
    }


def _write_parts(message: Message, link_base_url: str) -> dict[str, str]:
    parts, branding = message.parts, message.branding
    subject, source = parts.get("subject", ""), parts.get("html", "")
    text = complete_text(parts.get("text") or subject, source, link_base_url)
    html = complete_html(source, link_base_url)
    if _WHOLE_PAGE.search(html):
        return {"plain": text, "html": _with_preheader(html, parts.get("preheader", ""))}
    if html:
        page = render_piece(subject, html, message.locale, branding)
    else:
        content = Content(subject, parts.get("text", ""), "", "", "")
        page = render_html(content, message.locale, "", branding, _pictures(message))
    return {
        "plain": add_footer(text, branding),
        "html": _with_preheader(page, parts.get("preheader", "")),
    }


def _pictures(message: Message) -> tuple[tuple[str, str], ...]:
    return tuple((each.content_id, each.filename) for each in message.attachments if each.content_id)


def _with_preheader(page: str, preheader: str) -> str:
    """The first words of the page, which mail programs show beside the subject; a layout may have them."""
    body = _BODY.search(page)
    if not preheader or body is None or escape(preheader) in page:
        return page
    return page[: body.end()] + _PREHEADER.format(escape(preheader)) + page[body.end() :]
