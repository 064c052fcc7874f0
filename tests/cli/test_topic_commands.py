"""Topics on the command line."""

from __future__ import annotations

from pathlib import Path

from carillon.testing import FakeCarillon
from tests.cli.command import Run


def test_a_topic_is_kept_with_its_members(carillon: Run) -> None:
    assert carillon("topics", "put", "news", "--name", "News").document["display_name"] == "News"
    assert carillon("topics", "add", "news", "ada,bob", "eve").document == {"added_count": 3}
    where = carillon("topics", "add", "news", "ada", "--where", "score > 1").document
    assert where == {"added_count": 0}
    members = carillon("topics", "members", "news").lines
    assert [(each["recipient_id"], each.get("condition")) for each in members] == [
        ("ada", "score > 1"),
        ("bob", None),
        ("eve", None),
    ]
    assert carillon("topics", "remove", "news", "bob", "nobody").document == {"removed_count": 1}
    assert [topic["name"] for topic in carillon("topics", "list", "--of", "ada").lines] == ["news"]
    assert carillon("topics", "list", "--of", "bob").lines == []
    assert carillon("topics", "delete", "news", "--yes").exit_code == 0
    assert carillon("topics", "list").lines == []


def test_members_come_from_a_file_however_many(service: FakeCarillon, carillon: Run, tmp_path: Path) -> None:
    path = tmp_path / "people.txt"
    path.write_text("\n".join(f"r{number}" for number in range(1_001)) + "\n\nr1\n")
    carillon("topics", "put", "news")
    assert carillon("topics", "add", "news", "--file", path).document == {"added_count": 1_001}
    assert len(carillon("topics", "members", "news", "--limit", 2_000).lines) == 1_001


def test_what_makes_no_sense_is_refused(carillon: Run) -> None:
    carillon("topics", "put", "news")
    assert carillon("topics", "add", "news").exit_code == 2
    assert carillon("topics", "add", "news", "ada", "--where", "score >").exit_code == 1
    assert carillon("topics", "members", "nowhere").exit_code == 1
