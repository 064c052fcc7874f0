"""Files on their way from a Send to a mailbox."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from carillon import AsyncClient
from carillon_server.app import running_worker
from carillon_server.delivery.attachments import AttachmentLoader
from carillon_server.domain.attachment import (
    Attachment,
    AttachmentReference,
    dump_references,
    load_references,
    refer_to,
)
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.inbox_query import Mark, Selection
from carillon_server.domain.recipient import Endpoint
from carillon_server.services.attachments import AttachmentService
from carillon_server.services.prune import PruneService
from tests.delivery.gate import Gate
from tests.delivery.house import TENANT, House
from tests.delivery.relay import Relay
from tests.running import Issuer, make_settings, running_server

DAY = 86_400.0
PDF = Attachment("Rechnung für Müller 🎉.pdf", "application/pdf", bytes(range(256)) * 100 + b"\r\n.\r\n")
PICTURE = Attachment("chart.png", "image/png", b"\x89PNG\r\n" + os.urandom(3_000), "chart-1@acme")
CSV = Attachment("a.csv", "text/csv", b"a;b\n1;2\n")


async def keep(house: House, *attachments: Attachment, until: datetime | None = None) -> dict[str, object]:
    """Fields of a Draft, with the contents stored as a Send does it."""
    references = tuple(refer_to(each) for each in attachments)
    contents = {r.digest: a.content for r, a in zip(references, attachments, strict=True)}
    service = AttachmentService(house.database, retention_seconds=7 * DAY)
    await service.keep(TENANT, contents, until, timeout=5)
    return {"attachments": references, **({"deliver_time": until} if until else {})}


async def prune(house: House) -> None:
    service = PruneService(
        house.database, request_retention_seconds=DAY, tombstone_retention_seconds=30 * DAY
    )
    await service.prune(100)


async def stored(house: House) -> int:
    return len(await house.database.fetch("SELECT 1 FROM attachment"))


async def age(house: House, days: float) -> None:
    """As if so many days had passed for all that is stored."""
    await house.database.fetch(
        "UPDATE attachment SET expire_time = expire_time - $1 * interval '1 day'", days
    )


def parts_of(mail: EmailMessage) -> dict[str, bytes]:
    return {
        part.get_filename(): part.get_payload(decode=True)
        for part in mail.walk()
        if part.get_filename() is not None
    }


@pytest.fixture
async def producer(
    postgres_url: str, redis_url: str, relay: Relay, tmp_path: Path
) -> AsyncIterator[AsyncClient]:
    """Calls a whole service over the wire; a worker mails over the relay."""
    issuer = Issuer(tmp_path)
    settings = make_settings(postgres_url, redis_url, issuer, smtp_url=relay.url, sweep_seconds=0.1)
    token = issuer.token("acme", "billing", ["notifications.send", "operator"])
    async with (
        running_server(settings) as target,
        running_worker(settings),
        AsyncClient(target, token=token) as client,
    ):
        yield client


def as_sent(attachment: Attachment) -> Mapping[str, Any]:
    return {
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "content": attachment.content,
        "content_id": attachment.content_id,
    }


async def test_files_arrive_as_they_were_sent(producer: AsyncClient, relay: Relay) -> None:
    sent = await producer.send(
        recipients=[{"recipient_id": "ann", "email": "ann@example.com"}],
        type="invoice.paid",
        content={"title": "Invoice 7 is paid", "body": "Thank you."},
        attachments=[as_sent(PDF), as_sent(PICTURE), as_sent(CSV)],  # type: ignore[list-item]  # TypedDicts
    )
    (mail,) = await relay.wait_for(1)
    message = mail.message
    assert parts_of(message) == {each.filename: each.content for each in (PDF, PICTURE, CSV)}
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == [
        *("multipart/mixed", "multipart/related", "multipart/alternative", "text/plain", "text/html"),
        *("image/png", "application/pdf", "text/csv"),
    ]
    html = message.get_body(("html",))
    assert html is not None
    assert 'src="cid:chart-1@acme"' in html.get_content()
    (picture,) = (part for part in message.walk() if part.get_content_type() == "image/png")
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<chart-1@acme>", "inline")
    # Readers are not told.
    shown = await producer.get(id=sent.results[0].notification_id)
    assert b"chart" not in shown.SerializeToString()


async def test_a_request_with_other_files_is_another_request(producer: AsyncClient) -> None:
    values: dict[str, Any] = {"recipient_ids": ["ann"], "type": "a", "content": {"title": "x"}}
    first = await producer.send(**values, request_id="r", attachments=[as_sent(CSV)])
    again = await producer.send(**values, request_id="r", attachments=[as_sent(CSV)])
    assert (again.replayed, again.results) == (True, first.results)
    with pytest.raises(Exception, match="another body"):
        await producer.send(**values, request_id="r", attachments=[as_sent(PDF)])


async def test_many_people_get_it_and_it_is_stored_once(house: House, relay: Relay) -> None:
    names = await house.crowd(20)
    fields = await keep(house, PDF)
    async with house.working():
        await house.send(*names, **fields)
        await house.send(*names, **await keep(house, PDF))
        mails = await relay.wait_for(40)
    assert await stored(house) == 1
    assert all(parts_of(mail.message) == {PDF.filename: PDF.content} for mail in mails)


async def test_only_those_who_get_a_mail_get_files(postgres_url: str, redis_url: str) -> None:
    channels = (Channel.IN_APP, Channel.SMS)
    async with House.open(postgres_url, redis_url, configured=channels) as house:
        await _send_a_text_with_a_file(house)


async def _send_a_text_with_a_file(house: House) -> None:
    gate = Gate(opened=True)
    await house.recipients.put_endpoint(
        InboxAddress(TENANT, "ann"), Endpoint(Channel.SMS, "+41446681800"), timeout=5
    )
    async with house.working({Channel.SMS: gate}):
        await house.send("ann", channels=(Channel.SMS,), **await keep(house, PDF))
        await gate.wait_for(1)
        await house.settled({DeliveryState.DELIVERED})
    assert [message.attachments for message in gate.messages] == [()]


async def test_files_of_tomorrow_are_still_there(house: House, relay: Relay) -> None:
    await house.people("ann")
    later = datetime.now(UTC) + timedelta(days=366)
    fields = await keep(house, PDF, until=later)
    await house.send("ann", **fields)
    await age(house, 366)
    await prune(house)
    assert await stored(house) == 1
    await house.database.fetch("UPDATE notification SET deliver_time = now()")
    async with house.working():
        (mail,) = await relay.wait_for(1)
    assert parts_of(mail.message) == {PDF.filename: PDF.content}


async def test_contents_go_when_their_time_is_over(house: House, relay: Relay) -> None:
    await house.people("ann")
    async with house.working():
        await house.send("ann", **await keep(house, PDF))
        await house.settled({DeliveryState.DELIVERED})
    await age(house, 6.9)
    await prune(house)
    assert await stored(house) == 1
    await age(house, 0.2)
    await prune(house)
    assert await stored(house) == 0


@pytest.mark.parametrize(
    "overdue",
    [
        "UPDATE delivery SET next_attempt_time = now() - interval '25 hours'",
        "UPDATE notification SET stage = 0, deliver_time = now() - interval '25 hours'",
    ],
)
async def test_contents_stay_while_workers_are_behind(house: House, overdue: str) -> None:
    await house.people("ann")
    await house.send("ann", **await keep(house, PDF))
    await house.database.fetch(overdue)
    await age(house, 30)
    await prune(house)
    assert await stored(house) == 1


async def test_a_file_that_is_sent_again_stays_longer(house: House) -> None:
    await keep(house, PDF)
    await age(house, 8)
    await keep(house, PDF)
    await prune(house)
    assert await stored(house) == 1


async def test_a_mail_without_its_files_is_not_sent(house: House, relay: Relay) -> None:
    await house.people("ann")
    reference = AttachmentReference("a.pdf", "application/pdf", "", bytes(32))
    async with house.working():
        await house.send("ann", attachments=(reference,))
        (row,) = await house.settled({DeliveryState.REJECTED})
    assert row["finish_reason"] == "attachment_missing"
    assert relay.mails == []


async def test_files_of_one_tenant_are_not_anothers(house: House) -> None:
    reference = refer_to(PDF)
    service = AttachmentService(house.database, retention_seconds=DAY)
    await service.keep("other", {reference.digest: PDF.content}, None, timeout=5)
    await house.people("ann")
    async with house.working():
        await house.send("ann", attachments=(reference,))
        (row,) = await house.settled({DeliveryState.REJECTED})
    assert row["finish_reason"] == "attachment_missing"


@pytest.mark.parametrize("how", ["erase", "delete"])
async def test_nothing_refers_to_them_after_an_erasure(house: House, how: str) -> None:
    await house.people("ann")
    await house.send("ann", **await keep(house, PDF))
    address = InboxAddress(TENANT, "ann")
    if how == "erase":
        await house.recipients.delete(address, timeout=5)
    else:
        await house.inboxes.mark(address, Mark.DELETE, Selection(), timeout=5)
    rows = await house.database.fetch("SELECT attachments FROM notification WHERE attachments IS NOT NULL")
    assert rows == []


async def test_the_cache_is_bounded_and_the_last_used_stay(house: House) -> None:
    files = [Attachment(f"{number}", "a/b", bytes([number]) * 100) for number in range(5)]
    await keep(house, *files)
    loader = AttachmentLoader(house.database, max_cached_bytes=250)
    for file in files:
        found = await loader._contents(TENANT, [refer_to(file)])
        assert list(found.values()) == [file.content]
    assert loader._cached_bytes <= 250
    assert list(loader._cache) == [(TENANT, refer_to(file).digest) for file in files[-2:]]


def test_references_are_read_as_they_were_written() -> None:
    references = [refer_to(each) for each in (PDF, PICTURE)]
    assert load_references(dump_references(references)) == references
    assert (dump_references([]), list(load_references(None))) == (None, [])
