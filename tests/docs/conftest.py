from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NEEDS_GRPCURL = "test_the_grpcurl_line_of_the_readme"
_NOTE = "grpcurl is not installed, so its line in the README was not tried; CI does"

_TIMEOUT_SECONDS = 120
"""For all lines of a page, each of which starts Python on a machine that does other things besides."""

RunScript = Callable[[str], subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests need nothing but Python and make. Where CI is set, a tool that is missing is a failure."""
    if _has_grpcurl():
        return
    left_out = [item for item in items if item.name.startswith(NEEDS_GRPCURL)]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _has_grpcurl():
        terminalreporter.write_line(_NOTE)


def _has_grpcurl() -> bool:
    return "CI" in os.environ or shutil.which("grpcurl") is not None


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory like a checkout in which `make run` runs, on any free ports."""
    directory = tmp_path_factory.mktemp("checkout")
    (directory / ".venv").symlink_to(sys.prefix)
    ports = [
        part for name in ("grpc", "http", "smtp", "far-side", "metrics") for part in (f"--{name}-port", "0")
    ]
    command = [sys.executable, "-m", "carillon_server", "up", *ports]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield directory
        finally:
            process.terminate()


@pytest.fixture
def run_script(checkout: Path) -> RunScript:
    """Runs lines of a document there, as they are written but for the port."""
    endpoints: dict[str, Any] = json.loads((checkout / ".carillon/data/endpoints.json").read_text())

    def run(script: str) -> subprocess.CompletedProcess[str]:
        lines = script.replace("127.0.0.1:50051", endpoints["grpc"])
        return subprocess.run(
            ["sh", "-eu", "-c", lines],
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )

    return run
