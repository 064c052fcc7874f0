"""P27: the browser gateway keeps the promises of `Subscribe` unchanged."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from carillon import AsyncClient
from carillon.testing import FakeCarillon
from carillon_gateway import stream
from carillon_gateway.settings import Settings
from tests.gateway.browser import Browser, Event
from tests.gateway.conftest import running_gateway
from tests.running import Issuer, make_settings, running_server

ROUNDS = 40


async def send(producer: AsyncClient, title: str) -> str:
    sent = await producer.send(recipient_ids=["user-a"], type="t", content={"title": title})
    return sent.results[0].notification_id


async def following(events: AsyncIterator[Event], *names: str) -> list[Event]:
    """The next events, by these names."""
    found: list[Event] = []
    for name in names:
        event = await anext(event async for event in events if event.name)
        assert event.name == name
        found.append(event)
    return found


def ids_of(event: Event) -> list[str]:
    return [notification["id"] for notification in event.document["notifications"]]


async def test_a_stream_starts_with_a_snapshot_and_goes_on_live(
    user_a: Browser, producer: AsyncClient
) -> None:
    before = await send(producer, "before")
    async with user_a.stream() as events:
        ready, snapshot = await following(events, "ready", "snapshot")
        assert ready.id == ""
        assert ids_of(snapshot) == [before]
        after = await send(producer, "after")
        [created] = await following(events, "created")
        assert ids_of(created) == [after]
        assert created.document["counts"]["unreadCount"] == "2"


async def cut_at_random(browser: Browser, producer: AsyncClient) -> tuple[list[str], list[str]]:
    """The ids sent and the ids seen, in order, by a browser that loses its connection again and again."""
    rng = random.Random(27)
    sent: list[str] = []
    seen: list[str] = []
    async with browser.stream() as events:
        _, snapshot = await following(events, "ready", "snapshot")
    last_id = snapshot.id
    for number in range(ROUNDS):
        # Some are sent while nobody listens, some while they do, and some are in flight when the line is cut.
        sent += [await send(producer, f"{number} away") for _ in range(rng.randint(0, 2))]
        async with browser.wearing(last_event_id=last_id).stream() as events:
            await following(events, "ready")
            sent += [await send(producer, f"{number} live") for _ in range(rng.randint(1, 3))]
            while len(seen) < len(sent) and (len(sent) - len(seen) > 1 or rng.random() < 0.5):
                [created] = await following(events, "created")
                last_id = created.id
                seen += ids_of(created)
    async with browser.wearing(last_event_id=last_id).stream() as events:
        await following(events, "ready")
        while len(seen) < len(sent):
            [created] = await following(events, "created")
            seen += ids_of(created)
    return sent, seen


async def test_p27_reconnecting_browsers_miss_and_repeat_nothing(
    user_a: Browser, producer: AsyncClient
) -> None:
    sent, seen = await cut_at_random(user_a, producer)
    assert seen == sent


async def test_p27_holds_before_the_real_service(postgres_url: str, redis_url: str, tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    async with (
        running_server(make_settings(postgres_url, redis_url, issuer)) as target,
        running_gateway(Settings(target=target)) as port,
        AsyncClient(target, token=issuer.token("demo", "shop", ["notifications.send"])) as producer,
    ):
        token = issuer.token("demo", "user-a", ["inbox"])
        sent, seen = await cut_at_random(Browser(port, authorization=f"Bearer {token}"), producer)
        assert seen == sent


async def test_p27_any_gateway_can_take_over(user_a: Browser, demo: Settings, producer: AsyncClient) -> None:
    async with user_a.stream() as events:
        _, snapshot = await following(events, "ready", "snapshot")
    missed = await send(producer, "missed")
    async with running_gateway(demo) as other:
        headers = {"authorization": user_a.headers["authorization"], "last_event_id": snapshot.id}
        async with Browser(other, **headers).stream() as events:
            _, created = await following(events, "ready", "created")
            assert ids_of(created) == [missed]


async def test_the_id_of_the_last_event_wins_over_the_cursor_of_the_page(
    user_a: Browser, producer: AsyncClient
) -> None:
    page = (await user_a.get("/v1/notifications")).document["cursor"]
    await send(producer, "seen")
    async with user_a.stream(f"/v1/stream?cursor={page}") as events:
        _, seen = await following(events, "ready", "created")
    missed = await send(producer, "missed")
    async with user_a.wearing(last_event_id=seen.id).stream(f"/v1/stream?cursor={page}") as events:
        _, created = await following(events, "ready", "created")
        assert ids_of(created) == [missed]


async def test_p27_a_cursor_that_is_too_old_is_told(
    user_a: Browser, service: FakeCarillon, producer: AsyncClient
) -> None:
    async with user_a.stream() as events:
        _, snapshot = await following(events, "ready", "snapshot")
    kept = await send(producer, "kept")
    service.forget_history("user-a")
    async with user_a.wearing(last_event_id=snapshot.id).stream() as events:
        _, _, fresh = await following(events, "ready", "reset", "snapshot")
        assert ids_of(fresh) == [kept]


async def test_browsers_see_nothing_of_a_rolling_restart(
    user_a: Browser, service: FakeCarillon, producer: AsyncClient
) -> None:
    async with user_a.stream() as events:
        await following(events, "ready", "snapshot")
        service.drain_streams()
        after = await send(producer, "after")
        [created] = await following(events, "created")
        assert ids_of(created) == [after]


async def test_a_stream_ends_when_the_service_is_away_and_asks_to_come_back(
    user_a: Browser, service: FakeCarillon
) -> None:
    service.fail_next("UNAVAILABLE", times=100)
    async with user_a.stream() as events:
        [refused] = await following(events, "refused")
        assert refused.document == {"reason": "UNAVAILABLE"}
        assert refused.retry
        assert [event async for event in events] == []


async def test_quiet_streams_carry_comments(user_a: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "COMMENT_SECONDS", 0.05)
    async with user_a.stream() as events:
        await following(events, "ready", "snapshot")
        assert (await anext(events)).comments


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic x"}])
async def test_bad_credentials_are_refused_before_the_stream(gateway: int, headers: dict[str, str]) -> None:
    answer = await Browser(gateway, **headers).get("/v1/stream")
    assert (answer.status, answer.document["reason"]) == (401, "CREDENTIALS_INVALID")


async def test_one_gateway_serves_each_their_own(
    user_a: Browser, gateway: int, service: FakeCarillon, producer: AsyncClient
) -> None:
    user_b = Browser(gateway, authorization=f"Bearer {service.token('user', 'user-b')}")
    async with user_a.stream() as of_a, user_b.stream() as of_b:
        await following(of_a, "ready", "snapshot")
        await following(of_b, "ready", "snapshot")
        await producer.send(recipient_ids=["user-b"], type="t", content={"title": "for b"})
        await producer.send(recipient_ids=["user-a"], type="t", content={"title": "for a"})
        [for_a], [for_b] = await following(of_a, "created"), await following(of_b, "created")
        titles = [event.document["notifications"][0]["content"]["title"] for event in (for_a, for_b)]
        assert titles == ["for a", "for b"]
