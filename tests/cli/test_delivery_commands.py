"""What operators see of deliveries and do with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from carillon.testing import FakeCarillon
from tests.cli.command import Run
from tests.cli.terminal import Terminal


def _send(carillon: Run, *names: str) -> list[str]:
    """To people at whose addresses nothing arrives; the ids of the notifications."""
    for name in names:
        carillon("recipients", "upsert", name, "--email", f"unreachable.{name}@example.com")
    sent = carillon("send", "scan.completed", "--title", "Done", *(f"--to={name}" for name in names))
    return [result["notification_id"] for result in sent.document["results"]]


def _states(carillon: Run, *options: str) -> list[str]:
    listed = carillon("deliveries", "list", *options).lines
    return [delivery["state"].removeprefix("DELIVERY_STATE_").lower() for delivery in listed]


def test_deliveries_are_listed_by_what_they_are(carillon: Run) -> None:
    _send(carillon, "ada", "bob")
    assert _states(carillon) == ["retrying", "retrying"]
    assert _states(carillon, "--recipient", "ada", "--state", "retrying", "--channel", "email") == [
        "retrying"
    ]
    assert _states(carillon, "--state", "delivered") == []
    assert _states(carillon, "--limit", "1") == ["retrying"]


def test_a_delivery_is_shown_cancelled_and_tried_again(carillon: Run) -> None:
    _send(carillon, "ada")
    [delivery] = carillon("deliveries", "list").lines
    story = carillon("deliveries", "show", delivery["id"]).document
    assert story["attempts"][0]["outcome"] == "retry"
    cancelled = carillon("deliveries", "cancel", delivery["id"]).document
    assert cancelled["finish_reason"] == "cancelled"
    assert carillon("deliveries", "retry", delivery["id"]).document["state"] == "DELIVERY_STATE_SCHEDULED"
    refused = carillon("deliveries", "retry", delivery["id"])
    assert refused.exit_code == 1
    assert "DELIVERY_NOT_RETRYABLE" in refused.stderr


def test_a_redrive_counts_asks_and_takes(carillon: Run, service: FakeCarillon) -> None:
    _send(carillon, "ada", "bob", "eve")
    service.exhaust_deliveries()
    dry = carillon("deliveries", "redrive", "--dry-run").document
    assert dry == {"redriven_count": 0, "remaining_count": 3}
    assert carillon("deliveries", "redrive").exit_code != 0  # nobody says yes
    assert _states(carillon, "--state", "exhausted") == ["exhausted"] * 3
    one = carillon("deliveries", "redrive", "--recipient", "ada", "--yes").document
    assert one == {"redriven_count": 1, "remaining_count": 0}
    assert carillon("deliveries", "redrive", "--yes").document["redriven_count"] == 2
    assert _states(carillon, "--state", "exhausted") == []


def test_a_notification_explains_itself(carillon: Run) -> None:
    [notification_id] = _send(carillon, "ada")
    told = carillon("explain", notification_id).document
    kinds = [entry["kind"].removeprefix("KIND_") for entry in told["entries"]]
    assert kinds[0] == "SENT"
    assert "ATTEMPT_ENDED" in kinds


def test_numbers_come_by_what_is_asked(carillon: Run) -> None:
    _send(carillon, "ada")
    rows = {row["channel"]: row for row in carillon("stats", "--by", "channel").lines}
    assert rows["CHANNEL_EMAIL"]["sent_count"] == "1"
    assert rows["CHANNEL_IN_APP"]["delivered_count"] == "1"
    assert carillon("stats", "--bucket", "hour").lines[0]["start_time"]


def test_on_a_terminal_a_story_is_told(carillon: Run, service: FakeCarillon, data_dir: Path) -> None:
    _send(carillon, "ada")
    service.exhaust_deliveries()
    [delivery] = carillon("deliveries", "list").lines
    with Terminal(["deliveries", "show", delivery["id"], "--data-dir", data_dir]) as terminal:
        assert terminal.finish() == 0
        assert "unreachable.ada@example.com" in terminal.text
        assert "attempt 1" in terminal.text
        assert f"carillon deliveries retry {delivery['id']}" in terminal.text
    with Terminal(["deliveries", "list", "--data-dir", data_dir]) as terminal:
        assert terminal.finish() == 0
        assert delivery["id"] in terminal.text
        assert "exhausted" in terminal.text


@pytest.mark.parametrize("command", [["stats"], ["deliveries", "list"], ["providers", "list"]])
def test_where_there_is_nothing_that_is_said(data_dir: Path, command: list[str]) -> None:
    with Terminal([*command, "--data-dir", data_dir]) as terminal:
        assert terminal.finish() == 0
        assert terminal.text.strip()


def test_a_long_redrive_shows_how_far_it_is(carillon: Run, service: FakeCarillon, data_dir: Path) -> None:
    _send(carillon, *(f"p{number}" for number in range(3)))
    service.exhaust_deliveries()
    with Terminal(["deliveries", "redrive", "--yes", "--data-dir", data_dir]) as terminal:
        assert terminal.finish() == 0
        assert "Trying again" in terminal.text
        assert "3 deliveries will be tried again." in terminal.text


@pytest.mark.parametrize(
    "command", [["deliveries", "redrive"], ["providers", "delete", "hooks"], ["recipients", "delete", "ada"]]
)
def test_control_c_is_no(carillon: Run, service: FakeCarillon, data_dir: Path, command: list[str]) -> None:
    _send(carillon, "ada")
    service.exhaust_deliveries()
    with Terminal([*command, "--data-dir", data_dir]) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press_control_c()
        assert terminal.finish() == 1
        assert "Aborted" in terminal.text
