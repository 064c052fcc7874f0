"""A whole installation to be harmed: engines, servers and workers, each a process of its own.

Whoever dies is started again at once, as systemd or a container platform would do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from carillon import AsyncClient
from carillon.errors import DeadlineExceededError, UnavailableError
from carillon_server.embedded.ports import free_port
from carillon_server.embedded.postgres import Postgres
from carillon_server.embedded.process import processes_in, spawn, stop
from carillon_server.embedded.valkey import Valkey
from carillon_server.storage.migrate import upgrade
from tests.eventually import eventually
from tests.faults.lossy_redis import LossyRedis
from tests.faults.proxy import FaultProxy
from tests.faults.vitals import Vitals
from tests.running import ISSUER, SECRET_KEY, Issuer

_WATCH_SECONDS = 0.02
_READY_SECONDS = 120
_STOP_SECONDS = 20


class Child:
    """A server or a worker."""

    def __init__(self, command: str, log: Path, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", "carillon_server", command]
        self._log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        self._process = spawn(self._command, log=self._log, environment=self._environment)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("it was never started")
        return self._process.pid

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def terminate(self) -> None:
        """Lets it stop by itself."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM, _STOP_SECONDS)


class Installation:
    """Use it as a context manager; inside, it serves. `settings` are those of the service, by their names."""

    def __init__(
        self,
        directory: Path,
        *,
        smtp_url: str = "",
        servers: int = 2,
        workers: int = 1,
        engine: Callable[[Path], Postgres] = Postgres,
        lossy_redis: bool = False,
        inner_addresses: bool = False,
        **settings: object,
    ) -> None:
        self.tenant = "drill"
        """Of everybody who calls."""
        self.postgres = engine(directory / "postgres")
        self.valkey = Valkey(directory / "valkey")
        self.redis: LossyRedis | None = None
        """Between the service and Valkey, if it was asked for."""
        self._lossy_redis = lossy_redis
        self._directory = directory
        self._settings = {f"CARILLON_{name.upper()}": str(value) for name, value in settings.items()}
        self._smtp_url = smtp_url
        self._issuer = Issuer(directory / "identity")
        self._ports = [free_port() for _ in range(servers)]
        self._inner_addresses = [
            f"127.0.0.1:{free_port()}" if inner_addresses else "" for _ in range(servers)
        ]
        self._metrics_addresses = [f"127.0.0.1:{free_port()}" for _ in range(servers)]
        self._worker_count = workers
        self.proxies: Sequence[FaultProxy] = ()
        self.servers: Sequence[Child] = ()
        self.workers: Sequence[Child] = ()
        self._watcher: asyncio.Task[None] | None = None
        self._postgres_is_down = False

    def client(self, server: int, subject: str, *scopes: str) -> AsyncClient:
        """A caller of one of the servers, to be closed by whoever asked for it."""
        return self.client_at(self.address(server), subject, *scopes)

    def client_at(self, address: str, subject: str, *scopes: str) -> AsyncClient:
        """The same, by way of this address."""
        return AsyncClient(address, token=self.token(subject, *scopes), timeout_seconds=5.0)

    def address(self, server: int) -> str:
        """Where a server listens."""
        return f"127.0.0.1:{self._ports[server]}"

    def vitals(self, server: int) -> Vitals:
        """Of the process that runs now."""
        return Vitals(self.servers[server].pid, self.address(server), self._metrics_addresses[server])

    @property
    def target(self) -> str:
        """All servers, for a client that spreads its calls over them."""
        return "ipv4:" + ",".join(self.address(number) for number in range(len(self._ports)))

    @property
    def inner_target(self) -> str:
        """The same by their inner addresses, if they have any."""
        return "ipv4:" + ",".join(self._inner_addresses)

    def token(self, subject: str, *scopes: str, tenant: str = "") -> str:
        """What every server believes. `tenant`: another one than that of the installation."""
        return self._issuer.token(tenant or self.tenant, subject, scopes)

    async def proxied(self) -> Sequence[str]:
        """Where the servers can be reached by connections that the strike "cut" may reset."""
        if not self.proxies:
            self.proxies = [FaultProxy(self.address(number)) for number in range(len(self.servers))]
            for proxy in self.proxies:
                await proxy.start()
        return [proxy.target for proxy in self.proxies]

    async def __aenter__(self) -> Self:
        for engine in (self.postgres, self.valkey):
            engine.spawn()
        try:
            for engine in (self.postgres, self.valkey):
                engine.wait_ready()
            await asyncio.to_thread(upgrade, self.postgres.url)
            if self._lossy_redis:
                self.redis = LossyRedis(f"127.0.0.1:{self.valkey.access.port}")
                await self.redis.start()
            self._start_children()
            self._watcher = asyncio.create_task(self._watch())
            for number in range(len(self.servers)):
                await self.serves(number)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @contextlib.asynccontextmanager
    async def postgres_stopped(self) -> AsyncIterator[None]:
        """Nothing listens at its address; afterwards it serves again."""
        self._postgres_is_down = True
        try:
            await asyncio.to_thread(self.postgres.stop)
            yield
        finally:
            self._postgres_is_down = False
            await eventually(self._postgres_answers, _READY_SECONDS)

    @contextlib.asynccontextmanager
    async def postgres_frozen(self) -> AsyncIterator[None]:
        """It takes connections, as far as the kernel does that for it, and says nothing."""
        processes = self.postgres_processes()
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def postgres_set(self, **settings: object) -> Iterator[None]:
        """With settings of Postgres changed, for sessions that are open too."""
        self._alter_postgres([f"SET {name} = '{value}'" for name, value in settings.items()])
        try:
            yield
        finally:
            self._alter_postgres([f"RESET {name}" for name in settings])

    @contextlib.contextmanager
    def frozen_workers(self) -> Iterator[None]:
        """They are there and do nothing."""
        for worker in self.workers:
            os.kill(worker.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for worker in self.workers:
                os.kill(worker.pid, signal.SIGCONT)

    def postgres_processes(self) -> set[int]:
        """All of them, the postmaster included."""
        return processes_in(self.postgres.directory / "cluster", "postgres")

    async def _postgres_answers(self) -> bool:
        return self.postgres.running and await asyncio.to_thread(self.postgres.answers)

    def _alter_postgres(self, changes: Iterable[str]) -> None:
        self.postgres.query("".join(f"ALTER SYSTEM {each};" for each in changes))
        self.postgres.query("SELECT pg_reload_conf()")

    def _start_children(self) -> None:
        logs, environment = self._directory, self._environment()
        self.servers = [
            Child("serve", logs / f"server-{number}.log", environment | self._addresses(number))
            for number in range(len(self._ports))
        ]
        self.workers = [
            Child("worker", logs / f"worker-{number}.log", environment | _free_metrics_address())
            for number in range(self._worker_count)
        ]

    def _addresses(self, server: int) -> dict[str, str]:
        return {
            "CARILLON_GRPC_ADDRESS": self.address(server),
            "CARILLON_GRPC_INNER_ADDRESS": self._inner_addresses[server],
            "CARILLON_METRICS_ADDRESS": self._metrics_addresses[server],
        }

    async def _watch(self) -> None:
        while True:
            for each in (self.postgres, self.valkey, *self.servers, *self.workers):
                if not each.running and not (each is self.postgres and self._postgres_is_down):
                    each.spawn()
            await asyncio.sleep(_WATCH_SECONDS)

    async def serves(self, server: int) -> None:
        """Returns when it answers."""
        async with self.client(server, "probe", "gateway") as probe:

            async def answers() -> bool:
                try:
                    await probe.get_counts(recipient_id="probe")
                except (UnavailableError, DeadlineExceededError):
                    return False
                return True

            await eventually(answers, _READY_SECONDS)

    async def _stop(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        for proxy in self.proxies:
            await proxy.stop()
        for each in (*self.servers, *self.workers, self.valkey, self.postgres):
            each.stop()
        if self.redis is not None:
            await self.redis.stop()

    def _redis_url(self) -> str:
        direct = f"127.0.0.1:{self.valkey.access.port}"
        return self.valkey.url.replace(direct, self.redis.target if self.redis else direct)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self._redis_url(),
            "CARILLON_SECRET_KEYS": SECRET_KEY,
            "CARILLON_JWT_ISSUER": ISSUER,
            "CARILLON_JWT_STATIC_KEYS": str(self._issuer.jwks_path),
            "CARILLON_UNKNOWN_TYPES": "accept",
            "CARILLON_LOG_LEVEL": "warning",
            "CARILLON_DRAIN_SECONDS": "0",
            # The work of killed workers is taken over soon, so that a drill need not wait for it.
            "CARILLON_LEASE_SECONDS": "2",
            "CARILLON_SMTP_URL": self._smtp_url,
            **self._settings,
        }


def _free_metrics_address() -> dict[str, str]:
    return {"CARILLON_WORKER_METRICS_ADDRESS": f"127.0.0.1:{free_port()}"}
