from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes.serving import Serving, running


@pytest.fixture(scope="module")
def serving(
    tmp_path_factory: pytest.TempPathFactory, shared_postgres_url: str, shared_redis_url: str
) -> Iterator[Serving]:
    """Two servers on a port, for all tests of a module together."""
    directory = tmp_path_factory.mktemp("serve")
    with running(directory, shared_postgres_url, shared_redis_url) as started:
        yield started
