"""Sends to topics and to everyone on the command line."""

from __future__ import annotations

import pytest

from carillon.testing import FakeCarillon
from tests.cli.command import Run

NEWS = ("send", "news.published", "--title", "It snows")


@pytest.fixture(autouse=True)
def members(carillon: Run) -> None:
    carillon("topics", "put", "news")
    carillon("topics", "add", "news", "ada,bob")


def test_a_topic_is_sent_to_and_looked_at(carillon: Run) -> None:
    sent = carillon(*NEWS, "--topic", "news").document
    assert sent["audience_count"] == "2"
    shown = carillon("broadcasts", "show", sent["broadcast_id"]).document
    assert (shown["state"], shown["notified_count"]) == ("BROADCAST_STATE_COMPLETED", "2")
    assert [each["id"] for each in carillon("broadcasts", "list").lines] == [sent["broadcast_id"]]


@pytest.mark.parametrize("audience", [("--topic", "news"), ("--everyone",)])
def test_watching_ends_with_what_became_of_it(carillon: Run, audience: tuple[str, ...]) -> None:
    watched = carillon(*NEWS, *audience, "--watch").document
    assert (watched["state"], watched["processed_count"]) == ("BROADCAST_STATE_COMPLETED", "2")
    assert carillon("broadcasts", "watch", watched["id"]).document == watched


def test_one_for_later_is_called_off(carillon: Run) -> None:
    sent = carillon(*NEWS, "--topic", "news", "--deliver-in", "1h").document
    assert carillon("broadcasts", "cancel", sent["broadcast_id"]).document["state"].endswith("CANCELLED")


def test_a_dry_run_says_to_how_many(service: FakeCarillon, carillon: Run) -> None:
    assert carillon(*NEWS, "--everyone", "--dry-run").document == {"audience_count": "2"}
    assert service.sent == []


def test_it_must_say_to_whom_and_only_once(carillon: Run) -> None:
    assert carillon(*NEWS).exit_code == 1
    assert carillon(*NEWS, "--topic", "news", "--everyone").exit_code == 1
    assert carillon(*NEWS, "--topic", "nowhere").exit_code == 1
