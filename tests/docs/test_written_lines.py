"""What the documents tell people to type works as it is written."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.docs.conftest import RunScript
from tests.docs.pages import PROVIDERS, README, TUTORIAL, TYPE_TUTORIAL, blocks


def block_with(text: str) -> str:
    [block] = [block for block in blocks(README, "sh") if text in block]
    return block


def assert_sent(finished: subprocess.CompletedProcess[str]) -> None:
    assert finished.returncode == 0, finished.stderr
    [result] = json.loads(finished.stdout)["results"]
    assert result["notificationId"].startswith("ntf_")


def test_the_grpcurl_line_of_the_readme(run_script: RunScript) -> None:
    assert_sent(run_script(block_with("grpcurl -plaintext")))


def test_the_buf_line_of_the_readme(run_script: RunScript) -> None:
    assert_sent(run_script(block_with("buf curl")))


def commands(page_blocks: list[str]) -> list[str]:
    lines = [line for block in page_blocks for line in block.splitlines()]
    return [line for line in lines if re.match(r"\.venv/bin/carillon (?!tail)", line)]


@pytest.mark.parametrize("line", commands(blocks(README, "sh")) + commands(blocks(TUTORIAL, "sh")))
def test_a_command_of_readme_or_tutorial(run_script: RunScript, line: str) -> None:
    finished = run_script(line)
    assert finished.returncode == 0, finished.stderr


def test_the_tutorial_of_types_from_its_first_line_to_its_last(run_script: RunScript) -> None:
    finished = run_script("\n".join(["set -e", *blocks(TYPE_TUTORIAL, "sh")]))
    assert finished.returncode == 0, finished.stderr
    assert "3 Pakete sind heute aus dem Haus." in finished.stdout


def test_the_python_lines_of_the_readme(run_script: RunScript) -> None:
    [code] = blocks(README, "python")
    script = f"import sys\ntoken = sys.argv[1]\n{code}"
    token = "$(.venv/bin/carillon token shop --role producer)"
    finished = run_script(f".venv/bin/python - {token} <<'END'\n{script}\nEND")
    assert finished.returncode == 0, finished.stderr


_AS_WRITTEN_FOR_PROVIDERS = """
import json
from datetime import timedelta
from carillon import Client

made = json.load(open(".carillon/data/endpoints.json"))
token = "a token of the gateway"
client = Client(made["grpc"], token=made["tokens"]["producer"])
operator = Client(made["grpc"], token=made["tokens"]["operator"])
"""


def test_the_lines_about_providers(run_script: RunScript) -> None:
    """After the others: what they configure does not go out any more."""
    lines = "".join(blocks(PROVIDERS, "sh"))
    code = "\n".join([_AS_WRITTEN_FOR_PROVIDERS, *blocks(PROVIDERS, "python")])
    finished = run_script(f".venv/bin/python - <<'END'\n{code}\nEND")
    assert finished.returncode == 0, finished.stderr
    finished = run_script(f"PATH=.venv/bin:$PATH; echo secret > relay-password\n{lines}")
    assert finished.returncode == 0, finished.stderr
