"""One attempt of one delivery, in five verbs: prepare, call, conclude, record, report.

Whatever goes wrong on the way becomes an outcome, so one delivery can fail and no other notices.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Mapping
from random import Random

import structlog

from carillon_server.delivery import metrics
from carillon_server.delivery.providers.provider import Message, Provider
from carillon_server.delivery.recorder import Recorder
from carillon_server.domain.backoff import RetryPolicy, plan_retry
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import (
    Delivered,
    EndpointGone,
    Outcome,
    Rejected,
    Retry,
    Throttled,
    Unknown,
)
from carillon_server.storage.deliveries import AttemptResult, Claim
from carillon_server.telemetry import get_logger

ATTEMPT_TIMEOUT_SECONDS = 90.0
"""A provider that has not answered by then has failed; its own timeouts should be shorter."""
_MAX_DETAIL_CHARACTERS = 500

DecodeContent = Callable[[bytes], Content]
"""Reads what a notification's payload shows; any exception means that it cannot be read."""


class Executor:
    """Runs attempts."""

    def __init__(
        self,
        providers: Mapping[Channel, Provider],
        policies: Mapping[Channel, RetryPolicy],
        decode_content: DecodeContent,
        recorder: Recorder,
        rng: Random,
        attempt_timeout_seconds: float = ATTEMPT_TIMEOUT_SECONDS,
    ) -> None:
        self._providers = providers
        self._policies = policies
        self._decode_content = decode_content
        self._recorder = recorder
        self._rng = rng
        self._attempt_timeout_seconds = attempt_timeout_seconds

    async def execute(self, claim: Claim) -> None:
        """Makes the attempt and records what came of it."""
        _bind(claim)
        started = time.monotonic()
        message = self._prepare(claim)
        outcome = await self._call(claim, message) if isinstance(message, Message) else message
        seconds = time.monotonic() - started
        result = self._conclude(claim, outcome, seconds)
        recorded = await self._recorder.record(result)
        _report(result, seconds, recorded=recorded)

    def _prepare(self, claim: Claim) -> Message | Outcome:
        try:
            content = self._decode_content(claim.payload)
        except Exception as error:  # noqa: BLE001 - whatever a codec makes of damaged bytes
            return Rejected("content_unreadable", type(error).__name__)
        return Message(claim.id, claim.address, content, claim.locale)

    async def _call(self, claim: Claim, message: Message) -> Outcome:
        provider = self._providers.get(claim.channel)
        if provider is None:
            return Retry("provider_missing", f"this worker has no provider for {claim.channel.name}")
        try:
            async with asyncio.timeout(self._attempt_timeout_seconds):
                return await provider.send(message)
        except TimeoutError:
            return Retry("timeout", f"no answer within {self._attempt_timeout_seconds:g} s")
        except Exception as error:  # noqa: BLE001 - a provider's fault fails its delivery alone
            place = traceback.format_tb(error.__traceback__)
            get_logger().error(
                "provider.failed", provider=provider.name, error=type(error).__name__, place=place
            )
            return Retry("provider_fault", type(error).__name__)

    def _conclude(self, claim: Claim, outcome: Outcome, seconds: float) -> AttemptResult:
        match outcome:
            case Delivered(provider_message_id):
                return AttemptResult(
                    claim, DeliveryState.DELIVERED, "delivered", provider_message_id=provider_message_id
                )
            case Retry(error_class, detail, after_seconds):
                return self._retried(claim, error_class, detail, after_seconds, seconds)
            case Throttled(error_class, detail, after_seconds):
                return self._retried(claim, error_class, detail, after_seconds, seconds)
            case Unknown(error_class, detail):
                return _refused(claim, "unknown", error_class, detail)
            case Rejected(error_class, detail):
                return _refused(claim, "rejected", error_class, detail)
            case EndpointGone(error_class, detail):
                return _refused(claim, "endpoint_gone", error_class, detail, endpoint_gone=True)

    def _retried(
        self, claim: Claim, error_class: str, detail: str, after_seconds: float | None, seconds: float
    ) -> AttemptResult:
        policy = self._policies[claim.channel]
        remaining = min(claim.remaining_seconds, policy.give_up_seconds - claim.age_seconds) - seconds
        delay = plan_retry(policy, claim.number, remaining, self._rng, after_seconds)
        return AttemptResult(
            claim,
            DeliveryState.EXHAUSTED if delay is None else DeliveryState.RETRYING,
            "retry",
            delay_seconds=delay,
            reason=error_class if delay is None else None,
            error_class=error_class,
            error_detail=shorten(detail),
        )


def _bind(claim: Claim) -> None:
    """Every record of this task names the delivery, and the request that it comes from."""
    structlog.contextvars.bind_contextvars(delivery_id=str(claim.id))
    if claim.request_trace:
        structlog.contextvars.bind_contextvars(request_id=claim.request_trace)


def _refused(
    claim: Claim, outcome: str, error_class: str, detail: str, *, endpoint_gone: bool = False
) -> AttemptResult:
    return AttemptResult(
        claim,
        DeliveryState.REJECTED,
        outcome,
        reason=error_class,
        error_class=error_class,
        error_detail=shorten(detail),
        endpoint_gone=endpoint_gone,
    )


def _report(result: AttemptResult, seconds: float, *, recorded: bool) -> None:
    claim = result.claim
    provider = claim.provider or "none"
    metrics.attempts.labels(claim.channel.name, provider, result.outcome).inc()
    metrics.attempt_seconds.labels(provider).observe(seconds)
    if not recorded:
        metrics.results_stale.inc()
    get_logger().info(
        "delivery.attempted",
        number=claim.number,
        provider=provider,
        outcome=result.outcome,
        state=result.state.name,
        error_class=result.error_class,
        seconds=round(seconds, 4),
        wait_seconds=None if result.delay_seconds is None else round(result.delay_seconds, 1),
        recorded=recorded,
    )


def shorten(detail: str) -> str:
    """One line of bounded length that Postgres can store."""
    line = " ".join("".join(c if c.isprintable() else " " for c in detail).split())
    return line.encode(errors="replace").decode()[:_MAX_DETAIL_CHARACTERS]
