"""What a channel needs of the outside service behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from carillon_server.domain.delivery import Outcome
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Content


@dataclass(frozen=True, slots=True)
class Message:
    """One notification for one address."""

    delivery_id: DeliveryId
    """The same for every attempt: hand it to whatever tells repeats apart."""
    address: str
    content: Content
    locale: str
    """BCP 47, of the recipient; may be empty."""


class Provider(Protocol):
    """Talks to one outside service."""

    @property
    def name(self) -> str:
        """For attempts, metrics and logs."""
        ...

    async def send(self, message: Message) -> Outcome:
        """Hands the message over. What went wrong is an outcome, not an exception; takes bounded time."""
        ...

    async def close(self) -> None:
        """Lets connections go."""
        ...
