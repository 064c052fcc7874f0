"""Mails from HTML, MJML and Markdown."""

from __future__ import annotations

import re

import pytest

from carillon_server.domain.channel import Channel
from tests.rendering.sheets import html_layout, mjml_layout

pytestmark = pytest.mark.asyncio(loop_scope="module")

_EVIL = '<script>alert("1")</script> *bold* & {{ x }}'
_ESCAPED = '&lt;script&gt;alert("1")&lt;/script&gt; *bold* &amp; {{ x }}'
_MJML = mjml_layout(
    "<mjml><mj-head><mj-style>p { color: red }</mj-style></mj-head><mj-body><mj-section><mj-column>"
    "{{ content }}{% include 'footer' %}</mj-column></mj-section></mj-body></mjml>"
)
_FOOTER = mjml_layout("<mj-text>Bye {{ name }}</mj-text>", "footer")
_HTML = html_layout("<html><body class='a>b'><h1>Acme</h1>{{ content }}</body></html>")


@pytest.mark.parametrize("markup", ["html", "mjml", "markdown"])
async def test_values_are_text_whatever_they_look_like(markup, renderings):
    source = "<mj-text>{{ name }}</mj-text>" if markup == "mjml" else "{{ name }}"
    layout = None if markup == "html" else _MJML
    mail = await renderings.mail({"name": _EVIL}, **{markup: source}, layout=layout, partials=(_FOOTER,))

    assert _ESCAPED in mail["html"]
    assert mail["text"] == _EVIL


async def test_markdown_with_loops_conditions_and_links(renderings):
    source = (
        "# Hi {{ name }}\n\n{% if url %}\nSee *this*: [Open]({{ url }}) <b>now</b>\n{% endif %}\n"
        "{% for item in items %}\n- {{ item }}\n{% endfor %}\n- last\n\n1. one\n2. two\n"
    )
    data = {"name": "Ann", "url": "https://x.example/?a=1&b=2", "items": ["*a*", "b"]}
    mail = await renderings.mail(data, markdown=source)

    assert "<h1>Hi Ann</h1>" in mail["html"]
    assert "<em>this</em>" in mail["html"]
    assert '<a href="https://x.example/?a=1&amp;b=2">Open</a> &lt;b&gt;now&lt;/b&gt;' in mail["html"]
    assert re.search(r"<ul>\s*<li>\*a\*</li>\s*<li>b</li>\s*<li>last</li>\s*</ul>", mail["html"])
    assert mail["text"] == (
        "Hi Ann\n\nSee this: Open (https://x.example/?a=1&b=2) <b>now</b>\n\n"
        "- *a*\n- b\n- last\n\n1. one\n2. two"
    )


async def test_raw_blocks_and_comments_in_markdown(renderings):
    mail = await renderings.mail(markdown="{# not this #}Write {% raw %}`{{ name }}`{% endraw %}")

    assert "<p>Write `{{ name }}`</p>" in mail["html"]
    assert "not this" not in mail["html"]


async def test_mjml_is_compiled_and_styles_go_into_the_elements(renderings):
    mail = await renderings.mail({"name": "Ann"}, markdown="Hello", layout=_MJML, partials=(_FOOTER,))

    assert "mj-" not in re.sub(r"class=\"[^\"]*\"|<style.*?</style>", "", mail["html"], flags=re.DOTALL)
    assert re.search(r"<p style=\"[^\"]*color: red", mail["html"])
    assert "Bye Ann" in mail["html"]


async def test_the_preheader_stands_hidden_at_the_top(renderings):
    mail = await renderings.mail(html="<p>x</p>", preheader="a < b", layout=_HTML)

    assert re.search(r"<body class=\"a>b\"><div style=\"display:none[^>]*>a &lt; b</div><h1>", mail["html"])
    assert mail["preheader"] == "a < b"


async def test_nothing_is_loaded_from_elsewhere(renderings):
    source = '<link rel=stylesheet href="/etc/passwd"><link rel=stylesheet href="https://x.example/a.css">x'
    mail = await renderings.mail({"name": "Ann"}, html=source)
    assert "link" not in mail["html"]

    mjml = await renderings.mail({"name": "Ann"}, markdown="Hello", layout=_MJML, partials=(_FOOTER,))
    assert "googleapis" not in mjml["html"]


async def test_the_text_is_written_by_hand_or_made(renderings):
    written = await renderings.mail(html="<p>x</p>", text="{{ 1 }} <b>\r\n\r\n\r\n\r\ntext")
    table = await renderings.mail(
        html="<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table><hr>d<br>e"
    )
    nothing = await renderings.mail(subject="Only this")

    assert written["text"] == "1 <b>\n\ntext"
    assert table["text"] == "a b\nc\n\n---\n\nd\ne"
    assert nothing == {"subject": "Only this", "text": "Only this"}


async def test_media_queries_stay(renderings):
    mail = await renderings.mail(html="<style>@media (max-width: 9px) { p { color: red } }</style><p>x</p>")

    assert "@media" in mail["html"]


@pytest.mark.parametrize(
    ("parts", "part"),
    [
        ({"mjml": "<mj-text>x</mj-text>", "layout": _HTML}, "layout"),
        ({"html": "x", "layout": _MJML, "partials": (_FOOTER,)}, "layout"),
        ({"markdown": "x", "layout": html_layout("no content")}, "layout"),
        ({"markdown": "x", "layout": html_layout("{{ content }} {{ content }}")}, "layout"),
        ({"markdown": "{% include 'nowhere' %}"}, "markdown"),
        ({"markdown": "{% if x %}"}, "markdown"),
        ({"html": "x", "text": "{{ x"}, "text"),
    ],
)
async def test_what_does_not_fit_together_is_told_with_its_part(parts, part, renderings):
    failure = await renderings.failure(Channel.EMAIL, subject="S", **parts)

    assert failure.channel is Channel.EMAIL
    assert failure.part == part
