"""A last look at the HTML of a mail, as mail programs will read it.

It has been through the parser of css-inline, so attributes stand in double quotes and nothing hides in odd
spelling. What is refused here can come from a value (a `javascript:` link) or from the template itself.

It is read piece by piece, as a parser would: what looks like a tag inside a comment, a style or a quoted
value must not hide the tag that follows it. So elements whose content is read in ways of its own are refused.
"""

from __future__ import annotations

import re
import sys
from html import unescape

from carillon_server.rendering.template.failure import forbidden

_PIECE = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)"
    r"|<style\b[^>]*>(?P<style>.*?)(?:</style|\Z)"
    r"|<(?P<name>[a-zA-Z][^\s/>]*)"
    r"(?P<attributes>(?:\s+[^\s=<>\"'/]+(?:=\"[^\"]*\"|='[^']*'|=[^\s<>\"'=]+)?)*)(?P<end>\s*/?>)?",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"\s([^\s=>\"']+)=(\"[^\"]*\"|'[^']*'|[^\s>\"']+)")
_STYLE_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_STYLE_URL = re.compile(r"url\(\s*[\"']?([^)\"']*)", re.IGNORECASE)
_IMPORT = re.compile(r"@import", re.IGNORECASE)
_STYLE_CODE = re.compile(r"expression\s*\(|(?<![\w-])(?:behavior|-moz-binding)\s*:", re.IGNORECASE)
_IGNORED_IN_URLS = re.compile("[\x00-\x20\x7f-\xa0]")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")

_FORBIDDEN_TAGS = frozenset(
    {
        "applet", "base", "embed", "form", "frame", "frameset", "iframe", "link", "math", "noembed",
        "noframes", "noscript", "object", "plaintext", "portal", "script", "svg", "template", "xmp",
    }
)  # fmt: skip
_URL_ATTRIBUTES = frozenset(
    {"action", "background", "cite", "data", "formaction", "href", "longdesc", "poster", "src", "xlink:href"}
)
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "cid"})


# MJML puts a noscript into a comment for Outlook, which reads what is in it like anything else.
_FORBIDDEN_IN_COMMENTS = _FORBIDDEN_TAGS - {"noscript"}


def check_html(html: str, forbidden_tags: frozenset[str] = _FORBIDDEN_TAGS) -> None:
    """Raises a fault of the problem `forbidden` for what has no place in a mail."""
    for piece in _PIECE.finditer(html):
        if piece["comment"] is not None:
            # Some mail programs read what stands in conditional ones.
            check_html(piece["comment"], _FORBIDDEN_IN_COMMENTS)
        elif piece["style"] is not None:
            _check_style(piece["style"])
        elif (name := piece["name"].lower()) in forbidden_tags:
            raise forbidden(f"a mail cannot have the element {name[:20]}")
        else:
            _check_tag(piece)


def _check_tag(tag: re.Match[str]) -> None:
    if tag["end"] is None:
        raise forbidden("a tag with an attribute that is none")
    for attribute in _ATTRIBUTE.finditer(tag["attributes"]):
        _check_attribute(attribute[1].lower(), unescape(attribute[2].strip("\"'")))


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
    style = _STYLE_ESCAPE.sub(_unescaped, style)
    if _IMPORT.search(style):
        raise forbidden("styles cannot import others (@import)")
    if _STYLE_CODE.search(style):
        raise forbidden("styles cannot hold code")
    for url in _STYLE_URL.finditer(style):
        _check_url(url[1])


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return escape[2]
    number = int(escape[1], 16)
    return chr(number) if number <= sys.maxunicode else ""


def _check_url(url: str) -> None:
    scheme = _SCHEME.match(_IGNORED_IN_URLS.sub("", url))
    if scheme is not None and scheme[1].lower() not in _SCHEMES:
        raise forbidden(f"a link with the scheme {scheme[1].lower()[:20]!r}")
