"""What use cases need of the layers above them; wired in `app.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from carillon_server.domain.channel import Channel, Priority
from carillon_server.domain.delivery_settings import SmsLimits
from carillon_server.domain.errors import FieldViolation
from carillon_server.domain.lane import Lane
from carillon_server.domain.notification import InboxChange
from carillon_server.domain.provider_event import Callback, ProviderEvent
from carillon_server.domain.provider_kind import ProviderKindInfo
from carillon_server.domain.rendering import Rendered, RenderFailure, RenderJob, Sheet, SheetReport


class Clock(Protocol):
    """Tells the time, with a zone."""

    def __call__(self) -> datetime: ...


class ChangePublisher(Protocol):
    """Tells live streams and other processes what was committed. Never raises, never waits: a lost hint is
    found by polling.
    """

    def __call__(self, changes: Sequence[InboxChange]) -> None: ...


class WorkerWaker(Protocol):
    """Tells workers that deliveries are due in these lanes. Never raises, never waits: a lost wake-up is
    found by the sweeper.
    """

    def __call__(self, lanes: Collection[Lane]) -> None: ...


class EgressPolicy(Protocol):
    """Where the installation lets requests go."""

    def check_url(self, url: str) -> str | None:
        """Why no request may go there, as far as the text tells, without asking the network; None: it may."""
        ...


class TenantForgetter(Protocol):
    """Drops what this process remembers of a tenant's providers and settings, so that the next Send reads
    them anew. Never raises, never waits: other processes and workers find out within seconds.
    """

    def __call__(self, tenant: str) -> None: ...


class ChatAddressPolicy(Protocol):
    """Which addresses chat messages may go to."""

    def __call__(self, address: str) -> str | None:
        """Why an endpoint cannot have this address; None: it can."""
        ...


@dataclass(frozen=True, slots=True)
class CheckedSettings:
    """The settings of a provider, found good and sorted."""

    public: Mapping[str, Any]
    secrets: Mapping[str, Any]
    """To be sealed; never told again."""


class ProviderCatalog(Protocol):
    """The kinds of providers that there are."""

    def kinds(self) -> Sequence[ProviderKindInfo]:
        """All of them, by name."""
        ...

    def check(self, kind: str, channel: Channel, settings: Mapping[str, Any]) -> CheckedSettings:
        """Raises `FieldsInvalid` with paths as `kind`, `channel`, `settings.account_sid`."""
        ...

    async def read_callback(
        self, kind: str, settings: Mapping[str, Any], callback: Callback
    ) -> Sequence[ProviderEvent]:
        """What a provider tells; `settings` with the secrets. Raises CALLBACK_REFUSED, and `Unavailable`
        where what proves it cannot be had now.
        """
        ...


@dataclass(frozen=True, slots=True)
class SmsReservation:
    """An amount taken from a day's account."""

    tenant: str
    day: date
    segments: int
    amount_micros: int


class SmsLedger(Protocol):
    """What text messages may cost, and the account of it. Raises `Refusal` while Postgres is away."""

    async def limits_of(self, tenant: str) -> SmsLimits:
        """As the tenant's delivery settings say."""
        ...

    async def reserve(self, tenant: str, segments: int, amount_micros: int) -> SmsReservation | None:
        """Takes the amount from today's account; None: that would go beyond the cap."""
        ...

    async def refund(self, reservation: SmsReservation) -> None:
        """Gives back what was surely not spent. Never raises."""
        ...


class Renderer(Protocol):
    """Renders templates, within limits that hold whatever a template does."""

    async def render(self, jobs: Sequence[RenderJob]) -> Sequence[Rendered | RenderFailure]:
        """One answer per job, in order; each job has the limits of `domain.rendering` to itself. Raises
        `Unavailable` where nobody can render now.
        """
        ...

    async def check(
        self, sheet: Sheet, data_schema: Mapping[str, Any], sample_data: Mapping[str, Any]
    ) -> SheetReport:
        """What is wrong with a template before it is stored: syntax, filters, variables against the schema,
        and a trial with the sample. Layouts are checked with the templates that use them.
        """
        ...


class SchemaValidator(Protocol):
    """A compiled JSON Schema."""

    def violations(self, data: Mapping[str, Any]) -> Sequence[FieldViolation]:
        """Paths under `data`: `data.items[2].price`. None: it fits."""
        ...


class SchemaCompiler(Protocol):
    """Compiles JSON Schemas; never fetches anything."""

    def __call__(self, schema: Mapping[str, Any]) -> SchemaValidator:
        """Raises ValueError, with the path, for what is no schema."""
        ...


@dataclass(frozen=True, slots=True)
class PayloadChange:
    """What a payload is to say otherwise. None and empty: as it does."""

    content: Mapping[str, str] | None = None
    """Parts of IN_APP by name: `domain.template`."""
    category: str = ""
    priority: Priority | None = None
    thread_key: str = ""
    collapse_key: str = ""
    expire_time: datetime | None = None


class PayloadEditor(Protocol):
    """Reads and amends what the transport has serialized."""

    def data_of(self, payload: bytes) -> Mapping[str, Any]:
        """What the sender gave, as plain values; whole numbers are integers."""
        ...

    def content_violations(self, parts: Mapping[str, str]) -> Sequence[FieldViolation]:
        """Which limits of ready content these parts break, by the names of the parts."""
        ...

    def amend(self, payload: bytes, change: PayloadChange) -> bytes:
        """The payload with the change."""
        ...
