"""The limits of a render process, kept by the kernel: also where nothing of Python's runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

_SCRIPT = """
import json, os, resource, time
from carillon_server.rendering.process.limits import Limits
limits = Limits()
limits.settle()
started = time.process_time()
try:
    with limits.job():
        {attempt}
    outcome = "done"
except BaseException as error:
    outcome = type(error).__name__
print(json.dumps([outcome, time.process_time() - started]))
"""


def _run(attempt: str) -> subprocess.CompletedProcess[str]:
    script = _SCRIPT.format(attempt=attempt)
    return subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=50, check=False
    )


def _outcome(attempt: str) -> tuple[str, float]:
    outcome, seconds = json.loads(_run(attempt).stdout)
    return outcome, seconds


def test_a_loop_ends_after_250_ms_of_the_processor():
    outcome, seconds = _outcome("while True: pass")

    assert outcome == "TimeUp"
    assert 0.2 < seconds < 0.35


def test_what_does_not_let_python_in_ends_the_process():
    assert _run("sum(range(10**12))").returncode == -signal.SIGVTALRM


def test_a_job_gets_64_mb_more_than_there_are():
    assert _outcome("bytearray(40 * 2**20)")[0] == "done"
    assert _outcome("bytearray(70 * 2**20)")[0] == "MemoryError"


def test_each_job_has_the_time_to_itself():
    half = "[time.process_time() for _ in iter(lambda: time.process_time() - begun < 0.15, False)]"
    line = "begun = time.process_time()"

    assert _outcome(f"{line}; {half}\n    with limits.job():\n        {line}; {half}")[0] == "done"


def test_few_files_can_be_opened():
    assert _outcome("[os.pipe() for _ in range(20)]")[0] == "OSError"
