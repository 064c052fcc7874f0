"""What a mail looks like, and that nothing breaks out of it."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carillon_server.delivery.layout import render_html, render_text
from carillon_server.delivery.providers.email.mail import MailComposer
from carillon_server.delivery.providers.email.mail_address import is_simple, one_line
from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Action, Content

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOSTILE = "</h1><script>alert(1)</script>\"' onload=x & <!--"
PLAIN = Content("Title", "First.\n\nSecond\nline.", "https://example.com/a?b=1&c=2", "", "")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def parse(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    return tags


def compose(address: str = "ann@example.com", title: str = "Title", **fields: str) -> bytes:
    content = Content(title, fields.get("body", "Body"), "", "", "")
    message = Message(DeliveryId(bytes(16), 7, 0), address, content, fields.get("locale", ""))
    return MailComposer("Carillon <carillon@mail.example.com>").compose(message, NOW).raw


def test_everything_a_sender_writes_is_escaped() -> None:
    action = Action("a", HOSTILE, "https://example.com/" + HOSTILE)
    content = Content(
        HOSTILE, HOSTILE, "https://example.com/" + HOSTILE, HOSTILE, "https://e.com/" + HOSTILE, (action,)
    )
    page = parse(render_html(content, HOSTILE))
    assert set(page.tags) == {"html", "head", "meta", "title", "body", "div", "h1", "p", "img", "a"}
    assert "onload" not in {name for name, _ in page.attributes}
    assert page.text.count("<script>alert(1)</script>") == 4


@given(st.text(), st.text())
def test_no_text_makes_a_tag(title: str, body: str) -> None:
    empty = parse(render_html(Content("", "", "", "", ""), ""))
    page = parse(render_html(Content(title, body, "", "", ""), ""))
    assert set(page.tags) <= {*empty.tags, "p", "br"}
    assert page.attributes == empty.attributes + [("style", "margin:0 0 16px")] * page.tags.count("p")


def test_paragraphs_lines_and_links_are_kept() -> None:
    html, text = render_html(PLAIN), render_text(PLAIN)
    assert html.count("<p ") == 3
    assert "Second<br>\nline." in html
    assert 'href="https://example.com/a?b=1&amp;c=2"' in html
    assert text == "Title\n\nFirst.\n\nSecond\nline.\n\nOpen: https://example.com/a?b=1&c=2\n"


@pytest.mark.parametrize(
    ("url", "base", "link"),
    [
        ("/a/7", "https://app.example.com", "https://app.example.com/a/7"),
        ("/a/7", "https://app.example.com/base/", "https://app.example.com/a/7"),
        ("/a/7", "", None),
        ("javascript:alert(1)", "https://app.example.com", None),
        ("data:text/html,x", "", None),
        ("http://other.example.com/", "https://app.example.com", "http://other.example.com/"),
        ("", "https://app.example.com", None),
    ],
)
def test_only_web_addresses_are_linked(url: str, base: str, link: str | None) -> None:
    content = Content("Title", "", url, "", "")
    found = [value for name, value in parse(render_html(content, "", base)).attributes if name == "href"]
    assert found == ([link] if link else [])
    assert ("Open: " in render_text(content, base)) == bool(link)


@given(st.text(max_size=200))
def test_no_title_breaks_out_of_its_header(title: str) -> None:
    mail = message_from_bytes(compose(title=title), policy=default)
    plain = message_from_bytes(compose(), policy=default)
    assert mail.keys() == plain.keys()
    assert "\n" not in mail["Subject"]


@given(st.text(), st.text(alphabet="ж=_.-\r\n carillon_alternative", max_size=3000))
def test_no_body_breaks_out_of_its_part(title: str, body: str) -> None:
    """It arrives as it was written, up to the kinds of line ends."""
    mail = message_from_bytes(compose(title=title, body=body), policy=default)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    part = mail.get_body(("plain",))
    assert part is not None
    written = render_text(Content(title, body, "", "", ""))
    assert part.get_content().splitlines() == written.encode(errors="replace").decode().splitlines()
    assert not part.defects


@given(st.text())
def test_no_line_is_longer_than_relays_take(body: str) -> None:
    lines = compose(title="x" * 200, body=body + "y" * 2_000).split(b"\r\n")
    assert max(len(line) for line in lines) <= 200


def test_a_title_in_any_language_arrives_as_it_was() -> None:
    title = "Überweisung über 7 € ist da 🎉 " + "ж" * 150
    assert message_from_bytes(compose(title=title), policy=default)["Subject"] == title


@given(st.text(max_size=60))
def test_an_address_is_one_address_or_refused(address: str) -> None:
    try:
        raw = compose(address)
    except ValueError:
        return
    mail = message_from_bytes(raw, policy=default)
    assert len(mail["To"].addresses) == 1
    assert mail["Subject"] == "Title"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "a@b\r\nBcc: c@d",
        "a@b, c@d",
        "a b@example.com",
        "ann@ex ample.com",
        "<a@b>",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not one mail address"):
        compose(address)


@given(st.from_regex(r"[a-z!#$%&'*+/=?^_`{|}~.-]{1,20}@[a-z0-9.-]{1,30}", fullmatch=True))
def test_a_simple_address_reads_the_same_everywhere(address: str) -> None:
    assume(is_simple(address))
    mail = message_from_bytes(compose(address), policy=default)
    assert [parsed.addr_spec for parsed in mail["To"].addresses] == [address]
    assert not mail["To"].defects


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=90))
def test_a_plain_title_arrives_as_it_was(title: str) -> None:
    assert message_from_bytes(compose(title=title), policy=default)["Subject"] == one_line(title)


def test_an_international_domain_is_written_in_ascii() -> None:
    mail = message_from_bytes(compose("ann@bücher.example"), policy=default)
    assert mail["To"].addresses[0].domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(("locale", "language"), [("de-CH", "de-CH"), ("", None), ("x\r\ny: z", None)])
def test_the_locale_is_named_when_it_is_one(locale: str, language: str | None) -> None:
    assert message_from_bytes(compose(locale=locale), policy=default)["Content-Language"] == language


def test_a_sender_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not one mail address"):
        MailComposer("Carillon")
