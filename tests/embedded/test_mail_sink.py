"""The mail sink keeps every mail as it was sent, where the standard library can read it."""

from __future__ import annotations

import mailbox
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from carillon_server.embedded.ports import HOST, accepts, free_port
from tests.eventually import wait_until


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    return tmp_path / "a directory" / "mail"


@pytest.fixture
def port(maildir: Path) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "carillon_server.embedded.mail_sink", str(port)]
    with subprocess.Popen([*command, str(maildir)], stderr=subprocess.DEVNULL) as sink:
        wait_until(lambda: accepts(port))
        yield port
        sink.terminate()
        assert sink.wait(5) == 0


def mail(recipient: str) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTPUTF8)
    message["From"] = "carillon@example.com"
    message["To"] = recipient
    message["Subject"] = "Grüße"
    message.set_content("First line\n.\n.dotted\nLast line")
    message.add_alternative("<p>First line</p>", subtype="html")
    return message


def kept(maildir: Path) -> list[EmailMessage]:
    parser = BytesParser(policy=policy.default)
    box = mailbox.Maildir(maildir, create=False)
    return [parser.parsebytes(box.get_bytes(key)) for key in box.keys()]  # noqa: SIM118 - a mailbox iterates messages


def test_a_mail_is_kept_whole(port: int, maildir: Path) -> None:
    with smtplib.SMTP(HOST, port) as client:
        client.send_message(mail("user-a@example.com"))
    (found,) = kept(maildir)
    text = found.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == ["First line", ".", ".dotted", "Last line"]
    assert (found["Subject"], found["To"]) == ("Grüße", "user-a@example.com")


def test_addresses_beyond_ascii_are_taken(port: int, maildir: Path) -> None:
    with smtplib.SMTP(HOST, port) as client:
        client.send_message(mail("jürgen@exämple.com"))
    assert [found["X-RcptTo"] for found in kept(maildir)] == ["jürgen@exämple.com"]


def test_one_connection_may_bring_many_mails(port: int, maildir: Path) -> None:
    with smtplib.SMTP(HOST, port) as client:
        for number in range(20):
            client.send_message(mail(f"user-{number}@example.com"))
    assert {found["To"] for found in kept(maildir)} == {f"user-{number}@example.com" for number in range(20)}


def test_a_mail_that_cannot_be_kept_is_refused_for_now(port: int, maildir: Path) -> None:
    (maildir / "tmp").rmdir()
    with smtplib.SMTP(HOST, port) as client, pytest.raises(smtplib.SMTPDataError) as refusal:
        client.send_message(mail("user-a@example.com"))
    assert refusal.value.smtp_code == 451
