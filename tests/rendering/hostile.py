"""Templates that would burn time, memory or output, or reach for what is not theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.layout import Layout
from carillon_server.domain.rendering import Sheet
from tests.rendering.sheets import html_layout, make_sheet, mjml_layout

WORDS = {"word": "w" * 1_000, "many": ["abcdefgh"] * 400, "evil": "javascript:alert(1)", "n": 7}
WORDS["handler"] = "x onclick=alert(1)"
_LOOP = "{% for a in many %}"
_END = "{% endfor %}"


@dataclass(frozen=True)
class Hostile:
    """One attempt."""

    source: str
    problem: str
    channel: Channel = Channel.IN_APP
    part: str = "body"
    layout: Layout | None = None
    partials: tuple[Layout, ...] = ()
    data: dict[str, Any] = field(default_factory=lambda: WORDS)

    @property
    def sheet(self) -> Sheet:
        more = {"subject": "S"} if self.channel is Channel.EMAIL else {}
        return make_sheet(
            self.channel, layout=self.layout, partials=self.partials, **more, **{self.part: self.source}
        )


def _mail(source: str, problem: str, part: str = "html", layout: Layout | None = None) -> Hostile:
    return Hostile(source, problem, Channel.EMAIL, part, layout)


_LOOPS = {
    "nested loops": Hostile(_LOOP * 4 + _END * 4, "time"),
    "nested loops over a text": Hostile("{% for a in word %}" * 4 + _END * 4, "time"),
    "loops over lists written out": Hostile("{% for a in [1,2,3,4,5,6,7,8,9] %}" * 12 + _END * 12, "time"),
    "a filter again and again": Hostile(
        _LOOP * 2 + "{% set b = many | sort | unique | join %}" + _END * 2, "time"
    ),
    "replace in loops": Hostile(_LOOP * 2 + "{% set b = word | replace('w', 'ww') %}" + _END * 2, "time"),
    "dates in loops": Hostile(
        _LOOP * 2 + "{% set b = '2026-01-01T00:00:00Z' | datetime('full') %}" + _END * 2, "time"
    ),
    "a recursive loop": Hostile("{% for a in many recursive %}{{ loop(many) }}{% endfor %}", "forbidden"),
    "a recursive macro": Hostile("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "forbidden"),
    "a call block": Hostile("{% call(x) m() %}x{% endcall %}", "forbidden"),
    "range": Hostile("{% for a in range(999999999) %}x{% endfor %}", "forbidden"),
    "an include of itself": Hostile(
        "{% include 'a' %}", "forbidden", partials=(html_layout("{% include 'a' %}", "a"),)
    ),
    "includes in a circle": Hostile(
        "{% include 'a' %}",
        "forbidden",
        partials=(html_layout("{% include 'b' %}", "a"), html_layout("{% include 'a' %}", "b")),
    ),
    "an include that grows tenfold each time": Hostile(
        "{% include 'p0' %}",
        "time",
        partials=(
            *(html_layout(f"{{% include 'p{n + 1}' %}}" * 10, f"p{n}") for n in range(8)),
            html_layout("", "p8"),
        ),
    ),
    "an include by variable": Hostile("{% include word %}", "forbidden"),
    "an include of a file": Hostile("{% include '/etc/passwd' %}", "forbidden"),
}
_MEMORY = {
    "doubling a text": Hostile("{% set a = word %}" + "{% set a = a ~ a %}" * 40, "memory"),
    "doubling a block": Hostile(
        "{% set a = word %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40, "memory"
    ),
    "doubling a list": Hostile("{% set a = many %}" + "{% set a = a + a %}" * 40, "memory"),
    "replace by more": Hostile(
        "{% set a = word %}" + "{% set a = a | replace('w', 'wwwwwwwwww') %}" * 9, "memory"
    ),
    "nesting a list": Hostile(
        "{% set a = many %}" + "{% set a = [a, a] %}" * 60 + "{{ a | tojson }}", "time"
    ),
    "joining with a long text": Hostile("{% set a = word %}" + "{% set a = many | join(a) %}" * 3, "memory"),
    "multiplying a text": Hostile("{{ 'x' * 999999999 }}", "forbidden"),
    "multiplying a variable": Hostile("{{ word * 999999999 }}", "forbidden"),
    "multiplying a list": Hostile("{{ ([0] * 999999999) | length }}", "forbidden"),
    "the width of a format": Hostile("{{ '%999999999d' % 1 }}", "forbidden"),
    "the width of a format of a variable": Hostile("{{ word % 1 }}", "forbidden"),
    "a power": Hostile("{{ 9 ** 9 ** 9 }}", "forbidden"),
    "numbers that grow": Hostile("{% set a = 9999 %}" + "{% set a = a * a %}" * 40 + "{{ a }}", "invalid"),
    "a rounded number": Hostile("{{ n | round(999999999, 'ceil') }}", "invalid"),
    "a number with many digits": Hostile("{{ n | number(999999999) }}", "invalid"),
    "center": Hostile("{{ word | center(999999999) }}", "forbidden"),
    "indent": Hostile("{{ word | indent(999999999) }}", "forbidden"),
    "wordwrap": Hostile("{{ word | wordwrap(1) }}", "forbidden"),
    "lipsum": Hostile("{{ lipsum(999999) }}", "forbidden"),
    "batch": Hostile("{{ many | batch(999999999, 'x') | list }}", "forbidden"),
    "format": Hostile("{{ '%999999999s' | format(word) }}", "forbidden"),
    "pprint": Hostile("{{ many | pprint }}", "forbidden"),
    "xmlattr": Hostile("{{ {'a b': 1} | xmlattr }}", "forbidden"),
}
_OUTPUT = {
    "loops that write": Hostile(_LOOP * 2 + "{{ word }}" + _END * 2, "output"),
    "a long text": Hostile("{{ word }}" * 300, "output"),
    "a mail that swells": _mail("<p>" + _LOOP + "{{ word }}" + _END + "</p>", "output"),
}
_INTERNALS = {
    "a class": Hostile("{{ word.__class__ }}", "forbidden"),
    "a class by item": Hostile("{{ word['__class__'] }}", "forbidden"),
    "a class by a name put together": Hostile("{{ word['__cla' ~ 'ss__'] }}", "undefined"),
    "a class by filter": Hostile("{{ word | attr('__class__') }}", "forbidden"),
    "a class by map": Hostile("{{ many | map(attribute='__class__') | join }}", "undefined"),
    "a class by a filter's name": Hostile("{{ many | map('attr', '__class__') | join }}", "forbidden"),
    "a filter by variable": Hostile("{{ many | map(word) | join }}", "forbidden"),
    "the subclasses of everything": Hostile("{{ ''.__class__.__mro__[1].__subclasses__() }}", "forbidden"),
    "a method": Hostile("{{ word.upper() }}", "forbidden"),
    "a method without a call": Hostile("{{ word.format }}", "undefined"),
    "a member of a number": Hostile("{{ n.real }}", "undefined"),
    "a method of a map": Hostile("{{ data.items }}", "undefined"),
    "the engine": Hostile("{{ self }}", "forbidden"),
    "the engine's parts": Hostile("{{ self._TemplateReference__context }}", "forbidden"),
    "our own variable": Hostile("{{ _scene }}", "forbidden"),
    "a loop's insides": Hostile(_LOOP + "{{ loop._iterable }}" + _END, "forbidden"),
    "a loop's method": Hostile(_LOOP + "{{ loop.cycle('a', 'b') }}" + _END, "forbidden"),
    "cycler": Hostile("{{ cycler('a').__init__.__globals__ }}", "forbidden"),
    "joiner": Hostile("{{ joiner() }}", "forbidden"),
    "namespace": Hostile("{% set ns = namespace(a=1) %}", "forbidden"),
    "a namespace's member": Hostile("{% set word.x = 1 %}", "forbidden"),
    "dict": Hostile("{{ dict(a=1) }}", "forbidden"),
    "import": Hostile("{% import 'a' as b %}", "forbidden"),
    "from import": Hostile("{% from 'a' import b %}", "forbidden"),
    "extends": Hostile("{% extends 'a' %}", "forbidden"),
    "a block": Hostile("{% block a %}{% endblock %}", "forbidden"),
    "autoescape off": Hostile("{% autoescape false %}x{% endautoescape %}", "forbidden"),
    "do": Hostile("{% do word %}", "forbidden"),
    "with": Hostile("{% with a = 1 %}{% endwith %}", "forbidden"),
    "a filter block": Hostile("{% filter upper %}x{% endfilter %}", "forbidden"),
    "safe": Hostile("{{ word | safe }}", "forbidden"),
    "arguments from a list": Hostile("{{ word | replace(*many) }}", "forbidden"),
    "setting what is reserved": Hostile("{% set recipient = 1 %}", "forbidden"),
    "deep nesting": Hostile("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", "forbidden"),
    "deep lists": Hostile("{{ " + "[" * 5_000 + "1" + "]" * 5_000 + " }}", "forbidden"),
    "a long sum": Hostile("{{ " + "1+" * 9_000 + "1 }}", "forbidden"),
    "deep conditions": Hostile("{% if n %}" * 2_000 + "{% endif %}" * 2_000, "forbidden"),
}
_MJML = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
_HANDLER = "<img src=x onerror=alert(1)>"
_MAILS = {
    "a script link from a value": _mail('<a href="{{ evil }}">x</a>', "forbidden"),
    "a script link in Markdown": _mail("[x]({{ evil }})", "forbidden", "markdown"),
    "a script link in an MJML button": _mail(
        _MJML.format('<mj-button href="{{ evil }}">x</mj-button>'), "forbidden", "mjml"
    ),
    "a script link in other spelling": _mail('<a href=" java&#10;script:alert(1)">x</a>', "forbidden"),
    "a script link in capitals": _mail("<A HREF=JavaScript:alert(1)>x</A>", "forbidden"),
    "data": _mail('<img src="data:text/html;base64,AAAA">', "forbidden"),
    "an attribute from a value": _mail("<a href={{ handler }}>x</a>", "forbidden"),
    "a script": _mail("<script>alert(1)</script>", "forbidden"),
    "a frame": _mail('<iframe src="https://x.example"></iframe>', "forbidden"),
    "a base": _mail('<base href="https://x.example">', "forbidden"),
    "a refresh": _mail('<meta http-equiv="Refresh" content="0; url=https://x.example">', "forbidden"),
    "a style sheet from elsewhere": _mail(
        "<style>@import url(https://x.example/a.css);</style>", "forbidden"
    ),
    "a style's script": _mail('<p style="background: url(javascript:alert(1))">x</p>', "forbidden"),
    "a style's file": _mail(
        "<style>p { background: url('file:///etc/passwd') }</style><p>x</p>", "forbidden"
    ),
    "a style sheet in escapes": _mail("<style>@\\69mport url(https://x.example/a.css);</style>", "forbidden"),
    "a style's script in escapes": _mail(
        '<p style="background: url(\\6a avascript:alert(1))">x</p>', "forbidden"
    ),
    "a style's code": _mail('<p style="width: expression(alert(1))">x</p>', "forbidden"),
    "a style's behaviour": _mail('<p style="behavior: url(https://x.example/a.htc)">x</p>', "forbidden"),
    "a handler behind a comment": _mail(f"<!-- <p title=' -->{_HANDLER}'>", "forbidden"),
    "a handler behind a conditional comment": _mail(
        f"<!--[if mso]><p title='<![endif]-->{_HANDLER}'>", "forbidden"
    ),
    "a handler in a conditional comment": _mail(f"<!--[if mso]>{_HANDLER}<![endif]-->", "forbidden"),
    "a handler behind a style": _mail(f'<style><p title="</style>{_HANDLER}">', "forbidden"),
    "a handler behind what only some read": _mail(
        f'<noscript><p title="</noscript>{_HANDLER}">', "forbidden"
    ),
    "a handler behind an example": _mail(f'<xmp><p title="</xmp>{_HANDLER}">', "forbidden"),
    "a handler behind a quote in a name": _mail('<img a" onerror=alert(1) src=x>', "forbidden"),
    "a handler behind a name that is none": _mail("<img =x onerror=alert(1)>", "forbidden"),
    "an animated link": _mail(
        "<svg><a><animate attributeName=href values=javascript:alert(1) /></a></svg>", "forbidden"
    ),
    "an MJML file": _mail(_MJML.format('<mj-include path="/etc/passwd" />'), "forbidden", "mjml"),
    "an MJML file by a layout": _mail(
        "x",
        "forbidden",
        "markdown",
        mjml_layout(_MJML.format('{{ content }}<mj-include path="/etc/passwd" />')),
    ),
    "MJML that is none": _mail("<mjml><mj-body><mj-section>", "invalid", "mjml"),
    "entities that grow": _mail(
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><mjml><mj-body>&b;</mj-body></mjml>',
        "invalid",
        "mjml",
    ),
    "deep MJML": _mail(_MJML.format("<mj-text>" + "<b>" * 40_000 + "</mj-text>"), "memory", "mjml"),
    "deep HTML": _mail("<div>" * 40_000, "memory or time"),
    "a long style on many elements": _mail(
        "<style>b {"
        + "".join(f"--a{n}: aaaaaaaa;" for n in range(2_000))
        + "}</style>"
        + "<b>x</b>" * 10_000,
        "memory or time",
    ),
    "many styles on many elements": _mail(
        "<style>"
        + "".join(f"p b:not(.d{n}) u {{ color: red }}" for n in range(2_000))
        + "</style>"
        + "<p><b>"
        + "<u>x</u>" * 15_000,
        "time",
    ),
    "a tag that does not end": _mail("<a " * 40_000, "time"),
    "a payload that a value breaks out of": Hostile(
        '{"a": "{{ word }}"}', "forbidden", Channel.WEBHOOK, "payload"
    ),
}

CORPUS: dict[str, Hostile] = _LOOPS | _MEMORY | _OUTPUT | _INTERNALS | _MAILS
