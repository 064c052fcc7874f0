"""Providers that write instead of sending: console, file and null."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.kinds import KINDS
from carillon_server.delivery.providers.offline import file
from carillon_server.delivery.providers.provider import Message, Provider, Workshop
from carillon_server.domain.attachment import Attachment
from carillon_server.domain.channel import Channel
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import Delivered, Retry

SECRET = "the merger is off"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OUTSIDE = frozenset(Channel) - {Channel.IN_APP}


def message(
    channel: Channel = Channel.EMAIL, seq: int = 7, tenant: str = "acme", **fields: object
) -> Message:
    return Message(
        DeliveryId(bytes(16), seq, 0),
        "ann@example.com",
        Content("Grüezi", SECRET, "", "", ""),
        channel=channel,
        tenant=tenant,
        **fields,  # type: ignore[arg-type]  # fields of a Message, by name
    )


def make(kind: str, directory: Path | None = None, *, development: bool = False) -> Provider:
    workshop = Workshop(
        lambda: NOW,
        Egress(),
        mail_from="Carillon <carillon@example.com>",
        output_directory=str(directory or ""),
        development=development,
    )
    return KINDS[kind].build(kind, KINDS[kind].settings(), workshop)


@pytest.mark.parametrize("kind", ["console", "file", "null"])
async def test_every_channel_but_the_inbox_can_be_written(kind: str, tmp_path: Path) -> None:
    assert KINDS[kind].channels == OUTSIDE
    provider = make(kind, tmp_path)
    for channel in OUTSIDE:
        assert await provider.send(message(channel)) == Delivered(str(message().delivery_id))
    await provider.close()


async def test_in_development_the_console_shows_all(capsys: pytest.CaptureFixture[str]) -> None:
    await make("console", development=True).send(message())
    printed = capsys.readouterr().out
    assert SECRET in printed
    assert "ann@example.com" in printed


async def test_anywhere_else_the_console_shows_no_content_and_no_address(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with structlog.testing.capture_logs() as records:
        await make("console").send(message(attachments=(Attachment(SECRET, "text/csv", b"1"),)))
    captured = capsys.readouterr()
    told = json.dumps(records) + captured.out + captured.err
    assert [record["event"] for record in records] == ["console.sent"]
    assert str(message().delivery_id) in told
    for private in (SECRET, "ann@", "Grüezi"):
        assert private not in told


async def test_what_would_be_sent_is_in_a_file_by_tenant_and_channel(tmp_path: Path) -> None:
    provider = make("file", tmp_path)
    attachment = Attachment("plan.csv", "text/csv", b"a;b\n")
    await provider.send(message(attachments=(attachment,)))
    await provider.send(message(Channel.SMS))
    stem = str(message().delivery_id)
    written = json.loads((tmp_path / "acme" / "email" / f"{stem}.json").read_text())
    assert written["content"]["body"] == SECRET
    assert written["attachments"][0] == {
        "filename": "plan.csv",
        "content_type": "text/csv",
        "content_id": "",
        "size_bytes": 4,
    }
    mail = message_from_bytes((tmp_path / "acme" / "email" / f"{stem}.eml").read_bytes(), policy=default)
    assert [part.get_content() for part in mail.iter_attachments()] == ["a;b\n"]
    assert [path.name for path in (tmp_path / "acme" / "sms").iterdir()] == [f"{stem}.json"]


async def test_a_repeated_delivery_replaces_its_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    provider = make("file", tmp_path)
    for _ in range(2):
        await provider.send(message(Channel.SMS))
    assert len(list((tmp_path / "acme" / "sms").iterdir())) == 1


async def test_files_are_nobody_elses(tmp_path: Path) -> None:
    await make("file", tmp_path / "new").send(message())
    for path in (tmp_path / "new").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


async def test_old_files_go_when_new_ones_come(tmp_path: Path) -> None:
    await make("file", tmp_path).send(message(Channel.SMS, seq=1))
    (old,) = (tmp_path / "acme" / "sms").iterdir()
    os.utime(old, (0, 0))
    await make("file", tmp_path).send(message(Channel.SMS, seq=2))
    (new,) = (tmp_path / "acme" / "sms").iterdir()
    assert new != old


@given(st.text(max_size=40) | st.sampled_from(["", ".", "..", "../up", "a/b", "/etc", "a\0b"]))
def test_no_tenant_leads_out_of_its_directory(tenant: str) -> None:
    name = file._segment(tenant.encode(errors="replace").decode())
    assert name not in ("", ".", "..")
    assert not set("/\\\0") & set(name)


async def test_without_a_directory_somebody_must_name_one() -> None:
    outcome = await make("file").send(message())
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "directory_missing"


async def test_a_directory_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "acme").write_text("in the way")
    outcome = await make("file", tmp_path).send(message())
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "unwritable"
