"""The real engines under the tests: a Postgres and a Valkey for each test process.

They run with production's settings and start when the first test needs them, in about a second. The database
is migrated once and brought back to that state before each test, with the rows that the migrations wrote;
cloning it would take ten times as long.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from redis import Redis

from carillon_server.embedded.postgres import OWNER, Postgres
from carillon_server.embedded.valkey import Valkey
from carillon_server.storage.migrate import upgrade

Engine = TypeVar("Engine", Postgres, Valkey)

_KEEP_WHAT_MIGRATIONS_WROTE = """
CREATE SCHEMA pristine;
DO $$ DECLARE name text; written boolean; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO written;
    IF written THEN EXECUTE format('CREATE TABLE pristine.%1$I AS TABLE public.%1$I', name); END IF;
  END LOOP;
END $$;
"""

_RESTORE = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DELETE FROM public.%I', name);
  END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'pristine' LOOP
    EXECUTE format('INSERT INTO public.%1$I SELECT * FROM pristine.%1$I', name);
  END LOOP;
END $$;
"""

_numbers = itertools.count(1)


@contextmanager
def started(engine: Engine) -> Iterator[Engine]:
    """A running engine, stopped at the end."""
    engine.spawn()
    try:
        engine.wait_ready()
        yield engine
    finally:
        engine.stop()


@pytest.fixture(scope="session")
def engines_directory() -> Iterator[Path]:
    """Removed at the end: pytest would keep the last three of its own."""
    with tempfile.TemporaryDirectory(prefix="carillon-tests-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres(engines_directory: Path) -> Iterator[Postgres]:
    """The server of this test process; a test that harms its server starts one of its own."""
    with started(Postgres(engines_directory / "postgres")) as engine:
        yield engine


@pytest.fixture(scope="session")
def _migrated(postgres: Postgres) -> Postgres:
    upgrade(postgres.url)
    postgres.query(_KEEP_WHAT_MIGRATIONS_WROTE, OWNER)
    return postgres


@pytest.fixture
def postgres_url(_migrated: Postgres) -> str:
    """The address of a database as the migrations leave it, with no other session on it."""
    _migrated.query(_RESTORE, OWNER)
    return _migrated.url


@pytest.fixture(scope="module")
def shared_postgres_url(_migrated: Postgres) -> str:
    """The same for all tests of a module together, which keep out of each other's way."""
    _migrated.query(_RESTORE, OWNER)
    return _migrated.url


@pytest.fixture
def empty_postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of a database without a schema, for tests of the migrations themselves."""
    name = f"empty_{next(_numbers)}"
    postgres.query(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")
    yield f"{postgres.url.rpartition('/')[0]}/{name}"
    postgres.query(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def valkey(engines_directory: Path) -> Iterator[Valkey]:
    """The server of this test process; a test that harms its server starts one of its own."""
    with started(Valkey(engines_directory / "valkey")) as engine:
        yield engine


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The address of a Redis that holds nothing."""
    with Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture(scope="module")
def shared_redis_url(valkey: Valkey) -> str:
    """The same for all tests of a module together."""
    with Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url
