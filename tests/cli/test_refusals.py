"""What people are told when something does not work, and the exit code that scripts see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carillon.testing import FakeCarillon
from carillon_server.cli.failure import ExitCode
from tests.cli.command import Run, run_command


@pytest.mark.parametrize(
    "arguments",
    [
        ["read"],
        ["read", "some-id", "--all"],
        ["read", "some-id", "--type", "t"],
        ["send", "t", "--to", "user-a", "--title", "x", "--data", "[1]"],
        ["send", "t", "--to", "user-a", "--title", "x", "--data", "{"],
        ["send", "t", "--to", "user-a", "--title", "x", "--label", "novalue"],
        ["send", "t", "--to", "user-a", "--title", "x", "--deliver-in", "soon"],
        ["send", "t", "--to", "user-a", "--title", "x", "--deliver-in", "99999999w"],
        ["send", "t", "--to", "user-a", "--title", "x", "--deliver-in", "1h", "--deliver-at", "2030-01-01"],
        ["send", "t", "--to", "user-a", "--title", "x", "--deliver-at", "tomorrow"],
        ["send", "t", "--to", "user-a", "--title", "x", "--priority", "extreme"],
        ["preferences", "set"],
        ["preferences", "set", "--channel", "email=maybe"],
        ["preferences", "set", "--channel", "pigeon=on"],
        ["preferences", "set", "--rule", "email=on"],
        ["preferences", "mute"],
        ["preferences", "mute", "--sender", "a", "--thread", "b"],
        ["list", "--as", "nobody"],
        ["list", "--limit", "0"],
    ],
)
def test_wrong_usage_is_told_before_anything_is_called(carillon: Run, arguments: list[str]) -> None:
    finished = carillon(*arguments)
    assert finished.exit_code == ExitCode.USAGE
    assert finished.stdout == ""
    assert finished.stderr


@pytest.mark.parametrize(
    ("reason", "exit_code"),
    [
        ("FIELD_INVALID", ExitCode.REFUSED),
        ("NOTIFICATION_NOT_FOUND", ExitCode.REFUSED),
        ("REQUEST_ID_REUSED", ExitCode.REFUSED),
        ("UNAVAILABLE", ExitCode.UNAVAILABLE),
        ("OVERLOADED", ExitCode.UNAVAILABLE),
        ("DEADLINE_EXCEEDED", ExitCode.UNAVAILABLE),
        ("INTERNAL", ExitCode.FAULT),
    ],
)
def test_a_refusal_names_its_reason(
    carillon: Run, service: FakeCarillon, reason: str, exit_code: ExitCode
) -> None:
    service.fail_next(reason, times=10)
    finished = carillon("counts")
    assert (finished.exit_code, finished.stdout) == (exit_code, "")
    assert reason in finished.stderr
    assert "Traceback" not in finished.stderr


def test_an_invalid_field_is_named(carillon: Run) -> None:
    finished = carillon("send", "not a type", "--to", "user-a", "--title", "")
    assert finished.exit_code == ExitCode.REFUSED
    assert "type:" in finished.stderr
    assert "content.title:" in finished.stderr


def test_a_missing_scope_is_named(carillon: Run) -> None:
    finished = carillon("send", "t", "--to", "user-a", "--title", "x", "--as", "user-a")
    assert finished.exit_code == ExitCode.REFUSED
    assert "notifications.send" in finished.stderr


def test_nothing_running_here_is_unavailable(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    finished = run_command(capsys, "list", "--data-dir", tmp_path)
    assert finished.exit_code == ExitCode.UNAVAILABLE
    assert "make run" in finished.stderr


def test_an_unreadable_endpoints_file_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text("{")
    assert run_command(capsys, "list", "--data-dir", tmp_path).exit_code == ExitCode.USAGE


def test_a_target_without_a_token_is_refused_rather_than_given_a_development_token(
    carillon: Run, service: FakeCarillon
) -> None:
    assert carillon("list", "--target", service.target).exit_code == ExitCode.USAGE


def test_target_and_token_come_from_the_environment(
    service: FakeCarillon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARILLON_TARGET", service.target)
    monkeypatch.setenv("CARILLON_TOKEN", service.token("user", "ada"))
    assert run_command(capsys, "counts").exit_code == 0


def test_missing_settings_are_named_without_showing_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("CARILLON_SECRET_KEYS", "too-short-secret")
    finished = run_command(capsys, "serve")
    assert finished.exit_code == ExitCode.USAGE
    assert "DATABASE_URL" in finished.stderr
    assert "CARILLON_SECRET_KEYS" in finished.stderr
    assert "too-short-secret" not in finished.stderr


def test_a_database_that_is_away_is_unavailable(capsys: pytest.CaptureFixture[str]) -> None:
    finished = run_command(capsys, "migrate", "--database-url", "postgresql://carillon@127.0.0.1:1/none")
    assert finished.exit_code == ExitCode.UNAVAILABLE


def test_the_epoch_of_an_installation_is_raised(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def raised() -> int:
        finished = run_command(capsys, "raise-epoch", "--database-url", postgres_url)
        assert finished.exit_code == 0
        return int(finished.stderr.split()[-1].rstrip("."))

    assert raised() < raised()


def test_an_api_key_is_shown_once_and_revoked(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--tenant", "demo", "--database-url", postgres_url)
    key = run_command(capsys, "api-key", "create", "billing", *where).stdout.strip()
    listed = run_command(capsys, "api-key", "list", *where)
    [held] = listed.lines
    assert key.split("_")[1] == held["id"]
    assert key not in listed.stdout
    assert run_command(capsys, "api-key", "revoke", held["id"], *where).exit_code == 0
    assert "revoke_time" in json.loads(run_command(capsys, "api-key", "list", *where).stdout)
    assert run_command(capsys, "api-key", "revoke", "unknown", *where).exit_code == ExitCode.REFUSED
