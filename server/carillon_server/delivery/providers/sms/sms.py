"""What all providers of text messages have in common: number, country, length and cost.

A message for a number that makes no sense is rejected (`address_invalid`), as are one to a country that the
tenant does not allow (`country_not_allowed`) and one that would go beyond the tenant's cap of the day
(`spend_cap_reached`). The cost is taken from the account before the call, so that any number of workers
together keep the cap, and given back when the gateway surely took nothing. Text is cut to the tenant's number
of segments. Of a template the text goes out as it was rendered, without title and link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

import phonenumbers
from pydantic import Field

from carillon_server.delivery.providers.callbacks.signed_events import CallbackSettings
from carillon_server.delivery.providers.provider import Message, Workshop
from carillon_server.domain.delivery_settings import SmsLimits
from carillon_server.domain.errors import Refusal
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.outcome import Delivered, Outcome, Rejected, Retry, Unknown
from carillon_server.domain.sms import compose, fit, measure
from carillon_server.services.ports import SmsLedger

_Price = Annotated[int, Field(ge=0, le=1_000_000_000)]
_Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class SmsSettings(CallbackSettings):
    """What all kinds for text messages need."""

    price_micros_per_segment: _Price = Field(
        default=0, description="Cost of one segment, in millionths of the currency of the tenant's cap."
    )
    price_micros_by_country: Mapping[_Country, _Price] = Field(
        default_factory=dict,
        max_length=300,
        description="Where it costs something else: prices by ISO 3166-1 alpha-2 code.",
    )
    timeout_seconds: float = Field(
        default=15.0, ge=0.1, le=20.0, description="From the first packet to the last byte of the answer."
    )

    def price_micros(self, country: str) -> int:
        """Of one segment to a number of this country."""
        return self.price_micros_by_country.get(country, self.price_micros_per_segment)


@dataclass(frozen=True, slots=True)
class Sms:
    """One text message, ready to be handed over."""

    delivery_id: DeliveryId
    number: str
    """E.164."""
    text: str


class SmsSender(Protocol):
    """Talks to one gateway."""

    @property
    def name(self) -> str: ...

    async def submit(self, sms: Sms) -> Outcome:
        """Hands it over, as `Provider.send` does."""
        ...

    async def close(self) -> None: ...


class SmsProvider:
    """The provider that a gateway and the tenant's limits make together."""

    def __init__(
        self, sender: SmsSender, settings: SmsSettings, ledger: SmsLedger, link_base_url: str
    ) -> None:
        self.name = sender.name
        self._sender = sender
        self._settings = settings
        self._ledger = ledger
        self._link_base_url = link_base_url

    async def send(self, message: Message) -> Outcome:
        number = _parse(message.address)
        if number is None:
            return Rejected("address_invalid", "not an international phone number")
        try:
            limits = await self._ledger.limits_of(message.tenant)
            return await self._send(message, number, limits)
        except Refusal as refusal:
            # Only the ledger refuses, before the call.
            return Retry("ledger_unavailable", refusal.reason.value)

    async def close(self) -> None:
        await self._sender.close()

    async def _send(self, message: Message, number: phonenumbers.PhoneNumber, limits: SmsLimits) -> Outcome:
        country = phonenumbers.region_code_for_number(number) or ""
        if limits.allowed_countries and country not in limits.allowed_countries:
            return Rejected("country_not_allowed", country or "a number of no country")
        text = self._text(message, limits.max_segments)
        segments = measure(text).segments
        amount_micros = segments * self._settings.price_micros(country)
        reservation = await self._ledger.reserve(message.tenant, segments, amount_micros)
        if reservation is None:
            return Rejected("spend_cap_reached", f"{segments} more segments would be too many today")
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        outcome = await self._sender.submit(Sms(message.delivery_id, e164, text))
        if not isinstance(outcome, Delivered | Unknown):
            await self._ledger.refund(reservation)
        return outcome

    def _text(self, message: Message, max_segments: int) -> str:
        if message.parts:
            return fit(message.parts.get("text", ""), max_segments)
        return compose(message.content, self._link_base_url, max_segments)


def ledger_of(workshop: Workshop) -> SmsLedger:
    """Raises ValueError where nobody keeps the account: without it no limit would hold."""
    if workshop.sms_ledger is None:
        raise ValueError("text messages cannot be sent without a ledger")
    return workshop.sms_ledger


def _parse(address: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(address, None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None
