"""A place with one provider (`route.Route`)."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable

from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.routing import metrics
from carillon_server.delivery.routing.guarded_provider import GuardedProvider
from carillon_server.domain.outcome import Outcome, Retry, Unknown
from carillon_server.telemetry import get_logger

SEND_TIMEOUT_SECONDS = 80.0
"""A provider that has not answered by then is taken for hanging; its own timeouts should be shorter."""


class GuardedRoute:
    """Holds the place until it is used or released."""

    def __init__(
        self,
        guarded: GuardedProvider,
        has_alternative: Callable[[], bool],
        send_timeout_seconds: float = SEND_TIMEOUT_SECONDS,
    ) -> None:
        self._guarded = guarded
        self._has_alternative = has_alternative
        self._send_timeout_seconds = send_timeout_seconds
        self._place = guarded.enter()
        self._ended = False

    @property
    def name(self) -> str:
        return self._guarded.config.name

    @property
    def at_most_once(self) -> bool:
        return self._guarded.kind.at_most_once

    @property
    def has_alternative(self) -> bool:
        return self._has_alternative()

    async def send(self, message: Message) -> Outcome:
        outcome = None
        try:
            outcome = await self._call(message)
        finally:
            self._ended = True
            self._guarded.leave(self._place, outcome)
        metrics.provider_outcomes.labels(self._guarded.kind.name, type(outcome).__name__).inc()
        return outcome

    def release(self) -> None:
        if not self._ended:
            self._ended = True
            self._guarded.leave_unused(self._place)

    async def _call(self, message: Message) -> Outcome:
        try:
            async with asyncio.timeout(self._send_timeout_seconds):
                return await self._guarded.provider.send(message)
        except TimeoutError:
            return self._lost("timeout", f"no answer within {self._send_timeout_seconds:g} s")
        except Exception as error:  # noqa: BLE001 - a provider's fault fails its delivery alone
            # The text of an exception may quote the message; its place in the code does not.
            place = traceback.format_tb(error.__traceback__)
            get_logger().error("provider.failed", provider=self.name, error=type(error).__name__, place=place)
            return self._lost("provider_fault", type(error).__name__)

    def _lost(self, error_class: str, detail: str) -> Outcome:
        """Nobody knows how far the call came."""
        return Unknown(error_class, detail) if self.at_most_once else Retry(error_class, detail)
