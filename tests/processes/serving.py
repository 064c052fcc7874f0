"""`carillon serve --processes N` as an operator runs it, and clients on connections of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SubscribeResponse
from carillon_server.embedded.ports import free_port
from tests.eventually import wait_until
from tests.running import ISSUER, SECRET_KEY, Issuer

# Processes start here on machines that do other things besides.
START_SECONDS = 45
ENDS_SECONDS = 30


class Serving:
    """A supervisor that runs, with its servers."""

    def __init__(
        self, process: subprocess.Popen[bytes], log: Path, issuer: Issuer, metrics_port: int, inner: str
    ) -> None:
        self.process = process
        self.issuer = issuer
        self.inner = inner
        self._log = log
        self._metrics_port = metrics_port

    @property
    def records(self) -> list[dict[str, Any]]:
        """What was logged. What is no record ends the command, and is for people."""
        lines = self._log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    @property
    def last_words(self) -> str:
        return self._log.read_text()

    def events(self, name: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["event"] == name]

    def wait_for(self, event: str, times: int = 1, within_seconds: float = START_SECONDS) -> None:
        wait_until(
            lambda: len(self.events(event)) >= times or self.process.poll() is not None, within_seconds
        )
        assert len(self.events(event)) >= times, self.last_words

    @property
    def target(self) -> str:
        (ready,) = self.events("server.ready")
        return f"127.0.0.1:{ready['port']}"

    @property
    def pids(self) -> dict[str, int]:
        """The servers, by their numbers; only while each number is that of one."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {_number(int(pid)): int(pid) for pid in children}

    def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """All samples of the one page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=10) as page:
            families: list[Metric] = [*text_string_to_metric_families(page.read().decode())]
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def metric(self, name: str, **labels: str) -> float:
        """One sample; 0 where there is none yet."""
        return self.metrics().get((name, frozenset(labels.items())), 0.0)

    def streams(self) -> dict[str, float]:
        """How many live streams each process has."""
        return {number: self.metric("carillon_streams_open", process=number) for number in ("1", "2")}

    def kill(self, number: str) -> None:
        """As kill -9 does; returns when another one takes calls in its place."""
        ready = len(self.events("process.ready"))
        os.kill(self.pids[number], signal.SIGKILL)
        self.wait_for("process.ready", ready + 1)
        wait_until(lambda: self.metric("carillon_processes_ready") == 2)

    def stop(self) -> int:
        """As a service manager does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(ENDS_SECONDS)

    def client(self, *scopes: str, subject: str = "billing", target: str = "") -> AsyncClient:
        """A caller with connections of its own."""
        token = self.issuer.token("acme", subject, scopes)
        return AsyncClient(target or self.target, token=token, insecure=True)

    def producer(self) -> AsyncClient:
        return self.client("notifications.send")

    @asynccontextmanager
    async def screens(self, subject: str, at_least: int = 1, target: str = "") -> AsyncIterator[list[Screen]]:
        """Live streams until each of two processes has so many."""
        async with AsyncExitStack() as stack:
            screens: list[Screen] = []
            while min(self.streams().values()) < at_least:
                assert len(screens) < 64, "the kernel gives all connections to one process"
                client = self.client("inbox", subject=subject, target=target)
                await stack.enter_async_context(client)
                screens.append(await stack.enter_async_context(Screen.open(client)))
            yield screens


class Screen:
    """One live stream of a client."""

    def __init__(self, events: AsyncIterator[SubscribeResponse]) -> None:
        self._events = events
        self.titles: list[str] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, client: AsyncClient) -> AsyncIterator[Screen]:
        async with client.subscribe() as subscription:
            screen = cls(aiter(subscription))
            await anext(subscription)  # the snapshot
            yield screen

    async def shows(self, title: str) -> None:
        """Returns once it came."""
        while title not in self.titles:
            event = await anext(self._events)
            self.titles += [told.content.title for told in event.created.notifications]


@contextmanager
def launched(
    directory: Path, postgres_url: str, redis_url: str, *, processes: int = 2, **settings: str
) -> Iterator[Serving]:
    """A command that may not be ready yet; killed at the end if it still runs."""
    issuer, metrics_port, inner = Issuer(directory / "identity"), free_port(), f"127.0.0.1:{free_port()}"
    environment = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "CARILLON_SECRET_KEYS": SECRET_KEY,
        "CARILLON_GRPC_ADDRESS": "127.0.0.1:0",
        "CARILLON_GRPC_INNER_ADDRESS": inner,
        "CARILLON_METRICS_ADDRESS": f"127.0.0.1:{metrics_port}",
        "CARILLON_JWT_ISSUER": ISSUER,
        "CARILLON_JWT_STATIC_KEYS": str(issuer.jwks_path),
        "CARILLON_DRAIN_SECONDS": "1",
        "CARILLON_UNKNOWN_TYPES": "accept",
        # Far beyond every deadline of these tests: what arrives came by a hint.
        "CARILLON_STREAM_POLL_SECONDS": "600",
        **{f"CARILLON_{name.upper()}": value for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "carillon_server", "serve", "--processes", str(processes)]
    log = directory / "serve.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=os.environ | environment, stderr=output) as process,
    ):
        try:
            yield Serving(process, log, issuer, metrics_port, inner)
        finally:
            process.kill()


@contextmanager
def running(directory: Path, postgres_url: str, redis_url: str, **settings: str) -> Iterator[Serving]:
    """Two servers that take calls."""
    with launched(directory, postgres_url, redis_url, **settings) as serving:
        serving.wait_for("server.ready")
        yield serving


def has_ended(pid: int) -> bool:
    return not Path(f"/proc/{pid}/cwd").exists()


def _number(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[3].decode()
