"""Markdown (CommonMark) into a template of HTML.

The Markdown of a template is compiled once, before there are values: whatever a value holds (`*`, `<b>`) is
text when it comes. For that, what belongs to Jinja2 is taken out and put back afterwards: `{{ … }}` and
inline tags as words that Markdown leaves alone, lines of nothing but tags as blocks of their own, which end
the paragraph before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

_TAG_LINE = "jinja_lines"
_BEGINS = {"variable_begin": "v", "block_begin": "t", "raw_begin": "v"}
"""To the kind of the word that takes its place."""
_ENDS = {"variable_end", "block_end", "raw_end"}
_ADJACENT_LISTS = re.compile(r"</(ul|ol)>\s*<\1>")
_EMPTY_PARAGRAPH = re.compile(r"<p>\s*</p>\s*")


class MarkdownCompiler:
    """Compiles the Markdown of templates."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._markdown = MarkdownIt("commonmark", {"html": False})
        self._markdown.block.ruler.before(
            "fence", _TAG_LINE, _read_tag_line, {"alt": ["paragraph", "reference", "blockquote", "list"]}
        )
        self._markdown.add_render_rule(_TAG_LINE, _render_tag_line)

    def compile(self, source: str) -> str:
        """HTML with the variables and tags of the source."""
        mark = _unused_word(source)
        held: list[str] = []
        text = "".join(self._hold(source, mark, held))
        html = self._markdown.render(text, {"mark": mark})
        return re.sub(rf"{mark}[vt](\d+)z", lambda match: held[int(match[1])], html)

    def _hold(self, source: str, mark: str, held: list[str]) -> Iterator[str]:
        """The source with words in place of what is Jinja2's; comments are dropped."""
        inside: list[str] = []
        kind = ""
        for _, place, text in self._environment.lex(source):
            if place in _BEGINS:
                inside, kind = [text], _BEGINS[place]
            elif place in _ENDS:
                held.append("".join([*inside, text.rstrip("\n")]))
                yield f"{mark}{kind}{len(held) - 1}z"
                yield "\n" * text.count("\n")
                kind = ""
            elif kind:
                inside.append(text)
            elif place == "data":
                yield text


def tidy(html: str) -> str:
    """After rendering: lists that a loop wrote item by item become one, paragraphs without text go."""
    return _ADJACENT_LISTS.sub("", _EMPTY_PARAGRAPH.sub("", html))


def _unused_word(source: str) -> str:
    mark = "jinja"
    while mark in source:
        mark += "j"
    return mark


def _read_tag_line(
    state: StateBlock,
    start_line: int,
    _end_line: int,
    silent: bool,  # noqa: FBT001 - as the parser calls it
) -> bool:
    begin = state.bMarks[start_line] + state.tShift[start_line]
    line = state.src[begin : state.eMarks[start_line]]
    if re.fullmatch(rf"(?:{state.env['mark']}t\d+z\s*)+", line) is None:
        return False
    if not silent:
        token = state.push(_TAG_LINE, "", 0)
        token.content = line
        state.line = start_line + 1
    return True


def _render_tag_line(
    _renderer: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, _env: object
) -> str:
    return tokens[index].content + "\n"
