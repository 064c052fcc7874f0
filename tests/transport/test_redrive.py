"""Deliveries that operators have tried again, or ended, over the socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from google.rpc.error_details_pb2 import ErrorInfo

from carillon.v1 import delivery_service_pb2 as pb
from carillon_server.domain.delivery import DeliveryState
from tests.running import Issuer
from tests.transport.outbox import Outbox, open_outbox
from tests.transport.requests import build

ENDED = (
    DeliveryState.EXHAUSTED,
    DeliveryState.REJECTED,
    DeliveryState.CANCELLED,
    DeliveryState.UNKNOWN,
)


@pytest.fixture
async def outbox(postgres_url: str, redis_url: str, issuer: Issuer) -> AsyncIterator[Outbox]:
    async with open_outbox(postgres_url, redis_url, issuer) as outbox:
        yield outbox


@pytest.mark.parametrize("state", ENDED)
async def test_what_ended_starts_anew_with_its_history(outbox: Outbox, state: DeliveryState) -> None:
    (delivery_id,) = await outbox.send("ada")
    for _ in range(3):
        await outbox.end(delivery_id, state, "timeout")
    await outbox.change(delivery_id, "tried = '{mail}', create_time = now() - interval '30 days'")
    fence = (await outbox.row(delivery_id))["fence"]
    request = pb.RetryDeliveryRequest(id=delivery_id)
    delivery = (await outbox.operator.call("RetryDelivery", request)).delivery
    assert (delivery.state, delivery.finish_reason) == (pb.DELIVERY_STATE_SCHEDULED, "")
    assert not delivery.HasField("finish_time")
    row = await outbox.row(delivery_id)
    assert (row["attempt_count"], row["uncounted_attempts"], row["tried"]) == (3, 3, [])
    assert row["fence"] > fence
    assert row["next_attempt_time"] == row["begin_time"] > row["create_time"]
    story = (await outbox.operator.call("GetDelivery", pb.GetDeliveryRequest(id=delivery_id))).story
    assert [attempt.number for attempt in story.attempts] == [1, 2, 3]


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        (DeliveryState.SCHEDULED, "pending"),
        (DeliveryState.ATTEMPTING, "pending"),
        (DeliveryState.RETRYING, "pending"),
        (DeliveryState.DELIVERED, "delivered"),
    ],
)
async def test_what_has_not_failed_is_not_tried_again(
    outbox: Outbox, state: DeliveryState, cause: str
) -> None:
    (delivery_id,) = await outbox.send("ada")
    await outbox.change(delivery_id, f"state = {int(state)}")
    refused = await outbox.operator.refusal("RetryDelivery", pb.RetryDeliveryRequest(id=delivery_id))
    assert refused.reason == "DELIVERY_NOT_RETRYABLE"
    assert dict(refused.detail(ErrorInfo).metadata) == {"state": state.name, "cause": cause}


@pytest.mark.parametrize(
    ("assignment", "cause"),
    [("stage = 3, remove_time = now()", "removed"), ("expire_time = now() - interval '1 s'", "expired")],
)
async def test_what_nobody_wants_any_more_is_not_tried_again(
    outbox: Outbox, assignment: str, cause: str
) -> None:
    (delivery_id,) = await outbox.send("ada")
    await outbox.end(delivery_id, DeliveryState.EXHAUSTED, "timeout")
    await outbox.change_notification(delivery_id, assignment)
    refused = await outbox.operator.refusal("RetryDelivery", pb.RetryDeliveryRequest(id=delivery_id))
    assert refused.reason == "DELIVERY_NOT_RETRYABLE"
    assert refused.detail(ErrorInfo).metadata["cause"] == cause
    answer = await outbox.operator.call("RedriveDeliveries", pb.RedriveDeliveriesRequest())
    assert (answer.redriven_count, answer.remaining_count) == (0, 0)


async def test_a_redrive_goes_in_steps_and_takes_each_once(outbox: Outbox) -> None:
    sent = await outbox.send(*(f"p{number}" for number in range(7)))
    for delivery_id in sent[:5]:
        await outbox.end(delivery_id, DeliveryState.EXHAUSTED, "timeout")
    await outbox.end(sent[5], DeliveryState.REJECTED, "smtp_554")
    counted = await outbox.operator.call("RedriveDeliveries", pb.RedriveDeliveriesRequest(dry_run=True))
    assert (counted.redriven_count, counted.remaining_count) == (0, 5)
    steps: list[tuple[int, int]] = []
    token = ""
    while len(steps) < 9:
        request = pb.RedriveDeliveriesRequest(max_count=2, page_token=token)
        answer = await outbox.operator.call("RedriveDeliveries", request)
        steps.append((answer.redriven_count, answer.remaining_count))
        # What fails again at once is not taken a second time.
        await outbox.execute("UPDATE delivery SET state = 5 WHERE state = 1 AND begin_time IS NOT NULL")
        token = answer.next_page_token
        if not token:
            break
    assert steps == [(2, 3), (2, 1), (1, 0)]
    rows = [await outbox.row(delivery_id) for delivery_id in sent]
    assert [row["begin_time"] is not None for row in rows] == [True] * 5 + [False] * 2


async def test_a_redrive_that_begins_anew_finds_only_what_is_left(outbox: Outbox) -> None:
    sent = await outbox.send("a", "b", "c")
    for delivery_id in sent:
        await outbox.end(delivery_id, DeliveryState.EXHAUSTED, "timeout")
    first = await outbox.operator.call("RedriveDeliveries", pb.RedriveDeliveriesRequest(max_count=1))
    second = await outbox.operator.call("RedriveDeliveries", pb.RedriveDeliveriesRequest())
    third = await outbox.operator.call("RedriveDeliveries", pb.RedriveDeliveriesRequest())
    assert [each.redriven_count for each in (first, second, third)] == [1, 2, 0]


async def test_a_redrive_keeps_to_its_filter(outbox: Outbox) -> None:
    mine, other = await outbox.send("ada", "bob")
    for delivery_id, state in ((mine, DeliveryState.REJECTED), (other, DeliveryState.REJECTED)):
        await outbox.end(delivery_id, state, "smtp_554")
    request = pb.RedriveDeliveriesRequest(filter={"states": [6], "recipient_id": "ada"})
    assert (await outbox.operator.call("RedriveDeliveries", request)).redriven_count == 1
    assert [(await outbox.row(each))["state"] for each in (mine, other)] == [1, 6]


async def test_cancelling_drops_the_result_of_a_running_attempt(outbox: Outbox) -> None:
    (delivery_id,) = await outbox.send("ada")
    await outbox.change(delivery_id, "state = 2, fence = 7, attempt_count = 1")
    cancelled = await outbox.operator.call("CancelDelivery", build("CancelDelivery", {"id": delivery_id}))
    assert cancelled.delivery.state == pb.DELIVERY_STATE_CANCELLED
    assert cancelled.delivery.finish_reason == "cancelled"
    # Results are written under the fence of their claim alone.
    assert (await outbox.row(delivery_id))["fence"] > 7


async def test_cancelling_twice_or_too_late_changes_nothing(outbox: Outbox) -> None:
    waits, arrived = await outbox.send("ada", "bob")
    await outbox.end(arrived, DeliveryState.DELIVERED)
    request = pb.CancelDeliveryRequest(id=waits)
    first, second = [await outbox.operator.call("CancelDelivery", request) for _ in range(2)]
    assert first == second
    late = await outbox.operator.call("CancelDelivery", pb.CancelDeliveryRequest(id=arrived))
    assert late.delivery.state == pb.DELIVERY_STATE_DELIVERED
