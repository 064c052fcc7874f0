"""One `carillon up` at a time uses a data directory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from carillon_server.embedded.data_dir import DataDir, in_use, locked
from carillon_server.embedded.errors import EmbeddedError


def test_a_second_holder_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    directory = DataDir(tmp_path / "data")
    assert not in_use(directory)
    with locked(directory), pytest.raises(EmbeddedError), locked(DataDir(tmp_path / "data")):
        pass
    assert not in_use(directory)
    with locked(directory):
        assert in_use(directory)
        assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700


def test_a_path_that_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError), locked(DataDir(tmp_path / "file")):
        pass
