from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from carillon.testing import FakeCarillon
from tests.cli.command import Finished, Run, run_command


@pytest.fixture
def service() -> Iterator[FakeCarillon]:
    with FakeCarillon() as fake:
        yield fake


@pytest.fixture
def data_dir(service: FakeCarillon, tmp_path: Path) -> Path:
    """What `carillon up` leaves for the commands."""
    tokens = {
        "producer": service.token("producer"),
        "user-a": service.token("user", "user-a"),
        "user-b": service.token("user", "user-b"),
        "gateway": service.token("gateway"),
        "operator": service.token("operator"),
    }
    (tmp_path / "endpoints.json").write_text(json.dumps({"grpc": service.target, "tokens": tokens}))
    return tmp_path


@pytest.fixture
def carillon(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command against the service."""

    def run(*arguments: object) -> Finished:
        return run_command(capsys, *arguments, "--data-dir", data_dir)

    return run
