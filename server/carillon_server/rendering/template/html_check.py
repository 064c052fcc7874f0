"""A last look at the HTML of a mail, as mail programs will read it.

It has been through the parser of css-inline, so attributes stand in double quotes and nothing hides in odd
spelling. What is refused here can come from a value (a `javascript:` link) or from the template itself.
"""

from __future__ import annotations

import re
from html import unescape

from carillon_server.rendering.template.failure import forbidden

_TAG = re.compile(r"<([a-zA-Z][^\s/>]*)((?:\s+[^\s=>\"']+(?:=\"[^\"]*\"|='[^']*'|=[^\s>\"']+)?)*)")
_ATTRIBUTE = re.compile(r"\s([^\s=>\"']+)=(\"[^\"]*\"|'[^']*'|[^\s>\"']+)")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_STYLE_URL = re.compile(r"url\(\s*[\"']?([^)\"']*)", re.IGNORECASE)
_IMPORT = re.compile(r"@import", re.IGNORECASE)
_IGNORED_IN_URLS = re.compile("[\x00-\x20\x7f-\xa0]")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")

_FORBIDDEN_TAGS = frozenset(
    {"applet", "base", "embed", "form", "frame", "iframe", "link", "object", "script"}
)
_URL_ATTRIBUTES = frozenset(
    {"action", "background", "cite", "data", "formaction", "href", "longdesc", "poster", "src", "xlink:href"}
)
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "cid"})


def check_html(html: str) -> None:
    """Raises a fault of the problem `forbidden` for what has no place in a mail."""
    for tag in _TAG.finditer(html):
        name = tag[1].lower()
        if name in _FORBIDDEN_TAGS:
            raise forbidden(f"a mail cannot have the element {name[:20]}")
        for attribute in _ATTRIBUTE.finditer(tag[2]):
            _check_attribute(attribute[1].lower(), unescape(attribute[2].strip("\"'")))
    for style in _STYLE.finditer(html):
        _check_style(style[1])


def _check_attribute(name: str, value: str) -> None:
    if name.startswith("on"):
        raise forbidden("a mail cannot have event handlers (on…)")
    if name == "http-equiv" and value.strip().lower() == "refresh":
        raise forbidden("a mail cannot lead somewhere by itself (refresh)")
    if name in _URL_ATTRIBUTES:
        _check_url(value)
    elif name == "srcset":
        for candidate in value.split(","):
            _check_url(candidate)
    elif name == "style":
        _check_style(value)


def _check_style(style: str) -> None:
    if _IMPORT.search(style):
        raise forbidden("styles cannot import others (@import)")
    for url in _STYLE_URL.finditer(style):
        _check_url(url[1])


def _check_url(url: str) -> None:
    scheme = _SCHEME.match(_IGNORED_IN_URLS.sub("", url))
    if scheme is not None and scheme[1].lower() not in _SCHEMES:
        raise forbidden(f"a link with the scheme {scheme[1].lower()[:20]!r}")
