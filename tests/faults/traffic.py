"""Numbered sends to people of whom some have an e-mail address, and the mails that come of them."""

from __future__ import annotations

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SendResponse
from tests.delivery.relay import Relay
from tests.faults.installation import Installation
from tests.faults.oracle import REQUEST_LABEL

PEOPLE = 40
_MAILED = 4
"""Every so many people have an e-mail address."""


async def enter_people(installation: Installation) -> None:
    """Makes those that have an address."""
    async with installation.client(0, "operator", "admin") as operator:
        for number in range(0, PEOPLE, _MAILED):
            name = f"person-{number}"
            await operator.upsert_recipient(
                recipient={"recipient_id": name},
                endpoints=[{"channel": "EMAIL", "address": f"{name}@example.com"}],
            )


async def send(client: AsyncClient, number: int, title: str = "Scan finished") -> SendResponse:
    """The send of this number; the same again is the same request."""
    return await client.send(
        type="scan.completed",
        recipient_ids=[f"person-{number % PEOPLE}"],
        content={"title": f"{title} #{number}"},
        labels={REQUEST_LABEL: f"request-{number}"},
        request_id=f"request-{number}",
    )


def mails(relay: Relay) -> list[str]:
    """The number of the send behind each mail that was taken."""
    return [mail.message["Subject"].rpartition("#")[2] for mail in relay.mails]


async def all_mailed(relay: Relay, sends: int) -> bool:
    """Whether each send to somebody with an address led to a mail."""
    return {str(number) for number in range(sends) if number % PEOPLE % _MAILED == 0} <= set(mails(relay))
