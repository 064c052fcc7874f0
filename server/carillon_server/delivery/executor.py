"""One attempt of one delivery, in five verbs: prepare, call, conclude, record, report.

Whatever goes wrong on the way becomes an outcome, so one delivery can fail and no other notices.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping

import structlog

from carillon_server.delivery import metrics
from carillon_server.delivery.claim import Assignment
from carillon_server.delivery.conclusion import Judge
from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.recorder import Recorder
from carillon_server.delivery.routing.route import Route, Routes
from carillon_server.domain.attachment import Attachment
from carillon_server.domain.notification import SentNotification
from carillon_server.domain.outcome import UNREADABLE_CONTENT, Outcome, Rejected, Retry, Unknown
from carillon_server.domain.wording import load_parts
from carillon_server.storage.deliveries import Claim
from carillon_server.storage.results import AttemptResult
from carillon_server.telemetry import get_logger

ATTEMPT_TIMEOUT_SECONDS = 90.0
"""A provider that has not answered by then has failed; its own timeouts should be shorter."""

DecodeNotification = Callable[[bytes], SentNotification]
"""Reads a notification's payload; any exception means that it cannot be read."""
LoadAttachments = Callable[[Claim], Awaitable[tuple[Attachment, ...]]]
"""Fetches what goes with a notification; a `LookupError` means that it is gone, any other exception that it
may be had later."""


async def no_attachments(_claim: Claim) -> tuple[Attachment, ...]:
    """For installations without any."""
    return ()


class Executor:
    """Runs attempts."""

    def __init__(
        self,
        routes: Routes,
        judge: Judge,
        decode_notification: DecodeNotification,
        recorder: Recorder,
        load_attachments: LoadAttachments = no_attachments,
        attempt_timeout_seconds: float = ATTEMPT_TIMEOUT_SECONDS,
    ) -> None:
        self._routes = routes
        self._judge = judge
        self._decode_notification = decode_notification
        self._recorder = recorder
        self._load_attachments = load_attachments
        self._attempt_timeout_seconds = attempt_timeout_seconds

    async def execute(self, assignment: Assignment) -> None:
        """Makes the attempt and records what came of it."""
        claim, route = assignment.claim, assignment.route
        _bind(claim)
        started = time.monotonic()
        message = await self._prepare(claim, route)
        outcome = await self._call(message, route) if isinstance(message, Message) else message
        seconds = time.monotonic() - started
        result = self._judge.conclude(claim, outcome, seconds, has_alternative=route.has_alternative)
        recorded = await self._recorder.record(result)
        _report(result, seconds, recorded=recorded)

    async def _prepare(self, claim: Claim, route: Route) -> Message | Outcome:
        """What cannot be written gives its place back."""
        prepared: Message | Outcome = Retry("abandoned", "")
        try:
            prepared = await self._write(claim)
        finally:
            if not isinstance(prepared, Message):
                route.release()
        return prepared

    async def _write(self, claim: Claim) -> Message | Outcome:
        if not claim.payload:
            # A variant of a broadcast that is not there any more; no notification is written without.
            return Rejected(UNREADABLE_CONTENT, "there is none")
        try:
            sent = self._decode_notification(claim.payload)
            parts = load_parts(claim.channel, claim.parts)
        except Exception as error:  # noqa: BLE001 - whatever a codec makes of damaged bytes
            return Rejected(UNREADABLE_CONTENT, type(error).__name__)
        try:
            async with asyncio.timeout(self._attempt_timeout_seconds):
                attachments = await self._load_attachments(claim) if claim.attachments else ()
        except LookupError as error:
            return Rejected("attachment_missing", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - what cannot be fetched now may be fetched later
            return Retry("attachment_unavailable", type(error).__name__)
        return self._message(claim, sent, parts, attachments)

    def _message(
        self,
        claim: Claim,
        sent: SentNotification,
        parts: Mapping[str, str],
        attachments: tuple[Attachment, ...],
    ) -> Message:
        return Message(
            delivery_id=claim.id,
            address=claim.address,
            content=sent.content,
            parts=parts,
            locale=claim.locale,
            channel=claim.channel,
            platform=claim.platform,
            tenant=claim.tenant,
            recipient_id=claim.recipient_id,
            type=sent.type,
            category=sent.category,
            priority=sent.priority,
            thread_key=sent.thread_key,
            collapse_key=sent.collapse_key,
            actor_id=sent.actor_id,
            labels=sent.labels,
            data=sent.data,
            create_time=claim.create_time,
            expire_time=sent.expire_time,
            branding=self._routes.settings_of(claim.tenant).branding,
            attachments=attachments,
        )

    async def _call(self, message: Message, route: Route) -> Outcome:
        # A call that never came back may have been heard.
        lost = Unknown if route.at_most_once else Retry
        try:
            async with asyncio.timeout(self._attempt_timeout_seconds):
                return await route.send(message)
        except TimeoutError:
            return lost("timeout", f"no answer within {self._attempt_timeout_seconds:g} s")
        except Exception as error:  # noqa: BLE001 - a provider's fault fails its delivery alone
            place = traceback.format_tb(error.__traceback__)
            get_logger().error(
                "provider.failed", provider=route.name, error=type(error).__name__, place=place
            )
            return lost("provider_fault", type(error).__name__)


def _bind(claim: Claim) -> None:
    """Every record of this task names the delivery, and the request that it comes from."""
    structlog.contextvars.bind_contextvars(delivery_id=str(claim.id))
    if claim.request_trace:
        structlog.contextvars.bind_contextvars(request_id=claim.request_trace)


def _report(result: AttemptResult, seconds: float, *, recorded: bool) -> None:
    claim = result.claim
    metrics.attempts.labels(claim.channel.name, claim.provider, result.outcome).inc()
    metrics.attempt_seconds.labels(claim.provider).observe(seconds)
    if not recorded:
        metrics.results_stale.inc()
    get_logger().info(
        "delivery.attempted",
        number=claim.number,
        provider=claim.provider,
        outcome=result.outcome,
        state=result.state.name,
        error_class=result.error_class,
        seconds=round(seconds, 4),
        wait_seconds=None if result.delay_seconds is None else round(result.delay_seconds, 1),
        recorded=recorded,
    )
