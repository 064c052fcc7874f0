"""The command as scripts run it: its output is no terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from carillon_server.cli.program import main


@dataclass(frozen=True)
class Finished:
    """One run."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The standard output as JSON lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def document(self) -> dict[str, Any]:
        """The standard output as one JSON object."""
        [document] = self.lines
        return document


Run = Callable[..., Finished]


def run_command(capsys: pytest.CaptureFixture[str], *arguments: object) -> Finished:
    """Runs the command in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return Finished(ended.value.code, captured.out, captured.err)
