"""Mails: from HTML, MJML or Markdown to what mail programs can show.

Values come first (escaped), then MJML becomes HTML, then styles go into the elements, then the outcome is
looked at once more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from css_inline import CSSInliner
from jinja2 import Template, nodes
from markupsafe import Markup
from mjml import mjml2html

from carillon_server.domain.layout import LayoutFormat
from carillon_server.domain.rendering import Sheet
from carillon_server.domain.template import MARKUP_PARTS
from carillon_server.rendering.template.environment import PlainEnvironment, fault_of
from carillon_server.rendering.template.failure import forbidden, invalid
from carillon_server.rendering.template.html_check import check_html
from carillon_server.rendering.template.html_text import html_to_text
from carillon_server.rendering.template.markdown import MarkdownCompiler
from carillon_server.rendering.template.markdown import tidy as tidy_markdown
from carillon_server.rendering.template.names import LAYOUT_CONTENT

# Nothing is ever fetched: links to style sheets are dropped.
_INLINER = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
_BODY = re.compile(r"<body(?:\s+[^\s=>]+(?:=\"[^\"]*\")?)*\s*>")
_POSITION = re.compile(r"position (\d+)")
_INCLUDE = re.compile(r"<\s*mj-include", re.IGNORECASE)
_HIDDEN = (
    "display:none;max-height:0;max-width:0;opacity:0;"
    "overflow:hidden;mso-hide:all;font-size:1px;line-height:1px"
)
_PAGE = (
    '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '</head><body style="font-family:sans-serif;line-height:1.5;max-width:600px;margin:0 auto;padding:16px">'
    "{}</body></html>"
)
"""Around Markdown that has no layout."""


@dataclass(frozen=True, slots=True)
class CompiledMail:
    """The markup of a mail."""

    part: str
    """`html`, `mjml` or `markdown`."""
    content: Template
    layout: Template | None
    is_mjml: bool
    """Whether the whole is MJML."""

    def wrap(self, content: str) -> Markup:
        """The content as its layout takes it. It was escaped when it was rendered."""
        if self.part == "markdown":
            content = tidy_markdown(content)
            if self.layout is None:
                content = _PAGE.format(content)
            elif self.is_mjml:
                content = f"<mj-text>{content}</mj-text>"
        return Markup(content)  # noqa: S704

    def finish(self, document: str, preheader: str) -> str:
        """What goes out."""
        html = _INLINER.inline(_compile_mjml(document) if self.is_mjml else document)
        check_html(html)
        if preheader:
            hidden = f'<div style="{_HIDDEN}">{escape(preheader)}</div>'
            html = _BODY.sub(lambda body: body[0] + hidden, html, count=1)
        return html

    def text_of(self, content: str) -> str:
        """The content without its layout, for those who read text."""
        return html_to_text(tidy_markdown(content) if self.part == "markdown" else content)


def compile_mail(sheet: Sheet, environment: PlainEnvironment) -> CompiledMail | None:
    """None where the mail is text alone."""
    part = next((name for name in MARKUP_PARTS if sheet.parts.get(name)), None)
    if part is None:
        return None
    layout = _compile_layout(sheet, part, environment) if sheet.layout is not None else None
    source = sheet.parts[part]
    try:
        if part == "markdown":
            environment.parse(source)
            source = MarkdownCompiler(environment).compile(source)
        content = environment.from_string(source)
    except Exception as error:
        fault = fault_of(error)
        fault.part = fault.part or part
        raise fault from error
    is_mjml = part == "mjml" or (sheet.layout is not None and sheet.layout.format is LayoutFormat.MJML)
    return CompiledMail(part, content, layout, is_mjml)


def _compile_layout(sheet: Sheet, part: str, environment: PlainEnvironment) -> Template:
    layout = sheet.layout
    assert layout is not None  # noqa: S101 - for the type checker; the caller asked
    try:
        check_layout(layout.source, layout.format, part, environment)
        return environment.from_string(layout.source)
    except Exception as error:
        fault = fault_of(error)
        fault.part = "layout"
        raise fault from error


def check_layout(source: str, kind: LayoutFormat, part: str, environment: PlainEnvironment) -> None:
    """Raises a fault where this layout is none, or none for this part."""
    if {part, kind} in ({"html", LayoutFormat.MJML}, {"mjml", LayoutFormat.HTML}):
        raise invalid(f"a layout of {kind.name} takes no {part}")
    tree = environment.parse(source)
    places = [node for node in tree.find_all(nodes.Name) if node.name == LAYOUT_CONTENT]
    if len(places) != 1:
        raise invalid("a layout holds {{ content }} once")


def _compile_mjml(document: str) -> str:
    if _INCLUDE.search(document):
        raise forbidden("mj-include is not allowed: use {% include %}")
    try:
        # No fonts of its own: they would be fetched from elsewhere by whoever opens the mail.
        return mjml2html(document, fonts={})
    except ValueError as error:
        place = _POSITION.search(str(error))
        raise invalid(f"the MJML does not compile{f' (at character {place[1]})' if place else ''}") from None
