"""What providers tell is applied once, forward only, and to nobody else's deliveries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.kinds import KINDS
from carillon_server.delivery.providers.provider import Message, Workshop
from carillon_server.delivery.routing.catalog import KindCatalog
from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.lane import Lane
from carillon_server.domain.outcome import Delivered, Outcome
from carillon_server.domain.provider_event import Callback
from carillon_server.services.provider_events import MAX_BODY_BYTES, ProviderEventService, RecordedEvents
from carillon_server.services.prune import PruneService
from carillon_server.services.receipts import ReceiptService
from carillon_server.services.secret_box import SecretBox
from carillon_server.storage.database import Database
from carillon_server.testing import SmsGatewayFake, TwilioFake
from tests.delivery.house import House
from tests.delivery.outbox import Outbox
from tests.delivery.sns_topic import SnsTopic, ses_event
from tests.eventually import eventually

TWILIO = TwilioFake()
GATEWAY = SmsGatewayFake()
URL = "https://hooks.example.com/acme/twilio"


def utc_now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(postgres_url, max_connections=10)
    yield database
    await database.close()


@pytest.fixture
async def outbox(database: Database) -> Outbox:
    """Two tenants with the same account of Twilio: the worst case."""
    outbox = Outbox(database, SecretBox([bytes(32)]))
    twilio = {"account_sid": TWILIO.account_sid, "from_number": "+15005550006"}
    gateway = {"url": "https://gateway.example.com/send"}
    for tenant in ("acme", "globex"):
        await outbox.provider(
            "twilio", "twilio", Channel.SMS, twilio, {"auth_token": TWILIO.auth_token}, tenant
        )
        await outbox.provider(
            "gateway",
            "http_sms",
            Channel.SMS,
            gateway,
            {"callback_secrets": [GATEWAY.callback_secret]},
            tenant,
        )
    return outbox


@pytest.fixture
def woken() -> list[Collection[Lane]]:
    """The lanes that workers were told of."""
    return []


@pytest.fixture
def receipts(outbox: Outbox, woken: list[Collection[Lane]]) -> ReceiptService:
    return ReceiptService(outbox.database, woken.append)


@pytest.fixture
def service(outbox: Outbox, receipts: ReceiptService) -> ProviderEventService:
    catalog = KindCatalog(KINDS, Workshop(clock=utc_now, egress=Egress()))
    return ProviderEventService(outbox.database, catalog, outbox.box, utc_now, receipts)


async def tell(
    service: ProviderEventService, sid: str, status: str, code: int | None = None, tenant: str = "acme"
) -> RecordedEvents:
    return await service.record(tenant, "twilio", TWILIO.status_callback(sid, status, URL, code))


async def tell_all(service: ProviderEventService, *events: dict[str, Any]) -> RecordedEvents:
    return await service.record("acme", "gateway", GATEWAY.callback(URL, events))


def event(kind: str, message_id: str = "m1", when: datetime | None = None, **fields: Any) -> dict[str, Any]:
    time = (when or utc_now()).isoformat()
    return {"id": f"{message_id}-{kind}", "message_id": message_id, "kind": kind, "time": time, **fields}


async def test_a_confirmation_is_written_down(outbox: Outbox, service: ProviderEventService) -> None:
    delivery = await outbox.taken("SM1")
    assert await tell(service, "SM1", "delivered") == RecordedEvents(1, 1, 0)
    row = await outbox.find(delivery)
    assert row["state"] == DeliveryState.DELIVERED
    assert row["confirm_time"] is not None
    (kept,) = await outbox.events()
    assert (kept["event_id"], kept["seq"], kept["applied"]) == ("SM1:delivered", delivery.seq, True)


async def test_a_delivery_whose_fate_was_unknown_is_known_now(
    outbox: Outbox, service: ProviderEventService
) -> None:
    good = await outbox.taken("SM1", state=DeliveryState.UNKNOWN)
    bad = await outbox.taken("SM2", state=DeliveryState.UNKNOWN)
    await tell(service, "SM1", "delivered")
    await tell(service, "SM2", "undelivered", 30003)
    good_row, bad_row = await outbox.find(good), await outbox.find(bad)
    assert (good_row["state"], good_row["finish_reason"]) == (DeliveryState.DELIVERED, None)
    assert (bad_row["state"], bad_row["finish_reason"]) == (DeliveryState.REJECTED, "twilio_30003")
    assert await outbox.retired(bad) is None


async def test_a_dead_number_is_retired(outbox: Outbox, service: ProviderEventService) -> None:
    delivery = await outbox.taken("SM1")
    await tell(service, "SM1", "undelivered", 30005)
    assert (await outbox.find(delivery))["state"] == DeliveryState.REJECTED
    assert await outbox.retired(delivery) == "twilio_30005"


async def test_an_endpoint_that_was_put_again_since_stays(
    outbox: Outbox, service: ProviderEventService
) -> None:
    delivery = await outbox.taken("m1", provider="gateway", registered=utc_now())
    await tell_all(service, event("bounced", when=utc_now() - timedelta(minutes=10)))
    assert (await outbox.find(delivery))["state"] == DeliveryState.REJECTED
    assert await outbox.retired(delivery) is None


async def test_a_bounce_after_the_confirmation_retires_the_endpoint_and_takes_nothing_back(
    outbox: Outbox, service: ProviderEventService
) -> None:
    delivery = await outbox.taken("m1", provider="gateway")
    await tell_all(service, event("delivered"))
    assert (await tell_all(service, event("bounced"))).applied == 1
    assert (await outbox.find(delivery))["state"] == DeliveryState.DELIVERED
    assert await outbox.retired(delivery) == "bounced"


async def test_opened_and_clicked_are_written_once_and_confirm(
    outbox: Outbox, service: ProviderEventService
) -> None:
    delivery = await outbox.taken("m1", provider="gateway")
    first, second = utc_now() - timedelta(minutes=2), utc_now() - timedelta(minutes=1)
    await tell_all(service, event("opened", when=first), event("clicked", when=second))
    assert (await tell_all(service, event("opened", when=second, id="again"))).applied == 0
    row = await outbox.find(delivery)
    assert (row["open_time"], row["click_time"], row["confirm_time"]) == (first, second, first)


async def test_what_is_told_twice_changes_nothing(outbox: Outbox, service: ProviderEventService) -> None:
    await outbox.taken("m1", provider="gateway")
    twice = [event("delivered")] * 2
    assert await tell_all(service, *twice) == RecordedEvents(2, 1, 0)
    before = await outbox.snapshot()
    assert await tell_all(service, *twice) == RecordedEvents(2, 0, 0)
    assert await outbox.snapshot() == before


async def test_what_is_told_by_many_at_once_is_applied_once(
    outbox: Outbox, service: ProviderEventService
) -> None:
    await outbox.taken("m1", provider="gateway")
    told = event("delivered")
    results = await asyncio.gather(*(tell_all(service, told) for _ in range(20)))
    assert sum(result.applied for result in results) == 1
    assert len(await outbox.events()) == 1


async def test_contradictions_are_kept_and_change_nothing(
    outbox: Outbox, service: ProviderEventService
) -> None:
    confirmed, failed = await outbox.taken("SM1"), await outbox.taken("SM2")
    await tell(service, "SM1", "delivered")
    assert (await tell(service, "SM1", "undelivered", 30003)).applied == 0
    await tell(service, "SM2", "failed")
    assert (await tell(service, "SM2", "delivered")).applied == 0
    assert (await outbox.find(confirmed))["state"] == DeliveryState.DELIVERED
    assert (await outbox.find(failed))["state"] == DeliveryState.REJECTED
    assert [row["applied"] for row in await outbox.events()] == [True, False, True, False]


async def test_a_failure_of_an_earlier_attempt_says_nothing_of_the_last(
    outbox: Outbox, service: ProviderEventService
) -> None:
    delivery = await outbox.taken("SM1")
    await outbox.attempted(delivery, "SM2", number=2)
    assert (await tell(service, "SM1", "failed")).applied == 0
    assert (await outbox.find(delivery))["state"] == DeliveryState.DELIVERED


async def test_an_event_that_overtakes_the_commit_of_its_attempt_is_not_lost(
    outbox: Outbox, service: ProviderEventService, receipts: ReceiptService
) -> None:
    delivery = await outbox.taken("SM1", with_attempt=False)
    assert await tell(service, "SM1", "delivered") == RecordedEvents(1, 0, 1)
    assert (await receipts.match_late(100)).done == 0
    await outbox.attempted(delivery, "SM1")
    assert (await receipts.match_late(100)).done == 1
    assert (await outbox.find(delivery))["confirm_time"] is not None
    (kept,) = await outbox.events()
    assert (kept["seq"], kept["applied"]) == (delivery.seq, True)
    assert (await receipts.match_late(100)).done == 0


@pytest.mark.parametrize("name", ["{}", "<{}@example.com>"])
async def test_a_message_whose_id_was_never_told_is_found_by_ours(
    outbox: Outbox, service: ProviderEventService, name: str
) -> None:
    delivery = await outbox.taken("", provider="gateway", state=DeliveryState.UNKNOWN)
    told = await tell_all(service, event("delivered", name.format(delivery)))
    assert told == RecordedEvents(1, 1, 0)
    assert (await outbox.find(delivery))["state"] == DeliveryState.DELIVERED


async def test_twilio_names_the_delivery_where_nobody_saw_its_answer(
    outbox: Outbox, service: ProviderEventService
) -> None:
    delivery = await outbox.taken("", state=DeliveryState.UNKNOWN)
    callback = TWILIO.status_callback("SM1", "delivered", f"{URL}?delivery_id={delivery}")
    assert (await service.record("acme", "twilio", callback)).applied == 1
    assert (await outbox.find(delivery))["state"] == DeliveryState.DELIVERED


async def test_an_event_about_an_attempt_under_way_waits_for_its_end(
    outbox: Outbox, service: ProviderEventService, receipts: ReceiptService
) -> None:
    delivery = await outbox.taken("", state=DeliveryState.ATTEMPTING)
    callback = TWILIO.status_callback("SM1", "undelivered", f"{URL}?delivery_id={delivery}", 30005)
    assert (await service.record("acme", "twilio", callback)).unmatched == 1
    assert (await receipts.match_late(100)).done == 0
    async with outbox.database.connection() as connection:
        await connection.execute("UPDATE delivery SET state = 8")
    assert (await receipts.match_late(100)).done == 1
    assert (await outbox.find(delivery))["state"] == DeliveryState.REJECTED
    assert await outbox.retired(delivery) == "twilio_30005"


async def test_an_event_names_no_delivery_of_somebody_else(
    outbox: Outbox, service: ProviderEventService
) -> None:
    theirs = await outbox.taken("", tenant="globex", state=DeliveryState.UNKNOWN)
    other = await outbox.taken("", provider="twilio-2", state=DeliveryState.UNKNOWN)
    for number, delivery in enumerate((theirs, other)):
        callback = TWILIO.status_callback(f"SM{number}", "delivered", f"{URL}?delivery_id={delivery}")
        assert (await service.record("acme", "twilio", callback)).unmatched == 1
        assert (await outbox.find(delivery))["state"] == DeliveryState.UNKNOWN
    assert [row["inbox_id"] for row in await outbox.events()] == [None, None]


async def test_two_workers_that_match_at_once_apply_it_once(
    outbox: Outbox, service: ProviderEventService, receipts: ReceiptService
) -> None:
    deliveries = [await outbox.taken(f"SM{number}", with_attempt=False) for number in range(10)]
    for number in range(10):
        await tell(service, f"SM{number}", "undelivered", 30005)
    for number, delivery in enumerate(deliveries):
        await outbox.attempted(delivery, f"SM{number}")
    await asyncio.gather(*(receipts.match_late(100) for _ in range(4)))
    for delivery in deliveries:
        assert (await outbox.find(delivery))["state"] == DeliveryState.REJECTED
        assert await outbox.retired(delivery) == "twilio_30005"
    assert all(row["applied"] for row in await outbox.events())


@pytest.mark.parametrize(
    ("provider", "tenant"),
    [("twilio", "globex"), ("twilio-2", "acme")],
    ids=["another tenant's", "another provider's"],
)
async def test_a_message_of_somebody_else_is_not_touched(
    outbox: Outbox, service: ProviderEventService, receipts: ReceiptService, provider: str, tenant: str
) -> None:
    delivery = await outbox.taken("SM1", provider=provider, tenant=tenant)
    assert (await tell(service, "SM1", "undelivered", 30005)).unmatched == 1
    await receipts.match_late(100)
    row = await outbox.find(delivery)
    assert (row["state"], row["confirm_time"]) == (DeliveryState.DELIVERED, None)
    assert await outbox.retired(delivery) is None


async def test_a_callback_is_good_for_the_provider_that_signed_it_alone(
    outbox: Outbox, service: ProviderEventService
) -> None:
    await outbox.taken("SM1")
    callback = TWILIO.status_callback("SM1", "delivered", URL)
    for tenant, provider, reason in (
        ("acme", "gateway", Reason.CALLBACK_REFUSED),
        ("acme", "nobody", Reason.PROVIDER_NOT_FOUND),
        ("initech", "twilio", Reason.PROVIDER_NOT_FOUND),
        ("", "twilio", Reason.PROVIDER_NOT_FOUND),
    ):
        with pytest.raises(Refusal) as refusal:
            await service.record(tenant, provider, callback)
        assert refusal.value.reason is reason


GOOD = GATEWAY.callback(URL, [event("delivered")])


@pytest.mark.parametrize(
    "callback",
    [
        Callback("", {}, b""),
        replace(GOOD, headers={**GOOD.headers, "webhook-signature": "v1,AAAA"}),
        replace(GOOD, body=GOOD.body.replace(b"delivered", b"bounced")),
        replace(GOOD, body=b"x" * (MAX_BODY_BYTES + 1)),
        SmsGatewayFake(callback_secret="whsec_" + "A" * 32).callback(URL, [event("delivered")]),
        GATEWAY.callback(URL, [event("delivered", when=utc_now() + timedelta(hours=1))]),
        GATEWAY.callback(URL, [event("delivered"), event("exploded")]),
        GATEWAY.callback(URL, [event("delivered"), event("opened", when=datetime(1970, 1, 1, tzinfo=UTC))]),
        GATEWAY.callback(URL, [event("delivered", time="0001-01-01T00:00:00+14:00")]),
        GATEWAY.callback(URL, [event("delivered", id="x" * 501)]),
        GATEWAY.callback(URL, [event("delivered", id="a\x00b")]),
        GATEWAY.callback(URL, [event("delivered", message_id="a\x00b")]),
        GATEWAY.callback(URL, [event("delivered", id=str(number)) for number in range(1_001)]),
        TWILIO.status_callback("SM1", "delivered", URL),
    ],
)
async def test_what_is_refused_changes_nothing(
    outbox: Outbox, service: ProviderEventService, callback: Callback
) -> None:
    await outbox.taken("m1", provider="gateway")
    before = await outbox.snapshot()
    with pytest.raises(Refusal) as refusal:
        await service.record("acme", "gateway", callback)
    assert refusal.value.reason is Reason.CALLBACK_REFUSED
    assert await outbox.snapshot() == before


async def test_whatever_a_detail_holds_can_be_kept(outbox: Outbox, service: ProviderEventService) -> None:
    await outbox.taken("m1", provider="gateway")
    await tell_all(service, event("failed", detail="a\x00b\r\nc\u202e" + "x" * 9_000, reason="\x00" * 3))
    (kept,) = await outbox.events()
    assert kept["detail"].startswith("a b c xxx")
    assert len(kept["detail"]) == 500


async def test_a_clock_that_is_a_little_ahead_is_taken_for_now(
    outbox: Outbox, service: ProviderEventService
) -> None:
    delivery = await outbox.taken("m1", provider="gateway")
    await tell_all(service, event("delivered", when=utc_now() + timedelta(minutes=4)))
    assert (await outbox.find(delivery))["confirm_time"] <= utc_now()


async def test_secrets_that_cannot_be_opened_are_our_trouble_not_the_providers(
    outbox: Outbox, service: ProviderEventService
) -> None:
    async with outbox.database.connection() as connection:
        await connection.execute("UPDATE provider SET secrets = '\\x01'")
    with pytest.raises(Refusal) as refusal:
        await tell(service, "SM1", "delivered")
    assert refusal.value.reason is Reason.UNAVAILABLE


async def test_settings_that_no_longer_hold_refuse_the_callback(
    outbox: Outbox, service: ProviderEventService
) -> None:
    async with outbox.database.connection() as connection:
        await connection.execute("UPDATE provider SET settings = $1", json.dumps({"nonsense": 1}))
    with pytest.raises(Refusal) as refusal:
        await tell(service, "SM1", "delivered")
    assert refusal.value.reason is Reason.CALLBACK_REFUSED


async def test_a_failure_told_afterwards_calls_up_the_next_of_the_chain(
    outbox: Outbox, service: ProviderEventService, woken: list[Collection[Lane]]
) -> None:
    delivery = await outbox.taken("SM1", reserve=True)
    reserve = DeliveryId(delivery.inbox_id, delivery.seq, 1)
    await tell(service, "SM1", "undelivered", 30003)
    row = await outbox.find(reserve)
    assert row["state"] == DeliveryState.SCHEDULED
    assert row["next_attempt_time"] <= utc_now() + timedelta(seconds=1)
    assert woken == [{Lane.URGENT}]


async def test_an_arrival_told_afterwards_lets_the_rest_of_the_chain_go(
    outbox: Outbox, service: ProviderEventService, woken: list[Collection[Lane]]
) -> None:
    delivery = await outbox.taken("SM1", state=DeliveryState.UNKNOWN, reserve=True)
    await tell(service, "SM1", "delivered")
    row = await outbox.find(DeliveryId(delivery.inbox_id, delivery.seq, 1))
    assert (row["state"], row["finish_reason"]) == (DeliveryState.CANCELLED, "not_needed")
    assert not woken


async def test_what_providers_told_is_forgotten_after_a_month(
    outbox: Outbox, service: ProviderEventService
) -> None:
    await tell(service, "SM1", "delivered")
    await tell(service, "SM2", "delivered")
    async with outbox.database.connection() as connection:
        await connection.execute(
            "UPDATE provider_event SET receive_time = now() - interval '31 days' "
            "WHERE event_id = 'SM1:delivered'"
        )
    prune = PruneService(
        outbox.database, request_retention_seconds=86_400, tombstone_retention_seconds=86_400
    )
    assert (await prune.prune(100)).done == 1
    assert [row["provider_message_id"] for row in await outbox.events()] == ["SM2"]


class Hasty:
    """A provider whose callback is here before its answer."""

    name = "gateway"

    def __init__(self, service: ProviderEventService) -> None:
        self._service = service
        self.told: list[RecordedEvents] = []

    async def send(self, message: Message) -> Outcome:
        message_id = str(message.delivery_id)
        self.told.append(await tell_all(self._service, event("delivered", message_id)))
        return Delivered(message_id)

    async def close(self) -> None:
        pass


async def test_a_worker_matches_what_overtook_it(
    outbox: Outbox, service: ProviderEventService, house: House
) -> None:
    await house.people("ann")
    await house.send("ann")
    hasty = Hasty(service)
    async with house.working({Channel.EMAIL: hasty}):

        async def confirmed() -> bool:
            return [row["confirm_time"] is not None for row in await house.deliveries()] == [True]

        await eventually(confirmed)
    assert hasty.told == [RecordedEvents(1, 0, 1)]
    assert [row["applied"] for row in await outbox.events()] == [True]


async def test_what_ses_tells_of_a_mail_finds_it_by_our_message_id(
    outbox: Outbox, service: ProviderEventService
) -> None:
    topic = SnsTopic()
    settings = {"host": "email-smtp.example.com", "sns_topic_arn": topic.arn, "sns_certificate": topic.pem}
    await outbox.provider("mail", "smtp", Channel.EMAIL, settings, {}, "acme")
    delivery = await outbox.taken("<dlv_1@example.com>", provider="mail")
    bounce = ses_event("Bounce", "<dlv_1@example.com>", bounceType="Permanent")
    when = (utc_now() - timedelta(seconds=5)).isoformat()
    bounce["bounce"]["timestamp"] = when
    callback = topic.callback(bounce)
    assert await service.record("acme", "mail", callback) == RecordedEvents(1, 1, 0)
    assert await service.record("acme", "mail", callback) == RecordedEvents(1, 0, 0)
    assert (await outbox.find(delivery))["state"] == DeliveryState.REJECTED
    assert await outbox.retired(delivery) == "bounced"
