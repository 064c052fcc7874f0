"""What a Send promises by e-mail arrives over real SMTP."""

from __future__ import annotations

from carillon_server.domain.channel import Channel
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.ids import DeliveryId
from tests.delivery.house import House, payload
from tests.delivery.relay import Relay


async def test_a_send_arrives_as_a_mail(house: House, relay: Relay) -> None:
    await house.people("ann")
    content = payload("Invoice 7 is paid", body="Thank you.", action_url="https://app.example.com/7")
    async with house.working():
        await house.send("ann", payload=content)
        (mail,) = await relay.wait_for(1)
        (row,) = await house.settled({DeliveryState.DELIVERED})
    assert (mail.sender, mail.recipient) == ("carillon@localhost", "ann@example.com")
    assert mail.message["Subject"] == "Invoice 7 is paid"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    delivery_id = DeliveryId(row["inbox_id"], row["seq"], row["ordinal"])
    assert mail.message["Message-ID"] == f"<{delivery_id}@localhost>"
    for kind in ("plain", "html"):
        part = mail.message.get_body((kind,))
        assert part is not None
        assert "Thank you." in part.get_content()
        assert "https://app.example.com/7" in part.get_content()
    (attempt,) = await house.attempts()
    assert (attempt["provider"], attempt["outcome"]) == ("smtp", "delivered")
    assert attempt["provider_message_id"] == mail.message["Message-ID"]
    assert row["finish_time"] is not None


async def test_a_mail_refused_for_now_is_sent_again_under_the_same_id(house: House, relay: Relay) -> None:
    await house.people("ann")
    relay.recipient_answers.extend(["451 4.3.0 try later", "250 OK"])
    relay.data_answers.append("452 4.2.2 too busy")
    async with house.working():
        await house.send("ann")
        (row,) = await house.settled({DeliveryState.DELIVERED})
    attempts = await house.attempts()
    assert [a["outcome"] for a in attempts] == ["retry", "retry", "delivered"]
    assert [a["error_class"] for a in attempts] == ["smtp_451", "smtp_452", None]
    assert row["attempt_count"] == 3
    assert len(relay.mails) == 1


async def test_a_mail_refused_for_good_is_rejected_at_once(house: House, relay: Relay) -> None:
    await house.people("ann")
    relay.data_answers.append("554 5.7.1 looks like spam")
    async with house.working():
        await house.send("ann")
        (row,) = await house.settled({DeliveryState.REJECTED})
    assert (row["attempt_count"], row["finish_reason"]) == (1, "smtp_554")
    assert relay.mails == []


async def test_a_mailbox_that_does_not_exist_retires_its_endpoint(house: House, relay: Relay) -> None:
    await house.people("ann")
    relay.recipient_answers.append("550 5.1.1 no such user")
    async with house.working():
        await house.send("ann")
        await house.settled({DeliveryState.REJECTED})
    (endpoint,) = await house.database.fetch("SELECT retire_time, retire_reason FROM endpoint")
    assert endpoint["retire_time"] is not None
    assert endpoint["retire_reason"] == "smtp_5.1.1"
    outcome = await house.send("ann")
    assert [d.channel for d in outcome.results[0].decisions if d.verdict == 1] == [Channel.IN_APP]


async def test_a_relay_that_is_away_is_found_when_it_is_back(house: House, relay: Relay) -> None:
    await house.people("ann")
    await relay.stop()
    async with house.working():
        await house.send("ann")
        await house.settled({DeliveryState.RETRYING})
        await relay.start()
        await house.settled({DeliveryState.DELIVERED})
    assert (await house.attempts())[0]["error_class"] == "unreachable"
    assert len(relay.mails) == 1


async def test_attempts_run_out(house: House, relay: Relay) -> None:
    await house.people("ann")
    relay.recipient_answers.extend(["450 4.2.1 later"] * 20)
    async with house.working():
        await house.send("ann")
        (row,) = await house.settled({DeliveryState.EXHAUSTED})
    assert (row["attempt_count"], row["finish_reason"]) == (6, "smtp_450")
    assert row["lease_expire_time"] is None


async def test_connections_are_kept_and_replaced_when_the_relay_hangs_up(house: House, relay: Relay) -> None:
    await house.people("ann")
    async with house.working():
        for expected in range(1, 4):
            await house.send("ann")
            await relay.wait_for(expected)
            await house.settled({DeliveryState.DELIVERED})
        assert relay.connections == 1
        relay.hang_up()
        await house.send("ann")
        await relay.wait_for(4)
        rows = await house.settled({DeliveryState.DELIVERED})
    assert relay.connections == 2
    assert {row["attempt_count"] for row in rows} == {1}
