"""What operators see of deliveries, over the socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import notification_service_pb2 as notifications
from carillon.v1 import types_pb2
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.identity import Role
from tests.running import Issuer
from tests.transport.outbox import Outbox, open_outbox
from tests.transport.requests import build


@pytest.fixture
async def outbox(postgres_url: str, redis_url: str, issuer: Issuer) -> AsyncIterator[Outbox]:
    async with open_outbox(postgres_url, redis_url, issuer) as outbox:
        yield outbox


async def _list(outbox: Outbox, **fields: Any) -> list[str]:
    """The ids on all pages."""
    found: list[str] = []
    token = ""
    while True:
        request = pb.ListDeliveriesRequest(page_size=2, page_token=token, filter=fields)
        page = await outbox.operator.call("ListDeliveries", request)
        found += [delivery.id for delivery in page.deliveries]
        token = page.next_page_token
        if not token:
            return found


async def test_pages_go_from_the_newest_to_the_oldest_without_gaps(outbox: Outbox) -> None:
    sent = [(await outbox.send(name))[0] for name in ("a", "b", "c", "d", "e")]
    # Of one instant: the rest of the key decides.
    await outbox.execute("UPDATE delivery SET create_time = now() WHERE create_time > now() - interval '1 h'")
    assert sorted(await _list(outbox)) == sorted(sent)
    for number, delivery_id in enumerate(sent):
        await outbox.change(delivery_id, f"create_time = now() + {number} * interval '1 second'")
    assert await _list(outbox) == list(reversed(sent))


async def test_every_field_of_a_filter_restricts(outbox: Outbox) -> None:
    (waits,) = await outbox.send("ada")
    (failed,) = await outbox.send("bob", type="invoice.paid")
    await outbox.end(failed, DeliveryState.EXHAUSTED, "smtp_451", "backup")
    (old,) = await outbox.send("zoe")
    await outbox.change(old, "create_time = '2020-01-01'")
    everything = {waits, failed, old}
    border = {"seconds": 1_600_000_000}
    for fields, expected in (
        ({"states": ["DELIVERY_STATE_EXHAUSTED"]}, {failed}),
        ({"states": ["DELIVERY_STATE_EXHAUSTED", "DELIVERY_STATE_SCHEDULED"]}, everything),
        ({"channels": ["CHANNEL_SMS"]}, set()),
        ({"channels": ["CHANNEL_SMS", "CHANNEL_EMAIL"]}, everything),
        ({"providers": ["backup"]}, {failed}),
        ({"types": ["invoice.paid"]}, {failed}),
        ({"recipient_id": "bob"}, {failed}),
        ({"recipient_id": "nobody"}, set()),
        ({"start_time": border}, {waits, failed}),
        ({"end_time": border}, {old}),
        ({"finish_reasons": ["smtp_451"]}, {failed}),
        ({"recipient_id": "bob", "types": ["scan.completed"]}, set()),
    ):
        assert set(await _list(outbox, **fields)) == expected, fields


async def test_a_page_token_is_of_one_filter_one_call_and_one_tenant(outbox: Outbox) -> None:
    await outbox.send("ada", "bob", "zoe")
    request = pb.ListDeliveriesRequest(page_size=1)
    token = (await outbox.operator.call("ListDeliveries", request)).next_page_token
    stranger = outbox.house.caller(Role.OPERATOR, subject="root", tenant="umbrella")
    for caller, rpc, asked in (
        (stranger, "ListDeliveries", pb.ListDeliveriesRequest(page_token=token)),
        (
            outbox.operator,
            "ListDeliveries",
            pb.ListDeliveriesRequest(page_token=token, filter={"recipient_id": "ada"}),
        ),
        (outbox.operator, "RedriveDeliveries", pb.RedriveDeliveriesRequest(page_token=token)),
        (outbox.operator, "ListDeliveries", pb.ListDeliveriesRequest(page_token=token[:-1])),
    ):
        assert (await caller.refusal(rpc, asked)).reason == "PAGE_TOKEN_INVALID"


async def test_a_delivery_is_told_with_its_attempts_and_events(outbox: Outbox) -> None:
    (delivery_id,) = await outbox.send("ada")
    await outbox.end(delivery_id, DeliveryState.RETRYING, "smtp_451", "first")
    await outbox.change(delivery_id, "finish_time = NULL, finish_reason = NULL")
    await outbox.end(delivery_id, DeliveryState.DELIVERED, None, "second")
    await outbox.execute(
        """INSERT INTO provider_event (tenant, provider, event_id, provider_message_id, inbox_id, seq,
            ordinal, kind, event_time, applied, detail)
        SELECT tenant, 'second', 'e1', 'm1', inbox_id, seq, ordinal, 'bounced', now(), true, '5.1.1'
        FROM delivery"""
    )
    story = (await outbox.operator.call("GetDelivery", pb.GetDeliveryRequest(id=delivery_id))).story
    delivery = story.delivery
    assert (delivery.recipient_id, delivery.type, delivery.address) == (
        "ada",
        "scan.completed",
        "ada@example.com",
    )
    assert (delivery.channel, delivery.state) == (
        types_pb2.CHANNEL_EMAIL,
        pb.DELIVERY_STATE_DELIVERED,
    )
    assert (delivery.provider, delivery.attempt_count) == ("second", 2)
    assert delivery.HasField("finish_time")
    assert not delivery.HasField("next_attempt_time")
    told = [(each.number, each.provider, each.outcome, each.error_class) for each in story.attempts]
    assert told == [(1, "first", "retry", "smtp_451"), (2, "second", "delivered", "")]
    assert [(event.kind, event.detail, event.applied) for event in story.events] == [
        ("bounced", "5.1.1", True)
    ]


async def test_the_story_of_a_notification_is_in_the_order_of_time(outbox: Outbox) -> None:
    (delivery_id,) = await outbox.send("ada")
    await outbox.end(delivery_id, DeliveryState.EXHAUSTED, "timeout")
    notification_id = (
        await outbox.operator.call("GetDelivery", pb.GetDeliveryRequest(id=delivery_id))
    ).story.delivery.notification_id
    ada = outbox.house.user("ada")
    page = await ada.call("List", notifications.ListRequest())
    await ada.call("Ack", notifications.AckRequest(device_id="phone", cursor=page.cursor))
    await ada.call("MarkRead", notifications.MarkReadRequest(ids=[notification_id]))
    explained = await outbox.operator.call(
        "ExplainNotification", pb.ExplainNotificationRequest(id=notification_id)
    )
    assert (explained.sender, explained.recipient_id) == ("billing", "ada")
    times = [(entry.time.seconds, entry.time.nanos) for entry in explained.entries]
    assert times == sorted(times)
    kinds = [pb.StoryEntry.Kind.Name(entry.kind).removeprefix("KIND_") for entry in explained.entries]
    assert kinds[:5] == ["SENT", "DECIDED", "DECIDED", "SHOWN", "QUEUED"]
    assert {"ATTEMPTED", "ATTEMPT_ENDED", "FINISHED", "ACKED", "SEEN", "READ"} == set(kinds[5:])
    decided = {
        (entry.decision.channel, entry.decision.verdict)
        for entry in explained.entries
        if entry.kind == pb.StoryEntry.KIND_DECIDED
    }
    assert decided == {
        (types_pb2.CHANNEL_IN_APP, types_pb2.VERDICT_SEND),
        (types_pb2.CHANNEL_EMAIL, types_pb2.VERDICT_SEND),
    }
    finished = next(entry for entry in explained.entries if entry.kind == pb.StoryEntry.KIND_FINISHED)
    assert (finished.reason, finished.delivery_id) == ("exhausted timeout", delivery_id)
    assert [story.delivery.id for story in explained.deliveries] == [delivery_id]


async def test_a_device_that_is_behind_is_not_in_the_story(outbox: Outbox) -> None:
    await outbox.send("ada")
    ada = outbox.house.user("ada")
    page = await ada.call("List", notifications.ListRequest())
    await ada.call("Ack", notifications.AckRequest(device_id="phone", cursor=page.cursor))
    (later,) = await outbox.send("ada")
    story = (await outbox.operator.call("GetDelivery", pb.GetDeliveryRequest(id=later))).story
    request = pb.ExplainNotificationRequest(id=story.delivery.notification_id)
    explained = await outbox.operator.call("ExplainNotification", request)
    assert pb.StoryEntry.KIND_ACKED not in {entry.kind for entry in explained.entries}


async def test_why_something_was_withdrawn_is_told(outbox: Outbox) -> None:
    (delivery_id,) = await outbox.send("ada")
    story = (await outbox.operator.call("GetDelivery", pb.GetDeliveryRequest(id=delivery_id))).story
    notification_id = story.delivery.notification_id
    await outbox.house.user("ada").call("Delete", notifications.DeleteRequest(ids=[notification_id]))
    request = pb.ExplainNotificationRequest(id=notification_id)
    explained = await outbox.operator.call("ExplainNotification", request)
    removed = next(entry for entry in explained.entries if entry.kind == pb.StoryEntry.KIND_REMOVED)
    assert removed.reason == "deleted"
    assert explained.deliveries[0].delivery.finish_reason == "deleted"


async def test_what_belongs_to_another_tenant_is_not_there(outbox: Outbox) -> None:
    (delivery_id,) = await outbox.send("ada")
    story = (await outbox.operator.call("GetDelivery", pb.GetDeliveryRequest(id=delivery_id))).story
    before = await outbox.row(delivery_id)
    stranger = outbox.house.caller(Role.OPERATOR, subject="root", tenant="umbrella")
    for rpc in ("GetDelivery", "RetryDelivery", "CancelDelivery"):
        for id_ in (delivery_id, "nonsense", "dlv_", story.delivery.notification_id):
            refused = await stranger.refusal(rpc, build(rpc, {"id": id_}))
            assert (refused.code, refused.reason) == (
                grpc.StatusCode.NOT_FOUND,
                "DELIVERY_NOT_FOUND",
            ), (rpc, id_)
    request = pb.ExplainNotificationRequest(id=story.delivery.notification_id)
    assert (await stranger.refusal("ExplainNotification", request)).reason == "NOTIFICATION_NOT_FOUND"
    await outbox.end(delivery_id, DeliveryState.EXHAUSTED, "timeout")
    for fields in ({}, {"recipient_id": "ada"}):
        listed = await stranger.call("ListDeliveries", pb.ListDeliveriesRequest(filter=fields))
        assert not listed.deliveries
        redriven = await stranger.call("RedriveDeliveries", pb.RedriveDeliveriesRequest(filter=fields))
        assert (redriven.redriven_count, redriven.remaining_count) == (0, 0)
    assert (await outbox.row(delivery_id))["fence"] == before["fence"] + 1  # ended by the test alone
