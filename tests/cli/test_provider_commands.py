"""Providers and what holds for all deliveries of a tenant."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from tests.cli.command import Run
from tests.cli.terminal import Terminal

SECRET = "whsec_" + b64encode(bytes(range(24))).decode()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    return path


def test_a_provider_is_put_changed_and_removed(carillon: Run, secret_file: Path) -> None:
    put = carillon(
        *("providers", "put", "hooks", "--kind", "webhook", "--rate", "2.5"),
        *("--setting", "timeout_seconds=3", "--secret-file", f"signing_secrets={secret_file}"),
    )
    assert put.document["settings"] == {"timeout_seconds": 3}
    assert put.document["secret_names"] == ["signing_secrets"]
    changed = carillon("providers", "put", "hooks", "--priority", "5", "--disabled").document
    assert (changed["priority"], changed["enabled"], changed["rate_per_second"]) == (5, False, 2.5)
    assert changed["secret_names"] == ["signing_secrets"]
    [listed] = carillon("providers", "list").lines
    assert listed["provider"] == changed
    assert carillon("providers", "delete", "hooks", "--yes").exit_code == 0
    assert carillon("providers", "list").lines == []


def test_a_secret_never_stands_in_the_command_line(carillon: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = carillon(
        "providers", "put", "hooks", "--kind", "webhook", "--setting", f"signing_secrets={SECRET}"
    )
    assert refused.exit_code == 2
    assert SECRET not in refused.stderr
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    put = carillon(
        "providers", "put", "hooks", "--kind", "webhook", "--secret-env", "signing_secrets=HOOK_SECRET"
    )
    assert put.document["secret_names"] == ["signing_secrets"]
    assert SECRET not in put.stdout + put.stderr


def test_what_is_wrong_with_a_provider_is_named(carillon: Run) -> None:
    assert carillon("providers", "put", "hooks", "--kind", "pigeon").exit_code == 2
    refused = carillon("providers", "put", "hooks", "--kind", "webhook")
    assert refused.exit_code == 1
    assert "provider.settings.signing_secrets" in refused.stderr


def test_kinds_are_listed_with_their_settings(carillon: Run, data_dir: Path) -> None:
    kinds = {kind["name"]: kind for kind in carillon("providers", "kinds").lines}
    assert "signing_secrets" in {field["name"] for field in kinds["webhook"]["fields"]}
    with Terminal(["providers", "kinds", "--data-dir", data_dir]) as terminal:
        assert terminal.finish() == 0
        assert "signing_secrets" in terminal.text


def test_settings_change_by_what_is_named(carillon: Run) -> None:
    carillon("delivery-settings", "set", "--from-name", "Acme", "--country", "de,ch", "--sandbox")
    carillon("delivery-settings", "set", "--footer", "Bye", "--fallback", "push,sms:5m")
    held = carillon("delivery-settings", "show").document
    assert held["branding"] == {"from_name": "Acme", "footer": "Bye"}
    assert held["sms"]["allowed_countries"] == ["CH", "DE"]
    assert held["fallbacks"] == [{"channels": ["CHANNEL_PUSH", "CHANNEL_SMS"], "after": "300s"}]
    assert held["sandbox"]
    carillon("delivery-settings", "set", "--no-sandbox", "--country", "any", "--fallback", "none")
    held = carillon("delivery-settings", "show").document
    assert "sandbox" not in held
    assert "fallbacks" not in held
    assert "allowed_countries" not in held["sms"]
