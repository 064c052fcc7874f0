"""A Postgres whose tables lie on a disk that can be filled: a file system in memory.

Only its processes see it, and it goes when they go: this Postgres must not be stopped before the drill ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from carillon_server.embedded.cluster import open_cluster
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.postgres import _AT_ONCE, _SETTINGS, OWNER, Postgres
from carillon_server.embedded.process import _LEASH, SAME_USER

_MEBIBYTES = 48
_MOUNT = f"""
mount -t tmpfs -o size={_MEBIBYTES}m,mode=0777 none "$0" && mkdir -m 0777 "$0/tables" && exec "$@"
"""
_FILL = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000)) TO '{ballast}'"
_EMPTY = "COPY (SELECT 1) TO '{ballast}'"


class SmallDiskPostgres(Postgres):
    """Asks for user namespaces, as containers do."""

    def fill(self) -> None:
        """Until nothing more goes onto the disk."""
        try:
            self.query(_FILL.format(ballast=self._ballast))
        except EmbeddedError:
            return
        raise AssertionError("the disk is larger than what was to fill it")

    def make_room(self) -> None:
        self.query(_EMPTY.format(ballast=self._ballast))

    @property
    def _disk(self) -> Path:
        return self.directory / "disk"

    @property
    def _ballast(self) -> Path:
        return self._disk / "ballast"

    def wait_ready(self, timeout_seconds: float = 60) -> None:
        super().wait_ready(timeout_seconds)
        self.query(f"CREATE TABLESPACE disk LOCATION '{self._disk}/tables'")
        self.query(f"ALTER DATABASE {OWNER} SET TABLESPACE disk")

    def _launch(self) -> subprocess.Popen[bytes]:
        cluster = open_cluster(self.directory)
        self._disk.mkdir()
        run_as = cluster.run_as if cluster.run_as != SAME_USER else f"namespace:{os.getuid()}"
        settings = {**_SETTINGS, "port": str(self.access.port)}
        options = [f"--{key.replace('_', '-')}={value}" for key, value in settings.items()]
        leash = [sys.executable, "-I", "-S", _LEASH, str(os.getpid()), str(int(_AT_ONCE)), run_as]
        namespaces = ["unshare", "--user", "--map-root-user", "--mount"]
        script = ["sh", "-c", _MOUNT, self._disk]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*namespaces, *script, *leash, cluster.program, "-D", cluster.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
