"""What operators see of deliveries and do with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from carillon import AsyncClient, errors
from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon.v1.delivery_service_pb2 import Delivery
from tests.eventually import eventually

Mail = Callable[..., Awaitable[Delivery]]

PENDING = {
    pb.DELIVERY_STATE_SCHEDULED,
    pb.DELIVERY_STATE_ATTEMPTING,
    pb.DELIVERY_STATE_RETRYING,
}


@pytest.fixture
def mail(producer: AsyncClient, operator: AsyncClient, send: Callable[..., Awaitable[str]]) -> Mail:
    """Sends to somebody with an address at which nothing arrives; the delivery."""

    async def mail(recipient_id: str, **changes: object) -> Delivery:
        endpoint = {"channel": "EMAIL", "address": f"unreachable.{recipient_id[-20:]}@example.com"}
        await producer.put_endpoint(recipient_id=recipient_id, endpoint=endpoint)  # type: ignore[arg-type]
        sent = await send(recipient_id, **changes)
        (story,) = (await operator.explain_notification(id=sent)).deliveries
        return story.delivery

    return mail


async def test_a_delivery_is_listed_by_whose_it_is(operator: AsyncClient, mail: Mail, ada: str) -> None:
    first, second = await mail(ada), await mail(ada)
    listed = (await operator.list_deliveries(filter={"recipient_id": ada})).deliveries
    assert [delivery.id for delivery in listed] == [second.id, first.id]
    assert (listed[0].channel, listed[0].type) == (types_pb2.CHANNEL_EMAIL, "scan.completed")
    assert listed[0].state in PENDING


async def test_filters_restrict(operator: AsyncClient, mail: Mail, ada: str) -> None:
    delivery = await mail(ada)
    later = datetime.now(UTC) + timedelta(hours=1)
    for restriction in (
        {"states": ["DELIVERED"]},
        {"channels": ["SMS"]},
        {"types": ["invoice.paid"]},
        {"providers": ["nobody"]},
        {"start_time": later},
        {"finish_reasons": ["timeout"]},
    ):
        listed = await operator.list_deliveries(filter={"recipient_id": ada, **restriction})  # type: ignore[typeddict-item]
        assert not listed.deliveries, restriction
    both = {"channels": ["EMAIL", "SMS"], "types": ["scan.completed"], "end_time": later}
    listed = await operator.list_deliveries(filter={"recipient_id": ada, **both})  # type: ignore[typeddict-item]
    assert [each.id for each in listed.deliveries] == [delivery.id]


async def test_all_pages_together_are_everything(operator: AsyncClient, mail: Mail, ada: str) -> None:
    sent = [(await mail(ada)).id for _ in range(5)]
    walked = operator.list_all_deliveries(filter={"recipient_id": ada}, page_size=2)
    assert [delivery.id async for delivery in walked] == list(reversed(sent))


async def test_a_page_token_is_of_its_filter(operator: AsyncClient, mail: Mail, ada: str) -> None:
    for _ in range(2):
        await mail(ada)
    page = await operator.list_deliveries(filter={"recipient_id": ada}, page_size=1)
    with pytest.raises(errors.PageTokenInvalidError):
        await operator.list_deliveries(page_token=page.next_page_token)
    with pytest.raises(errors.PageTokenInvalidError):
        await operator.redrive_deliveries(page_token=page.next_page_token)


async def test_a_story_has_its_attempts(operator: AsyncClient, mail: Mail, ada: str) -> None:
    delivery = await mail(ada)

    async def attempted() -> bool:
        attempts = (await operator.get_delivery(id=delivery.id)).story.attempts
        return bool(attempts) and bool(attempts[0].outcome)

    await eventually(attempted, 10)
    story = (await operator.get_delivery(id=delivery.id)).story
    assert (story.attempts[0].number, story.attempts[0].outcome) == (1, "retry")
    assert story.attempts[0].error_class
    assert story.delivery.provider == story.attempts[0].provider != ""


async def test_what_is_cancelled_can_be_tried_again(operator: AsyncClient, mail: Mail, ada: str) -> None:
    delivery = await mail(ada)
    for _ in range(2):
        cancelled = (await operator.cancel_delivery(id=delivery.id)).delivery
        assert (cancelled.state, cancelled.finish_reason) == (pb.DELIVERY_STATE_CANCELLED, "cancelled")
    again = (await operator.retry_delivery(id=delivery.id)).delivery
    assert again.state in PENDING
    assert again.HasField("begin_time")
    with pytest.raises(errors.DeliveryNotRetryableError) as refused:
        await operator.retry_delivery(id=delivery.id)
    assert refused.value.metadata["cause"] == "pending"


async def test_a_redrive_counts_takes_and_leads_on(operator: AsyncClient, mail: Mail, ada: str) -> None:
    for _ in range(3):
        await operator.cancel_delivery(id=(await mail(ada)).id)
    chosen = {"recipient_id": ada, "states": ["CANCELLED"]}
    counted = await operator.redrive_deliveries(filter=chosen, dry_run=True)  # type: ignore[arg-type]
    assert (counted.redriven_count, counted.remaining_count, counted.next_page_token) == (0, 3, "")
    first = await operator.redrive_deliveries(filter=chosen, max_count=2)  # type: ignore[arg-type]
    assert (first.redriven_count, first.remaining_count) == (2, 1)
    rest = await operator.redrive_deliveries(filter=chosen, page_token=first.next_page_token)  # type: ignore[arg-type]
    assert (rest.redriven_count, rest.remaining_count, rest.next_page_token) == (1, 0, "")
    exhausted = await operator.redrive_deliveries(filter={"recipient_id": ada}, dry_run=True)
    assert exhausted.remaining_count == 0


async def test_only_what_ended_can_be_redriven(operator: AsyncClient) -> None:
    with pytest.raises(errors.FieldInvalidError) as refused:
        await operator.redrive_deliveries(filter={"states": ["EXHAUSTED", "RETRYING"]})
    assert [each.field for each in refused.value.field_violations] == ["filter.states[1]"]


async def test_a_cancelled_notification_takes_its_deliveries_along(
    producer: AsyncClient, operator: AsyncClient, mail: Mail, ada: str
) -> None:
    delivery = await mail(ada)
    cancelled = await producer.cancel(ids=[delivery.notification_id])
    assert cancelled.cancelled_delivery_count == 1
    story = (await operator.get_delivery(id=delivery.id)).story
    assert story.delivery.finish_reason == "cancelled"


async def test_a_notification_explains_itself(operator: AsyncClient, mail: Mail, ada: str) -> None:
    delivery = await mail(ada)
    await operator.mark_read(recipient_id=ada, ids=[delivery.notification_id])
    await operator.cancel_delivery(id=delivery.id)
    explained = await operator.explain_notification(id=delivery.notification_id)
    assert (explained.recipient_id, explained.sender) == (ada, "producer")
    kinds = [pb.StoryEntry.Kind.Name(entry.kind).removeprefix("KIND_") for entry in explained.entries]
    assert kinds[0] == "SENT"
    assert {"DECIDED", "SHOWN", "QUEUED", "SEEN", "READ", "FINISHED"} <= set(kinds)
    finished = next(entry for entry in explained.entries if entry.kind == pb.StoryEntry.KIND_FINISHED)
    assert (finished.delivery_id, finished.reason) == (delivery.id, "cancelled cancelled")


async def test_numbers_tell_what_became_of_it(operator: AsyncClient, mail: Mail, ada: str) -> None:
    kind = f"kind.{ada[-8:]}"
    delivery = await mail(ada, type=kind)
    await operator.mark_read(recipient_id=ada, ids=[delivery.notification_id])
    now = datetime.now(UTC)
    answer = await operator.get_stats(
        start_time=now - timedelta(hours=1),
        end_time=now + timedelta(minutes=1),
        group_by=["TYPE", "CHANNEL"],
        bucket="DAY",
    )
    rows = {row.channel: row for row in answer.rows if row.type == kind}
    assert set(rows) == {types_pb2.CHANNEL_IN_APP, types_pb2.CHANNEL_EMAIL}
    inbox, mails = rows[types_pb2.CHANNEL_IN_APP], rows[types_pb2.CHANNEL_EMAIL]
    assert (inbox.sent_count, inbox.delivered_count, inbox.read_count) == (1, 1, 1)
    assert (mails.sent_count, mails.delivered_count) == (1, 0)


async def test_what_is_not_there_is_not_found(operator: AsyncClient) -> None:
    for call in (operator.get_delivery, operator.retry_delivery, operator.cancel_delivery):
        with pytest.raises(errors.DeliveryNotFoundError):
            await call(id="dlv_nothing")
    with pytest.raises(errors.NotificationNotFoundError):
        await operator.explain_notification(id="ntf_nothing")


@pytest.mark.parametrize("who", ["producer", "gateway", "user-a"])
async def test_only_operators_look(connect: Callable[[str], Awaitable[AsyncClient]], who: str) -> None:
    client = await connect(who)
    with pytest.raises(errors.ScopeMissingError):
        await client.list_deliveries()
    with pytest.raises(errors.ScopeMissingError):
        await client.redrive_deliveries()
