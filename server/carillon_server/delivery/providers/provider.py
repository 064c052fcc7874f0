"""What a channel needs of the outside service behind it.

A *provider* hands messages to one outside service. A *kind* is the code for such a service: it knows its
settings, builds providers out of them, and reads the service's callbacks. All kinds are listed in `kinds.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.http.http import DEFAULT_LIMITS, HttpClient, HttpLimits
from carillon_server.domain.attachment import Attachment
from carillon_server.domain.channel import Channel, Platform, Priority
from carillon_server.domain.delivery_settings import NO_BRANDING, Branding
from carillon_server.domain.ids import DeliveryId, NotificationId
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import Outcome
from carillon_server.domain.provider_event import Callback, ProviderEvent
from carillon_server.domain.wording import word
from carillon_server.services.ports import Clock, SmsLedger


@dataclass(frozen=True, slots=True)
class Message:
    """One notification for one address."""

    delivery_id: DeliveryId
    """The same for every attempt: hand it to whatever tells repeats apart."""
    address: str
    content: Content
    """What the notification says."""
    locale: str = ""
    """BCP 47, of the recipient; may be empty."""
    platform: Platform = Platform.NONE
    channel: Channel | None = None
    """For those that serve several."""
    tenant: str = ""
    recipient_id: str = ""
    type: str = ""
    category: str = ""
    priority: Priority = Priority.NORMAL
    thread_key: str = ""
    collapse_key: str = ""
    actor_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    create_time: datetime | None = None
    expire_time: datetime | None = None
    branding: Branding = NO_BRANDING
    attachments: tuple[Attachment, ...] = ()
    unsubscribe_url: str = ""
    """https; where there is one, mails carry List-Unsubscribe and List-Unsubscribe-Post (RFC 8058)."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """What this channel says instead, by the names of `domain.template`; empty: it says the content."""

    @property
    def notification_id(self) -> NotificationId:
        return NotificationId(self.delivery_id.inbox_id, self.delivery_id.seq)

    @property
    def words(self) -> Content:
        """What is to be said: `parts` where there are any, else `content`."""
        return word(self.content, self.parts)


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


class ProviderSettings(BaseModel):
    """The settings of one kind; each field's description is its documentation.

    Fields of the type `SecretStr` are secrets: sealed at rest, never told. What is not named is refused.
    """

    # What was wrong is told without the value: it may be a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


S = TypeVar("S", bound=ProviderSettings)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What providers are built with: everything of the installation that they may use."""

    clock: Clock
    egress: Egress
    """Where requests may go."""
    link_base_url: str = ""
    mail_from: str = ""
    output_directory: str = ""
    """Where the `file` kind writes; empty: nowhere."""
    development: bool = False
    """Content may be shown on the console."""
    http_limits: HttpLimits = DEFAULT_LIMITS
    ca_file: str = ""
    """PEM of authorities that are trusted besides those of the system; for tests and closed networks."""
    sms_ledger: SmsLedger | None = None
    """What text messages may cost; None: none can be sent."""

    def http_client(self, *, http2: bool = False) -> HttpClient:
        """A new one; the provider that asks closes it."""
        return HttpClient(self.egress, self.http_limits, http2=http2, ca_file=self.ca_file)


class CallbackRefusedError(Exception):
    """The callback is not the provider's: its signature is missing or wrong, or it makes no sense."""


@dataclass(frozen=True, slots=True)
class ProviderKind(Generic[S]):
    """The code for one outside service."""

    name: str
    channels: frozenset[Channel]
    settings: type[S]
    build: Callable[[str, S, Workshop], Provider]
    """Takes the provider's name, its settings and the workshop."""
    platforms: frozenset[Platform] = frozenset()
    """For PUSH: whose tokens it takes; empty: all."""
    one_far_side: bool = True
    """All its messages go to one service. False: each address is a service of its own (a URL), whose
    failures and pauses say nothing about the others; no breaker opens for them."""
    at_most_once: bool = False
    """An attempt whose fate is not known must not be repeated."""
    read_callback: Callable[[S, Callback, Workshop], Awaitable[Sequence[ProviderEvent]]] | None = None
    """Verifies and reads a callback; raises `CallbackRefusedError`, and `Unavailable` where what proves it
    cannot be had now. None: it has none.
    """
