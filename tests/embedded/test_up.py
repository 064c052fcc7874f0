"""`carillon up` as a person uses it: everything works from `ready` to Ctrl-C, whatever happens between."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from mailbox import Maildir
from pathlib import Path
from typing import Any

import pytest

from carillon import Client
from carillon.errors import UnavailableError
from tests.eventually import wait_until

_PORTS = ("grpc", "http", "smtp", "far-side", "metrics")
_ANY_PORTS = [word for name in _PORTS for word in (f"--{name}-port", "0")]
_HEAL_SECONDS = 30

# Six processes start and end here, on machines that do other things besides.
pytestmark = pytest.mark.timeout(180)


class Up:
    """A running `carillon up`."""

    def __init__(self, data_dir: Path, process: subprocess.Popen[str]) -> None:
        self.data_dir = data_dir
        self.process = process

    @property
    def endpoints(self) -> dict[str, Any]:
        endpoints: dict[str, Any] = json.loads((self.data_dir / "endpoints.json").read_text())
        return endpoints

    @property
    def pids(self) -> dict[str, int]:
        pids: dict[str, int] = self.endpoints["pids"]
        return pids

    def wait_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def client(self, identity: str) -> Client:
        endpoints = self.endpoints
        return Client(
            endpoints["grpc"],
            token=endpoints["tokens"][identity],
            wait_for_ready=True,
            timeout_seconds=_HEAL_SECONDS,
        )

    def send(self, title: str) -> None:
        """As a caller does: again with the same `request_id`, until the service is back."""
        with self.client("producer") as client:
            wait_until(lambda: self._sent(client, title), _HEAL_SECONDS)

    def _sent(self, client: Client, title: str) -> bool:
        try:
            client.send(
                request_id=title, recipient_ids=["user-a"], type="report.available", data=_data(title)
            )
        except UnavailableError:
            return False
        return True

    def titles(self) -> set[str]:
        with self.client("user-a") as client:
            return {
                notification.data["report_name"]
                for notification in client.list_all()
                if "report_name" in notification.data
            }

    def kill(self, name: str) -> None:
        """As kill -9 does; returns when the process has been replaced."""
        old = self.pids[name]
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: self.pids[name] != old, _HEAL_SECONDS)


@contextmanager
def launched(data_dir: Path) -> Iterator[Up]:
    command = [sys.executable, "-m", "carillon_server", "up", "--data-dir", str(data_dir), *_ANY_PORTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Up(data_dir, process)
        finally:
            process.terminate()


@contextmanager
def running(data_dir: Path) -> Iterator[Up]:
    with launched(data_dir) as up:
        up.wait_ready()
        yield up


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "my data"


@pytest.fixture(scope="module")
def up(data_dir: Path) -> Iterator[Up]:
    with running(data_dir) as started:
        yield started


def _data(title: str) -> dict[str, str]:
    return {"report_name": title, "report_format": "pdf", "report_url": "/reports/7"}


def has_ended(pid: int) -> bool:
    return not Path(f"/proc/{pid}/cwd").exists()


def test_a_send_with_the_printed_token_reaches_the_inbox_and_the_mailbox(up: Up) -> None:
    up.send("hello")
    assert "hello" in up.titles()
    mails = Maildir(up.data_dir / "mail", create=False)
    wait_until(lambda: any(mail["To"] == "user-a@example.com" for mail in mails), 10)


def test_the_command_that_it_prints_sends(up: Up) -> None:
    assert up.process.stdout is not None
    line = next(line for line in up.process.stdout if " send " in line)
    finished = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=20, check=False)
    assert finished.returncode == 0, finished.stderr
    with up.client("user-a") as client:
        assert "scan.completed" in {notification.type for notification in client.list_all()}


@pytest.mark.parametrize("url", ["{http}/healthz", "{metrics}", "{worker_metrics}"])
def test_every_http_endpoint_answers(up: Up, url: str) -> None:
    with urllib.request.urlopen(url.format(**up.endpoints), timeout=5) as response:
        assert response.status == 200


def test_a_second_up_on_the_same_data_is_refused(up: Up) -> None:
    command = [sys.executable, "-m", "carillon_server", "up", "--data-dir", str(up.data_dir), *_ANY_PORTS]
    second = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode != 0
    assert str(up.process.pid) in second.stderr
    assert "hello" in up.titles()


@pytest.mark.parametrize("name", ["server", "worker", "gateway", "mail", "far-side", "postgres", "valkey"])
def test_a_killed_part_comes_back_at_the_same_address(up: Up, name: str) -> None:
    addresses = {key: value for key, value in up.endpoints.items() if key != "pids"}
    up.kill(name)
    up.send(f"after the end of {name}")
    assert f"after the end of {name}" in up.titles()
    assert {key: value for key, value in up.endpoints.items() if key != "pids"} == addresses


def test_after_kill_of_everything_a_new_up_finds_the_data(up: Up, data_dir: Path) -> None:
    up.send("kept")
    pids = up.pids
    up.process.kill()
    up.process.wait()
    wait_until(lambda: all(has_ended(pid) for pid in pids.values()), 10)
    with launched(data_dir) as again:
        wait_until(lambda: not (data_dir / "endpoints.json").exists(), _HEAL_SECONDS)
        again.wait_ready()
        assert "kept" in again.titles()


def test_ctrl_c_ends_everything_and_leaves_no_endpoints(data_dir: Path) -> None:
    with running(data_dir) as up:
        pids = up.pids
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(30) == 0
    assert all(has_ended(pid) for pid in pids.values())
    assert not (data_dir / "endpoints.json").exists()
