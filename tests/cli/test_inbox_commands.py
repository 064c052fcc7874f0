"""Sending, reading and marking from scripts: JSON out, everything through the client."""

from __future__ import annotations

import pytest

from tests.cli.command import Run


def send(carillon: Run, title: str = "Your scan is ready", *options: object) -> str:
    sent = carillon("send", "scan.completed", "--to", "user-a", "--title", title, *options).document
    notification_id: str = sent["results"][0]["notification_id"]
    return notification_id


def test_what_is_sent_is_listed_newest_first(carillon: Run) -> None:
    first, second = send(carillon, "first"), send(carillon, "second")
    assert [held["id"] for held in carillon("list").lines] == [second, first]


def test_every_option_of_send_reaches_the_notification(carillon: Run) -> None:
    notification_id = send(
        carillon,
        "Title",
        *("--body", "Body", "--url", "/scans/7", "--icon", "check", "--data", '{"pages": 12}'),
        *("--priority", "high", "--label", "folder=work", "--label", "team=a", "--category", "scans"),
        *("--thread", "t1", "--collapse", "c1", "--actor", "user-z", "--expire-in", "2h"),
    )
    held = carillon("show", notification_id).document
    assert held["content"] == {"title": "Title", "body": "Body", "action_url": "/scans/7", "icon": "check"}
    assert held["data"] == {"pages": 12}
    assert held["priority"] == "PRIORITY_HIGH"
    assert held["labels"] == {"folder": "work", "team": "a"}
    assert (held["category"], held["thread_key"], held["collapse_key"]) == ("scans", "t1", "c1")
    assert held["actor_id"] == "user-z"
    assert held["expire_time"] > held["create_time"]


def test_one_send_reaches_recipients_given_one_by_one_or_with_commas(carillon: Run) -> None:
    sent = carillon("send", "t", "--to", "user-a,user-b", "--to", "user-c", "--title", "x").document
    assert [result["recipient_id"] for result in sent["results"]] == ["user-a", "user-b", "user-c"]


def test_a_dry_run_stores_nothing(carillon: Run) -> None:
    sent = carillon("send", "t", "--to", "user-a", "--title", "x", "--dry-run").document
    assert "notification_id" not in sent["results"][0]
    assert carillon("list").lines == []


def test_the_same_request_id_sends_once(carillon: Run) -> None:
    arguments = ("send", "t", "--to", "user-a", "--title", "x", "--request-id", "event-1")
    first, second = carillon(*arguments).document, carillon(*arguments).document
    assert second == {**first, "replayed": True}
    assert len(carillon("list").lines) == 1


def test_a_scheduled_notification_is_cancelled_by_its_request_id(carillon: Run) -> None:
    send(carillon, "later", "--deliver-in", "1h", "--request-id", "r1")
    cancelled = carillon("cancel", "--request-id", "r1").document
    assert cancelled["cancelled_notification_count"] == "1"


@pytest.mark.parametrize(
    ("mark", "undo", "field"),
    [("read", "unread", "read_time"), ("archive", "unarchive", "archive_time"), ("pin", "unpin", "pin_time")],
)
def test_a_mark_is_set_and_taken_away(carillon: Run, mark: str, undo: str, field: str) -> None:
    notification_id = send(carillon)
    assert carillon(mark, notification_id).document["changed_count"] == "1"
    assert field in carillon("show", notification_id).document
    carillon(undo, notification_id)
    assert field not in carillon("show", notification_id).document


def test_delete_removes(carillon: Run) -> None:
    notification_id = send(carillon)
    carillon("delete", notification_id)
    assert carillon("show", notification_id).exit_code == 1


def test_all_marks_what_the_filters_let_through(carillon: Run) -> None:
    send(carillon, "other", "--category", "other")
    kept = send(carillon, "kept", "--category", "kept")
    assert carillon("read", "--all", "--category", "other").document["changed_count"] == "1"
    assert [held["id"] for held in carillon("list", "--unread").lines] == [kept]


@pytest.mark.parametrize(
    "options",
    [
        ["--type", "scan.completed"],
        ["--category", "scans"],
        ["--label", "folder=work"],
        ["--thread", "t1"],
        ["--unread"],
        ["--since", "2020-01-01"],
    ],
)
def test_a_filter_keeps_what_matches(carillon: Run, options: list[str]) -> None:
    match = send(carillon, "match", "--category", "scans", "--label", "folder=work", "--thread", "t1")
    other = carillon("send", "other", "--to", "user-a", "--title", "x").document["results"][0][
        "notification_id"
    ]
    carillon("read", other)
    listed = {held["id"] for held in carillon("list", *options).lines}
    assert match in listed
    assert (other in listed) is (options[0] == "--since")


def test_limit_reads_over_pages(carillon: Run) -> None:
    for _ in range(3):
        send(carillon)
    assert len(carillon("list", "--limit", 2).lines) == 2


def test_counts_are_those_of_the_inbox(carillon: Run) -> None:
    carillon("read", send(carillon))
    send(carillon)
    assert carillon("counts").document["counts"] == {
        "total_count": "2",
        "unread_count": "1",
        "unseen_count": "1",
    }


def test_recipient_is_read_with_the_gateways_token(carillon: Run) -> None:
    send(carillon)
    assert len(carillon("list", "--recipient", "user-a").lines) == 1
    assert carillon("list", "--recipient", "user-a", "--as", "user-b").exit_code == 1
