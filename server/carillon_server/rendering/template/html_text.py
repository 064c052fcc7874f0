"""The plain text of a mail, made from its HTML or MJML: paragraphs, lists, and links with their addresses."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {
        "address", "article", "blockquote", "body", "div", "dl", "fieldset", "figure", "footer", "h1", "h2",
        "h3", "h4", "h5", "h6", "header", "main", "mj-button", "mj-column", "mj-section", "mj-text", "nav",
        "ol", "p", "pre", "section", "table", "ul",
    }
)  # fmt: skip
_LINES = frozenset({"dd", "dt", "li", "tr"})
_SILENT = frozenset({"head", "mj-head", "script", "style", "title"})
_LINKS = frozenset({"a", "mj-button"})
_PICTURES = frozenset({"img", "mj-image"})
_RULES = frozenset({"hr", "mj-divider"})
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BREAKS_IN_LINKS = re.compile(r"[\t\r\n]+")
_MANY_BREAKS = re.compile(r"\n{3,}")
_SPACE_AT_BREAK = re.compile(r" *\n *")


def html_to_text(html: str) -> str:
    """What a person would read, without markup."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = _SPACE_AT_BREAK.sub("\n", "".join(reader.pieces))
    return _MANY_BREAKS.sub("\n\n", text).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0
        self._preformatted = 0
        self._links: list[tuple[str, int]] = []
        self._numbers: list[int | None] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self._preformatted += tag == "pre"
        if tag in _BLOCKS:
            self.pieces.append("\n\n" if not (tag in {"ul", "ol"} and self._numbers) else "\n")
        elif tag in _LINES or tag == "br":
            self.pieces.append("\n")
        if tag in {"ul", "ol"}:
            self._numbers.append(0 if tag == "ol" else None)
        elif tag == "li":
            self.pieces.append(self._bullet())
        elif tag in _RULES:
            self.pieces.append("\n\n---\n\n")
        self._start_inline(tag, dict(attributes))

    def _start_inline(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in _LINKS:
            # Browsers leave line ends out of addresses; here they could pass for lines of the mail.
            address = _BREAKS_IN_LINKS.sub("", attributes.get("href") or "")
            self._links.append((address, len(self.pieces)))
        elif tag in _PICTURES:
            self._say(attributes.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        self._preformatted -= tag == "pre" and self._preformatted > 0
        if tag in _LINKS and self._links:
            self._end_link(*self._links.pop())
        if tag in {"ul", "ol"} and self._numbers:
            self._numbers.pop()
        if tag in _BLOCKS:
            self.pieces.append("\n\n")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        self._say(data)

    def _say(self, text: str) -> None:
        if not self._silent:
            self.pieces.append(text if self._preformatted else _SPACES.sub(" ", text))

    def _bullet(self) -> str:
        indent = "  " * max(len(self._numbers) - 1, 0)
        if not self._numbers or self._numbers[-1] is None:
            return f"{indent}- "
        self._numbers[-1] += 1
        return f"{indent}{self._numbers[-1]}. "

    def _end_link(self, address: str, since: int) -> None:
        label = "".join(self.pieces[since:]).strip()
        if address and not self._silent and address.removeprefix("mailto:") != label:
            self.pieces.append(f" ({address})" if label else address)
