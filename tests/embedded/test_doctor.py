"""`carillon doctor` finds what is wrong, and says so with its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from carillon_server.embedded.postgres import Postgres
from carillon_server.storage.migrate import upgrade


@dataclass
class Report:
    exit_code: int
    status: dict[str, str]


def examine(data_dir: Path, database_url: str, redis_url: str) -> Report:
    """What a doctor finds who is told of these engines."""
    command = [sys.executable, "-m", "carillon_server", "doctor", "--data-dir", str(data_dir)]
    settings = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    result = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=30, check=False)
    assert result.stderr == ""
    findings = [json.loads(line) for line in result.stdout.splitlines()]
    return Report(result.returncode, {finding["subject"]: finding["status"] for finding in findings})


def test_all_is_well(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    report = examine(tmp_path / "data", postgres_url, redis_url)
    assert report.exit_code == 0
    assert "fail" not in report.status.values()
    assert {"Python", "data directory", "Postgres", "durability", "schema", "clock", "Redis"} <= set(
        report.status
    )


def test_embedded_programs_are_looked_at_where_they_are_needed(tmp_path: Path) -> None:
    report = examine(tmp_path / "data", "", "")
    assert (report.status["embedded Postgres"], report.status["embedded Valkey"]) == ("ok", "ok")


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/nothing", "not a url"])
def test_a_postgres_out_of_reach_fails(tmp_path: Path, redis_url: str, url: str) -> None:
    report = examine(tmp_path, url, redis_url)
    assert (report.exit_code, report.status["Postgres"]) == (1, "fail")


def test_a_redis_out_of_reach_fails(tmp_path: Path, postgres_url: str) -> None:
    report = examine(tmp_path, postgres_url, "redis://127.0.0.1:1/0")
    assert (report.exit_code, report.status["Redis"]) == (1, "fail")


def test_a_database_without_the_schema_fails(tmp_path: Path, empty_postgres_url: str, redis_url: str) -> None:
    report = examine(tmp_path, empty_postgres_url, redis_url)
    assert (report.exit_code, report.status["schema"]) == (1, "fail")


def test_a_database_that_may_lose_commits_fails(
    tmp_path: Path, postgres: Postgres, empty_postgres_url: str, redis_url: str
) -> None:
    upgrade(empty_postgres_url)
    name = empty_postgres_url.rpartition("/")[2]
    postgres.query(f"ALTER DATABASE {name} SET synchronous_commit = off")
    report = examine(tmp_path, empty_postgres_url, redis_url)
    assert (report.exit_code, report.status["durability"]) == (1, "fail")


def test_a_data_directory_open_to_others_is_a_warning(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    report = examine(tmp_path / "data", postgres_url, redis_url)
    assert (report.exit_code, report.status["data directory"]) == (0, "warn")
