"""What an outcome makes of a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from carillon_server.domain.backoff import RetryPolicy, plan_pause, plan_retry
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.outcome import (
    Delivered,
    EndpointGone,
    Outcome,
    Rejected,
    Retry,
    Throttled,
    Unknown,
)
from carillon_server.storage.deliveries import Claim
from carillon_server.storage.results import AttemptResult

_MAX_CHARACTERS = 500


class Judge:
    """Turns outcomes into results, by the policies of the channels."""

    def __init__(self, policies: Mapping[Channel, RetryPolicy], rng: Random) -> None:
        self._policies = policies
        self._rng = rng

    def conclude(
        self, claim: Claim, outcome: Outcome, seconds: float, *, has_alternative: bool
    ) -> AttemptResult:
        """`seconds`: how long the attempt took. `has_alternative`: another provider could be asked."""
        match outcome:
            case Delivered(provider_message_id):
                return AttemptResult(
                    claim,
                    DeliveryState.DELIVERED,
                    "delivered",
                    provider_message_id=shorten(provider_message_id),
                )
            case Retry() | Throttled():
                return self._failed(claim, outcome, seconds, has_alternative=has_alternative)
            case Unknown():
                return _ended(claim, DeliveryState.UNKNOWN, "unknown", outcome)
            case Rejected():
                return _ended(claim, DeliveryState.REJECTED, "rejected", outcome)
            case EndpointGone():
                return _ended(claim, DeliveryState.REJECTED, "endpoint_gone", outcome)

    def _failed(
        self, claim: Claim, outcome: Retry | Throttled, seconds: float, *, has_alternative: bool
    ) -> AttemptResult:
        policy = self._policies[claim.channel]
        remaining = min(claim.remaining_seconds, policy.give_up_seconds - claim.age_seconds) - seconds
        failed_over = has_alternative and remaining > 0
        if failed_over:
            delay: float | None = 0.0
        elif isinstance(outcome, Throttled):
            delay = plan_pause(policy, remaining, self._rng, outcome.after_seconds)
        else:
            delay = plan_retry(policy, claim.try_number, remaining, self._rng, outcome.after_seconds)
        return AttemptResult(
            claim,
            DeliveryState.EXHAUSTED if delay is None else DeliveryState.RETRYING,
            "throttled" if isinstance(outcome, Throttled) else "retry",
            delay_seconds=delay,
            reason=outcome.error_class if delay is None else None,
            error_class=outcome.error_class,
            error_detail=shorten(outcome.detail),
            counted=not failed_over and not isinstance(outcome, Throttled),
            failed_over=failed_over,
        )


def hand_back(claim: Claim) -> AttemptResult:
    """Of an attempt given up in the middle: another worker makes it, unless it may have been heard."""
    if claim.at_most_once:
        return AttemptResult(
            claim, DeliveryState.UNKNOWN, "abandoned", reason="abandoned", error_class="abandoned"
        )
    return AttemptResult(claim, DeliveryState.RETRYING, "abandoned", delay_seconds=0.0)


def shorten(text: str) -> str:
    """One line of bounded length that Postgres can store, and index."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.encode(errors="replace").decode()[:_MAX_CHARACTERS]


def _ended(
    claim: Claim, state: DeliveryState, outcome: str, why: Rejected | EndpointGone | Unknown
) -> AttemptResult:
    gone = isinstance(why, EndpointGone)
    return AttemptResult(
        claim,
        state,
        outcome,
        reason=why.error_class,
        error_class=why.error_class,
        error_detail=shorten(why.detail),
        endpoint_gone=gone,
        gone_as_of=why.as_of if isinstance(why, EndpointGone) else None,
    )
