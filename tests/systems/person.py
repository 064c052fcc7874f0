"""Somebody who uses a system: what they see, on whatever way it reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from carillon import AsyncClient
from carillon.v1.types_pb2 import Channel, DecisionReason, Notification, Verdict
from carillon_server.testing import Browser
from tests.eventually import eventually
from tests.systems.far_sides import FarSides


def plain(text: str) -> str:
    """On one line, with ordinary spaces: languages have several kinds of them."""
    return " ".join(text.split())


def decided(result: Any) -> dict[str, str]:
    """Verdict and reason by channel: `{"EMAIL": "SEND DEFAULT"}`."""
    return {
        Channel.Name(each.channel).removeprefix("CHANNEL_"): " ".join(
            (
                Verdict.Name(each.verdict).removeprefix("VERDICT_"),
                DecisionReason.Name(each.reason).removeprefix("DECISION_REASON_"),
            )
        )
        for each in result.decisions
    }


@dataclass(frozen=True)
class Person:
    name: str
    client: AsyncClient
    """With the person's own token."""
    number: str
    browser: Browser
    far_sides: FarSides

    async def inbox(self, **wanted: Any) -> list[Notification]:
        """Newest first."""
        return [each async for each in self.client.list_all(filter=wanted)]

    async def titles(self, **wanted: Any) -> list[str]:
        return [plain(each.content.title) for each in await self.inbox(**wanted)]

    async def unread(self) -> dict[str, int]:
        """How many of each type."""
        counts = await self.client.get_counts()
        return {name: each.unread_count for name, each in counts.by_type.items() if each.unread_count}

    @property
    def mails(self) -> list[EmailMessage]:
        address = f"{self.name}@example.com"
        return [each.message for each in self.far_sides.relay.mails if address in each.recipients]

    @property
    def subjects(self) -> list[str]:
        return [plain(mail["Subject"]) for mail in self.mails]

    @property
    def pushes(self) -> list[dict[str, Any]]:
        return self.browser.messages

    @property
    def texts(self) -> list[str]:
        sent = self.far_sides.gateway.messages.values()
        return [plain(each["text"]) for each in sent if each["to"] == self.number]

    @property
    def webhooks(self) -> list[dict[str, Any]]:
        requests = self.far_sides.receiver.requests
        return [each.json() for each in requests if each.path == f"/{self.name}"]

    async def mail(self, subject: str) -> EmailMessage:
        """The mail with this subject, as soon as it is there."""

        async def arrived() -> bool:
            return subject in self.subjects

        await eventually(arrived)
        return self.mails[self.subjects.index(subject)]


def page(mail: EmailMessage) -> str:
    """The HTML of a mail."""
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def text(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return plain(str(body.get_content()))


def laid_over(sample: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The sample with other values; None takes one away."""
    return {name: value for name, value in {**sample, **changes}.items() if value is not None}
