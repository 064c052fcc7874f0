"""What a render process could still do if a template got out."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_ATTEMPTS = {
    "read a file": "open('/etc/hostname').read()",
    "read a file by number": "os.open('/etc/hostname', os.O_RDONLY)",
    "write a file": "open(os.path.join(sys.prefix, 'x'), 'w')",
    "open a socket": "socket.socket()",
    "start a program": "subprocess.run(['/bin/true'])",
    "run a line": "os.system('true')",
    "become a program": "os.execv('/bin/true', ['true'])",
    "fork": "os.fork()",
    "remove a file": "os.remove('/nowhere')",
}
_SCRIPT = """
import json, os, socket, subprocess, sys
from carillon_server.rendering.process.walls import raise_walls
raise_walls()
try:
    {attempt}
    outcome = "done"
except BaseException as error:
    outcome = type(error).__name__
print(json.dumps(outcome))
"""


@pytest.mark.parametrize("attempt", _ATTEMPTS)
def test_it_is_refused(attempt):
    assert _run(_ATTEMPTS[attempt]) == "PermissionError"


def test_locales_zones_and_code_are_still_read():
    assert _run("import babel, zoneinfo; babel.Locale.parse('pl'); zoneinfo.ZoneInfo('Asia/Tokyo')") == "done"


def _run(attempt: str) -> str:
    script = _SCRIPT.format(attempt=attempt)
    outcome = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, check=True, timeout=30
    )
    return json.loads(outcome.stdout)
