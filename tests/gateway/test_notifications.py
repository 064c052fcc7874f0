"""The inbox as JSON over HTTP."""

from __future__ import annotations

import pytest

from carillon import AsyncClient
from carillon.testing import FakeCarillon
from carillon_gateway.documents import MAX_BODY_BYTES
from tests.gateway.browser import Browser


async def send(producer: AsyncClient) -> str:
    content = {"title": "x", "actions": [{"id": "ok", "label": "OK"}]}
    sent = await producer.send(recipient_ids=["user-a"], type="t", content=content)  # type: ignore[arg-type]  # a plain dict
    return sent.results[0].notification_id


async def test_a_page_has_exact_counters_and_a_cursor(user_a: Browser, producer: AsyncClient) -> None:
    first, second = await send(producer), await send(producer)
    page = (await user_a.get("/v1/notifications?pageSize=1")).document
    assert [held["id"] for held in page["notifications"]] == [second]
    assert (page["unreadCount"], page["totalCount"]) == ("2", "2")
    assert page["cursor"]
    older = (await user_a.get(f"/v1/notifications?pageSize=1&pageToken={page['nextPageToken']}")).document
    assert [held["id"] for held in older["notifications"]] == [first]


@pytest.mark.parametrize(
    ("mark", "undo", "field"),
    [
        ("markRead", "markUnread", "readTime"),
        ("archive", "unarchive", "archiveTime"),
        ("pin", "unpin", "pinTime"),
    ],
)
async def test_a_mark_is_set_and_taken_away(
    user_a: Browser, producer: AsyncClient, mark: str, undo: str, field: str
) -> None:
    ids = {"ids": [await send(producer)]}
    archived = str(mark == "archive").lower()
    assert (await user_a.post(f"/v1/notifications:{mark}", ids)).document["changedCount"] == "1"
    [marked] = (await user_a.get(f"/v1/notifications?archived={archived}")).document["notifications"]
    assert field in marked
    await user_a.post(f"/v1/notifications:{undo}", ids)
    [unmarked] = (await user_a.get("/v1/notifications?archived=false")).document["notifications"]
    assert field not in unmarked


async def test_all_can_be_marked_up_to_a_cursor(user_a: Browser, producer: AsyncClient) -> None:
    await send(producer)
    cursor = (await user_a.get("/v1/notifications")).document["cursor"]
    since = await send(producer)
    await user_a.post("/v1/notifications:markRead", {"all": True, "untilCursor": cursor})
    unread = (await user_a.get("/v1/notifications?unread=true")).document["notifications"]
    assert [held["id"] for held in unread] == [since]


async def test_delete_and_seen_are_there_too(user_a: Browser, producer: AsyncClient) -> None:
    ids = {"ids": [await send(producer)]}
    seen = (await user_a.post("/v1/notifications:markSeen", ids)).document
    assert seen["counts"]["unseenCount"] == "0"
    gone = (await user_a.post("/v1/notifications:delete", ids)).document
    assert gone["counts"]["totalCount"] == "0"


async def test_a_pressed_button_is_recorded(user_a: Browser, producer: AsyncClient) -> None:
    path = f"/v1/notifications/{await send(producer)}:recordAction"
    recorded = (await user_a.post(path, {"actionId": "ok"})).document
    assert recorded["notification"]["actionTaken"]["actionId"] == "ok"
    assert (await user_a.post(path, {"actionId": "other"})).status == 404


async def test_counts_are_the_services_own(user_a: Browser, producer: AsyncClient) -> None:
    await send(producer)
    assert (await user_a.get("/v1/counts")).document["counts"]["unreadCount"] == "1"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff",
        b'{"ids": "x"}',
        b'{"ids": [1]}',
        b'{"all": true, "untilCursor": 7}',
        b'{"ids": ["' + b"x" * MAX_BODY_BYTES + b'"]}',
        b"[" * 100_000,
    ],
    ids=["cut", "list", "not-utf8", "text-ids", "number-ids", "number-cursor", "huge", "deep"],
)
async def test_a_body_that_makes_no_sense_is_refused(user_a: Browser, body: bytes) -> None:
    answer = await user_a.post("/v1/notifications:markRead", body)
    assert (answer.status, answer.document["reason"]) == (400, "FIELD_INVALID")


@pytest.mark.parametrize("query", ["pageSize=x", "pageSize=-1", "pageToken=nonsense"])
async def test_a_query_that_makes_no_sense_is_refused(user_a: Browser, query: str) -> None:
    assert (await user_a.get(f"/v1/notifications?{query}")).status == 400


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("FIELD_INVALID", 400),
        ("CREDENTIALS_INVALID", 401),
        ("SCOPE_MISSING", 403),
        ("NOTIFICATION_NOT_FOUND", 404),
        ("ACTION_ALREADY_TAKEN", 409),
        ("MESSAGE_TOO_LARGE", 429),
        ("INTERNAL", 502),
        ("UNAVAILABLE", 503),
        ("DEADLINE_EXCEEDED", 504),
    ],
)
async def test_each_refusal_has_its_status(
    user_a: Browser, service: FakeCarillon, reason: str, status: int
) -> None:
    service.fail_next(reason, times=10)
    answer = await user_a.get("/v1/counts")
    assert (answer.status, answer.document["reason"]) == (status, reason)


async def test_an_unknown_mark_is_not_found(user_a: Browser) -> None:
    assert (await user_a.post("/v1/notifications:explode", {})).status == 404
