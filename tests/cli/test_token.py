"""`carillon token`: tokens that the service of the same data directory takes."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from carillon_server.cli.failure import ExitCode
from carillon_server.embedded import dev_identity
from tests.cli.command import run_command


def test_a_token_says_who_for_and_what_it_allows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identity = tmp_path / "identity"
    dev_identity.ensure_keys(identity)
    options = (
        "--tenant",
        "acme",
        "--role",
        "user",
        "--role",
        "producer",
        "--for",
        "1h",
        "--data-dir",
        tmp_path,
    )
    token = run_command(capsys, "token", "ada", *options).stdout.strip()
    keys = jwt.PyJWKSet.from_json(dev_identity.jwks_path(identity).read_text())
    claims = jwt.decode(token, keys.keys[0], audience=dev_identity.AUDIENCE, issuer=dev_identity.ISSUER)
    assert (claims["sub"], claims["tenant"]) == ("ada", "acme")
    assert set(claims["scope"].split()) == {"inbox", "notifications.send"}
    assert claims["exp"] - claims["iat"] == 3600


def test_without_development_keys_there_is_no_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished = run_command(capsys, "token", "ada", "--data-dir", tmp_path)
    assert (finished.exit_code, finished.stdout) == (ExitCode.USAGE, "")
    assert "carillon up" in finished.stderr
