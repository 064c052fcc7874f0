"""Files and fallbacks on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from carillon.testing import FakeCarillon
from carillon.v1 import types_pb2
from tests.cli.command import Run


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("invoice 7.pdf", "application/pdf"),
        ("chart.png", "image/png"),
        ("dump.tar.gz", "application/octet-stream"),
        ("LICENSE", "application/octet-stream"),
    ],
)
def test_a_file_is_sent_as_what_its_name_says(
    service: FakeCarillon, carillon: Run, tmp_path: Path, name: str, content_type: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x00\xff")
    options = ("--to", "ada", "--title", "Paid", "--attach", path, "--attach", path)
    assert carillon("send", "invoice.paid", *options).exit_code == 0
    (request,) = service.sent
    sent = [(each.filename, each.content_type, each.content) for each in request.attachments]
    assert sent == [(name, content_type, b"\x00\xff")] * 2


def test_a_file_that_is_not_there_is_not_sent(service: FakeCarillon, carillon: Run, tmp_path: Path) -> None:
    options = ("--to", "ada", "--title", "Paid", "--attach", tmp_path / "none.pdf")
    assert carillon("send", "invoice.paid", *options).exit_code == 2
    assert service.sent == []


def test_fallbacks_are_sent_as_they_are_typed(service: FakeCarillon, carillon: Run) -> None:
    options = ("--to", "ada", "--title", "Paid", "--fallback", "push,sms:5m", "--fallback", "email,chat")
    assert carillon("send", "invoice.paid", *options).exit_code == 0
    (request,) = service.sent
    push_or_sms, mail_or_chat = request.fallbacks
    assert push_or_sms.channels == [types_pb2.CHANNEL_PUSH, types_pb2.CHANNEL_SMS]
    assert push_or_sms.after.seconds == 300
    assert mail_or_chat.channels == [types_pb2.CHANNEL_EMAIL, types_pb2.CHANNEL_CHAT]
    assert not mail_or_chat.HasField("after")


@pytest.mark.parametrize("typed", ["push,pigeon", "push,sms:soon"])
def test_what_is_no_fallback_is_not_sent(service: FakeCarillon, carillon: Run, typed: str) -> None:
    assert (
        carillon("send", "invoice.paid", "--to", "ada", "--title", "Paid", "--fallback", typed).exit_code == 2
    )
    assert service.sent == []
