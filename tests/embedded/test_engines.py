"""The embedded engines keep their data, leave nothing behind, and start whatever an earlier run left."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis

from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.ports import HOST
from carillon_server.embedded.postgres import OWNER, Postgres
from carillon_server.embedded.process import processes_in
from carillon_server.embedded.valkey import Valkey
from tests.engines import started
from tests.eventually import wait_until

_SUPERVISOR = """
import sys
from pathlib import Path
from carillon_server.embedded.postgres import Postgres
from carillon_server.embedded.valkey import Valkey

engines = [Postgres(Path(sys.argv[1], "postgres")), Valkey(Path(sys.argv[1], "valkey"))]
for engine in engines:
    engine.spawn()
for engine in engines:
    engine.wait_ready()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests here: each starts on what the last one left. The path is an unkind one."""
    return tmp_path_factory.mktemp("engines") / 'it\'s a "long" % path é' / ("x" * 120)


@pytest.fixture
def postgres(directory: Path) -> Postgres:
    return Postgres(directory / "postgres")


@pytest.fixture
def valkey(directory: Path) -> Valkey:
    return Valkey(directory / "valkey")


@contextmanager
def supervisor(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", _SUPERVISOR, directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def engine_processes(directory: Path) -> set[int]:
    servers = processes_in(directory / "postgres" / "cluster", "postgres")
    return servers | processes_in(directory / "valkey" / "data", "valkey-server")


def kill(pid: int, number: signal.Signals) -> None:
    """A process may have ended because another one did."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def test_postgres_keeps_data_and_address_from_start_to_start(postgres: Postgres) -> None:
    with started(postgres):
        postgres.query("CREATE TABLE kept AS SELECT 'yes' AS value", OWNER)
        url = postgres.url
    with started(postgres):
        assert postgres.query("SELECT value FROM kept", OWNER) == "yes"
        assert postgres.url == url


def test_valkey_keeps_data_and_address_from_start_to_start(valkey: Valkey) -> None:
    with started(valkey), Redis.from_url(valkey.url, decode_responses=True) as client:
        client.set("kept", "yes")
        url = valkey.url
    with started(valkey), Redis.from_url(valkey.url, decode_responses=True) as client:
        assert client.get("kept") == "yes"
        assert valkey.url == url


def test_a_commit_is_on_disk_and_the_service_is_no_superuser(postgres: Postgres) -> None:
    with started(postgres):
        settings = postgres.query(
            "SELECT name || ' ' || setting FROM pg_settings WHERE category ~ 'Ahead.*Settings'"
        )
        assert {"fsync on", "synchronous_commit on", "full_page_writes on"} <= set(settings.splitlines())
        assert postgres.query(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{OWNER}'") == "f"


def test_only_loopback_is_listened_on_and_only_with_the_password(postgres: Postgres) -> None:
    with started(postgres):
        assert postgres.query("SHOW listen_addresses") == HOST
        assert set(postgres.query("SELECT DISTINCT auth_method FROM pg_hba_file_rules").splitlines()) == {
            "scram-sha-256"
        }


@pytest.mark.parametrize("engine", ["postgres", "valkey"])
def test_passwords_are_readable_by_their_owner_only(directory: Path, engine: str) -> None:
    with supervisor(directory):
        assert stat.S_IMODE((directory / engine).stat().st_mode) == 0o700
        assert stat.S_IMODE((directory / engine / "access.json").stat().st_mode) == 0o600


def test_engines_die_with_a_killed_supervisor(directory: Path) -> None:
    with supervisor(directory) as process:
        assert engine_processes(directory)
        process.kill()
        wait_until(lambda: not engine_processes(directory))


def test_engines_start_after_everything_was_killed(
    directory: Path, postgres: Postgres, valkey: Valkey
) -> None:
    with supervisor(directory) as process:
        processes = engine_processes(directory)
        for pid in {process.pid, *processes}:
            kill(pid, signal.SIGKILL)
    with started(postgres), started(valkey):
        assert not processes & engine_processes(directory)


def test_engines_start_beside_stopped_leftovers(directory: Path, postgres: Postgres, valkey: Valkey) -> None:
    with supervisor(directory) as process:
        leftovers = engine_processes(directory)
        for pid in leftovers:
            kill(pid, signal.SIGSTOP)
        process.kill()
        process.wait()
        with started(postgres), started(valkey):
            assert not leftovers & engine_processes(directory)


def test_postgres_starts_when_its_old_number_belongs_to_another_program(postgres: Postgres) -> None:
    with started(postgres):
        lock = next(postgres.directory.glob("cluster/postmaster.pid")).read_text()
    foreign = str(os.getppid())
    (postgres.directory / "cluster" / "postmaster.pid").write_text(
        "\n".join([foreign, *lock.splitlines()[1:]]) + "\n"
    )
    with started(postgres):
        assert postgres.answers()


def test_a_port_taken_meanwhile_is_changed(directory: Path, postgres: Postgres) -> None:
    with started(postgres):
        port = postgres.access.port
    with socket.create_server((HOST, port)), started(Postgres(directory / "postgres")) as moved:
        assert moved.access.port != port


def test_a_failed_start_tells_the_last_words_of_the_server(postgres: Postgres) -> None:
    with started(postgres):
        pass
    configuration = postgres.directory / "cluster" / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text("no_such_setting = 1\n")
    postgres.spawn()
    with pytest.raises(EmbeddedError, match="no_such_setting"):
        postgres.wait_ready()
    configuration.write_text(good)
