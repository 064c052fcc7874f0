"""Mails of templates: the page, the text and the subject are the template's."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from carillon_server.domain.attachment import Attachment
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.notification import Action, Content
from tests.delivery.catalog_rows import put_parts
from tests.delivery.house import TENANT, House
from tests.delivery.relay import Relay
from tests.delivery.test_layout import HOSTILE, parse
from tests.delivery.test_mail_parts import ACME, FILE, INJECTIONS, PICTURE, PLAIN_HEADERS, kinds, text_of
from tests.delivery.test_mail_parts import compose as compose_mail

INBOX = Content("Inbox title", "Inbox body", "https://a.example/", "", "", (Action("x", "Press me", "/x"),))
PAGE = '<!DOCTYPE html><html lang="de"><head></head><body class="x"><p>Seite &amp; mehr</p></body></html>'
WHOLE = {"subject": "Bezahlt", "text": "Nur Text.\n", "html": PAGE}
TEXT_ALONE = {"subject": "Paid", "text": "First.\n\nSecond <b>."}
PIECE = {"subject": "Paid", "text": "Text.", "html": "<p>A <em>piece</em></p>"}


def compose(parts: dict[str, str], **fields: object) -> EmailMessage:
    return compose_mail(content=INBOX, parts=parts, **fields)


def html_of(mail: EmailMessage) -> str:
    return text_of(mail, "html").rstrip("\r\n")


def test_a_page_goes_out_as_it_is() -> None:
    mail = compose(WHOLE, branding=ACME)
    assert (mail["Subject"], text_of(mail, "plain"), html_of(mail)) == ("Bezahlt", "Nur Text.\r\n", PAGE)
    assert mail["From"].addresses[0].display_name == "Acme Äpfel"
    assert mail["Reply-To"].addresses[0].addr_spec == "help@acme.example"


@pytest.mark.parametrize("parts", [WHOLE, TEXT_ALONE, PIECE])
def test_nothing_of_the_inbox_is_in_the_mail(parts: dict[str, str]) -> None:
    raw = compose(parts).as_string()
    assert "Inbox" not in raw
    assert "Press me" not in raw


def test_a_text_alone_stands_in_our_layout_with_the_tenants_footer() -> None:
    mail = compose(TEXT_ALONE, branding=ACME, locale="de-CH")
    page = parse(html_of(mail))
    assert "First." in page.text
    assert "Second <b>." in page.text
    assert "Acme Ltd" in page.text
    assert ("lang", "de-CH") in page.attributes
    assert ("src", ACME.logo_url) in page.attributes
    expected = "First.\r\n\r\nSecond <b>.\r\n\r\n-- \r\nAcme Ltd\r\nZurich\r\n"
    assert text_of(mail, "plain") == expected


def test_a_subject_alone_is_a_mail() -> None:
    mail = compose({"subject": "Paid"})
    assert (mail["Subject"], text_of(mail, "plain")) == ("Paid", "Paid\r\n")
    assert parse(html_of(mail)).tags.count("h1") == 1


def test_a_piece_of_html_stands_in_our_layout_with_the_tenants_footer() -> None:
    mail = compose(PIECE, branding=ACME)
    html = html_of(mail)
    assert "<p>A <em>piece</em></p>" in html
    assert "Acme Ltd" in parse(html).text
    assert "Acme Ltd" in text_of(mail, "plain")
    assert parse(html).tags.count("body") == 1


@pytest.mark.parametrize("parts", [WHOLE, PIECE, TEXT_ALONE])
def test_the_first_words_are_hidden_at_the_top_of_the_page(parts: dict[str, str]) -> None:
    html = html_of(compose({**parts, "preheader": "7 < 8"}))
    body = html.index("<body")
    assert html.index("7 &lt; 8") > body
    assert html[body:].split(">", 2)[1].startswith('<div style="display:none')
    assert parse(html).text.count("7 < 8") == 1


def test_first_words_that_the_layout_has_are_not_said_twice() -> None:
    page = PAGE.replace("<p>", "<p>7 &lt; 8 ")
    assert html_of(compose({**WHOLE, "html": page, "preheader": "7 < 8"})) == page


def test_files_and_pictures_travel_with_a_page() -> None:
    page = PAGE.replace("<p>", '<p><img src="cid:one@acme">')
    mail = compose({**WHOLE, "html": page}, attachments=(FILE, PICTURE))
    multiparts = ["multipart/mixed", "multipart/related", "multipart/alternative"]
    assert kinds(mail) == [*multiparts, "text/plain", "text/html", "image/png", "application/pdf"]
    assert html_of(mail) == page


def test_pictures_are_shown_below_a_text_alone() -> None:
    picture = Attachment("a.png", "image/png", b"\x89PNG", "one@acme")
    page = parse(html_of(compose(TEXT_ALONE, attachments=(picture,))))
    assert ("src", "cid:one@acme") in page.attributes


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_part_ends_its_header(text: str) -> None:
    mail = compose({"subject": text, "text": text, "html": text, "preheader": text})
    assert set(mail.keys()) == PLAIN_HEADERS
    assert "Bcc" not in mail


def test_subject_and_first_words_are_escaped_in_the_page() -> None:
    page = parse(html_of(compose({"subject": HOSTILE, "text": HOSTILE, "preheader": HOSTILE})))
    assert "script" not in page.tags
    assert "onload" not in {name for name, _ in page.attributes}


async def test_a_mail_of_a_template_arrives_over_smtp(house: House, relay: Relay) -> None:
    await house.people("ann")
    await house.send("ann")
    await put_parts(house.database, InboxAddress(TENANT, "ann"), 1, {Channel.EMAIL: WHOLE})
    async with house.working():
        (mail,) = await relay.wait_for(1)
        await house.settled({DeliveryState.DELIVERED})
    page = mail.message.get_body(("html",))
    assert page is not None
    assert (mail.message["Subject"], page.get_content().strip()) == ("Bezahlt", PAGE)
