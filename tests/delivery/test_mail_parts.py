"""Branding, unsubscribing and files in mails: what they look like, and that nothing breaks out of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.delivery.layout import render_html, render_text
from carillon_server.delivery.providers.email.mail import MailComposer
from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.attachment import Attachment
from carillon_server.domain.delivery_settings import Branding
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Content
from tests.delivery.test_layout import HOSTILE, parse

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONTENT = Content("Title", "Body", "", "", "")
ACME = Branding("Acme Äpfel", "help@acme.example", "Acme Ltd\nZurich", "https://acme.example/logo.png")
# The standard library decodes it in values that it is to write.
ENCODED_WORD = "=?utf-8?q?x=0D=0ABcc:_eve?="
INJECTIONS = (
    "x\r\nBcc: eve@example.com",
    "x\nBcc: eve@example.com",
    "x\rBcc: eve@example.com",
    "x\r\n\r\n<script>",
    "x\x0bBcc: eve",
    "x\x0cBcc: eve",
    "x\x85Bcc: eve",
    "x\u2028Bcc: eve",
    "x\x00y",
    '"; name="y',
    ENCODED_WORD,
    "<eve@example.com>, other",
    "\r\n" * 50,
)
PLAIN_HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"),
}
PLAIN_PARTS = ["multipart/alternative", "text/plain", "text/html"]


def compose(**fields: object) -> EmailMessage:
    values = {"address": "ann@example.com", "content": CONTENT, **fields}
    message = Message(DeliveryId(bytes(16), 7, 0), **values)  # type: ignore[arg-type]  # fields by name
    raw = MailComposer("Carillon <carillon@mail.example.com>").compose(message, NOW).raw
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return mail


def kinds(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def text_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


def test_a_plain_mail_carries_nothing_more() -> None:
    mail = compose()
    assert set(mail.keys()) == PLAIN_HEADERS
    assert kinds(mail) == PLAIN_PARTS


def test_mails_carry_what_their_tenant_has_in_common() -> None:
    mail = compose(branding=ACME)
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Acme Äpfel", "carillon@mail.example.com")
    assert [address.addr_spec for address in mail["Reply-To"].addresses] == ["help@acme.example"]
    assert "Acme Ltd\r\nZurich" in text_of(mail, "plain")
    page = parse(text_of(mail, "html"))
    assert "Acme Ltd" in page.text
    assert ("src", "https://acme.example/logo.png") in page.attributes


def test_what_the_tenant_wrote_is_escaped() -> None:
    hostile = Branding(HOSTILE, "", HOSTILE, "https://e.com/" + HOSTILE)
    page = parse(render_html(CONTENT, branding=hostile, pictures=[("a@b", HOSTILE)]))
    assert set(page.tags) == {"html", "head", "meta", "title", "body", "div", "h1", "p", "img"}
    assert "onload" not in {name for name, _ in page.attributes}
    assert "alert(1)" in page.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:image/png;base64,x", "//x", "x"])
def test_a_logo_is_on_the_web_or_not_there(url: str) -> None:
    assert "img" not in parse(render_html(CONTENT, branding=Branding(logo_url=url))).tags


def test_the_footer_of_the_text_begins_as_signatures_do() -> None:
    assert render_text(CONTENT, branding=ACME).endswith("\n\n-- \nAcme Ltd\nZurich\n")


@pytest.mark.parametrize("reply_to", ["", "help", "a@b.ch, c@d.ch", *INJECTIONS])
def test_a_reply_address_that_is_none_is_left_out(reply_to: str) -> None:
    assert "Reply-To" not in compose(branding=Branding(reply_to=reply_to))


@pytest.mark.parametrize("url", ["https://u.example/x", "https://u.example/?t=" + "a" * 500])
def test_one_click_unsubscribes(url: str) -> None:
    mail = compose(unsubscribe_url=url)
    assert mail["List-Unsubscribe"] == f"<{url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "url",
    [
        *("http://u.example/x", "mailto:u@u.example", "javascript:x", "https://u.example/ x", "https://"),
        *(
            "https://u.example/>,<mailto:eve@example.com",
            "https://u.example/ä",
            "https://u.example/" + "a" * 900,
        ),
        *(f"https://u.example/{text}" for text in INJECTIONS if text != "=?utf-8?q?x=0D=0ABcc:_eve?="),
    ],
)
def test_what_is_no_unsubscribe_url_is_left_out(url: str) -> None:
    assert set(compose(unsubscribe_url=url).keys()) == PLAIN_HEADERS


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_ends_its_header(text: str) -> None:
    file = Attachment(f"a{text}", "application/pdf", b"x")
    mails = [
        compose(content=Content(text, text, text, text, text)),
        compose(branding=Branding(from_name=text, footer=text, logo_url=text)),
        compose(locale=text, recipient_id=text, type=text, thread_key=text),
    ]
    for mail in mails:
        assert set(mail.keys()) - {"Content-Language"} == PLAIN_HEADERS
        assert kinds(mail) == PLAIN_PARTS
        assert len(mail["From"].addresses) == len(mail["To"].addresses) == 1
        assert "Bcc" not in mail
    try:
        mail = compose(attachments=(file,))
    except ValueError:
        return
    assert kinds(mail) == ["multipart/mixed", *PLAIN_PARTS, "application/pdf"]
    assert all("Bcc" not in part for part in mail.walk())


def test_values_of_attachments_that_no_request_can_have_make_no_mail() -> None:
    """Limits refuse them long before; should one be there all the same, no header is ended."""
    for file in (
        Attachment("a.pdf", "application/pdf\r\nBcc: eve@example.com", b"x"),
        Attachment("a.png", "image/png", b"x", "a>\r\nBcc: eve@example.com"),
        Attachment("a.eml", "message/rfc822", b"x"),
        Attachment("a", "multipart/mixed", b"x"),
    ):
        try:
            mail = compose(attachments=(file,))
        except ValueError:
            continue
        assert all("Bcc" not in part for part in mail.walk())
        assert kinds(mail)[: len(PLAIN_PARTS) + 1] == ["multipart/mixed", *PLAIN_PARTS]


@pytest.mark.parametrize("title", [ENCODED_WORD, f"{ENCODED_WORD} ä", "a =? b", "=?utf-8?b?eA==?=" * 20])
def test_a_title_that_looks_encoded_arrives_as_it_was(title: str) -> None:
    assert compose(content=Content(title, "", "", "", ""))["Subject"] == title


@pytest.mark.parametrize("address", [f"{ENCODED_WORD}@example.com", "=?utf-8?q?a?=@example.com"])
def test_an_address_that_looks_encoded_is_none(address: str) -> None:
    with pytest.raises(ValueError, match="not one mail address"):
        compose(address=address)


PICTURE = Attachment("a.png", "image/png", b"\x89PNG", "one@acme")
FILE = Attachment("a.pdf", "application/pdf", b"%PDF")


@pytest.mark.parametrize(
    ("attachments", "expected"),
    [
        ([], PLAIN_PARTS),
        ([FILE], ["multipart/mixed", *PLAIN_PARTS, "application/pdf"]),
        ([PICTURE], ["multipart/related", *PLAIN_PARTS, "image/png"]),
        (
            [FILE, PICTURE],
            ["multipart/mixed", "multipart/related", *PLAIN_PARTS, "image/png", "application/pdf"],
        ),
    ],
)
def test_parts_nest_as_readers_expect(attachments: Sequence[Attachment], expected: list[str]) -> None:
    mail = compose(attachments=tuple(attachments))
    assert kinds(mail) == expected
    assert not [defect for part in mail.walk() for defect in part.defects]
    assert ("cid:one@acme" in text_of(mail, "html")) == (PICTURE in attachments)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=200),
    st.binary(min_size=1, max_size=3_000),
)
def test_every_name_and_every_byte_arrives(filename: str, content: bytes) -> None:
    mail = compose(attachments=(Attachment(filename, "application/octet-stream", content),))
    (part,) = mail.iter_attachments()
    assert part.get_filename() == filename
    assert part.get_content() == content
