"""Files on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from carillon.testing import FakeCarillon
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
