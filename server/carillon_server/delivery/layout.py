"""How a notification looks as a mail: plain text, and simple HTML in which everything is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote, urljoin

from carillon_server.domain.delivery_settings import NO_BRANDING, Branding
from carillon_server.domain.notification import Content

_PAGE = """\
<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
</head>
<body style="margin:0;padding:24px;background:#f4f4f5">
<div dir="auto" style="max-width:560px;margin:0 auto;padding:24px;border-radius:8px;background:#ffffff;\
color:#18181b;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
{parts}
</div>
</body>
</html>
"""
_TITLE = '<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">{}</h1>'
_PARAGRAPH = '<p style="margin:0 0 16px">{}</p>'
_IMAGE = '<p style="margin:0 0 16px"><img src="{}" alt="{}" style="max-width:100%;border-radius:6px"></p>'
_LOGO = '<p style="margin:0 0 16px"><img src="{}" alt="{}" style="max-height:48px;max-width:240px"></p>'
_FOOTER = '<p style="margin:24px 0 0;padding-top:12px;border-top:1px solid #e4e4e7;font-size:13px">{}</p>'
_BUTTON = (
    '<a href="{}" style="display:inline-block;margin:0 8px 8px 0;padding:10px 18px;border-radius:6px;'
    'background:{};color:{};text-decoration:none">{}</a>'
)
_MAIN_COLOURS = ("#1d4ed8", "#ffffff")
_OTHER_COLOURS = ("#e4e4e7", "#18181b")


def render_text(content: Content, link_base_url: str = "", branding: Branding = NO_BRANDING) -> str:
    """The plain text part."""
    rest = render_links(content, link_base_url)
    lines = [content.title, "", rest] if rest else [content.title]
    return add_footer("\n".join(lines) + "\n", branding)


def add_footer(text: str, branding: Branding) -> str:
    """The plain text with the tenant's footer below."""
    if not branding.footer:
        return text
    # RFC 3676: what comes after this line is no part of the text.
    return "\n".join([text.removesuffix("\n"), "", "-- ", branding.footer]) + "\n"


def render_links(content: Content, link_base_url: str = "") -> str:
    """The body, and below it where its buttons lead; for those who show the title themselves."""
    links = [f"{label}: {url}" for label, url in _links(content, link_base_url)]
    return "\n\n".join([content.body, *links] if content.body else links)


def render_html(
    content: Content,
    locale: str = "",
    link_base_url: str = "",
    branding: Branding = NO_BRANDING,
    pictures: Sequence[tuple[str, str]] = (),
) -> str:
    """The HTML part: a whole page. `pictures`: content id and name of those that travel with the mail."""
    parts = [_TITLE.format(escape(content.title))]
    parts += [_PARAGRAPH.format(_with_breaks(part)) for part in content.body.split("\n\n") if part.strip()]
    parts += [_IMAGE.format(f"cid:{quote(id_, safe='@')}", escape(name)) for id_, name in pictures]
    if _is_web(content.image_url):
        parts.append(_IMAGE.format(escape(content.image_url), ""))
    parts += _buttons(content, link_base_url)
    return render_piece(content.title, "\n".join(parts), locale, branding)


def render_piece(title: str, piece: str, locale: str = "", branding: Branding = NO_BRANDING) -> str:
    """A whole page around a piece of HTML, with the tenant's logo and footer."""
    logo = _LOGO.format(escape(branding.logo_url), escape(branding.from_name))
    footer = _FOOTER.format(_with_breaks(branding.footer))
    parts = [logo if _is_web(branding.logo_url) else "", piece, footer if branding.footer else ""]
    shown = "\n".join(part for part in parts if part)
    return _PAGE.format(lang=escape(locale), title=escape(title), parts=shown)


def _buttons(content: Content, link_base_url: str) -> list[str]:
    buttons = [
        _button(label, url, _OTHER_COLOURS if position else _MAIN_COLOURS)
        for position, (label, url) in enumerate(_links(content, link_base_url))
    ]
    return [_PARAGRAPH.format("".join(buttons))] if buttons else []


def _links(content: Content, base_url: str) -> list[tuple[str, str]]:
    """Label and absolute address; a path that there is no base for leads nowhere from a mail."""
    offered = [("Open", content.action_url)] + [(action.label, action.url) for action in content.actions]
    absolute = [(label, urljoin(base_url, url) if url else "") for label, url in offered]
    return [(label, url) for label, url in absolute if _is_web(url)]


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _with_breaks(text: str) -> str:
    return escape(text.strip("\n")).replace("\n", "<br>\n")


def _button(label: str, url: str, colours: tuple[str, str]) -> str:
    return _BUTTON.format(escape(url), *colours, escape(label))
