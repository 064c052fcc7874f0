"""Ports are settled before anything starts, and the endpoints file is complete and private."""

from __future__ import annotations

import json
import socket
import stat
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from carillon_server.embedded.endpoints import Endpoints, Ports
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.ports import HOST, free_port

ANY = Ports(0, 0, 0, 0, 0, 0)


def test_zero_becomes_a_port_of_its_own() -> None:
    ports = astuple(ANY.settled())
    assert 0 not in ports
    assert len(set(ports)) == len(ports)


def test_a_given_port_is_kept() -> None:
    port = free_port()
    assert Ports(0, port, 0, 0, 0, 0).settled().http == port


@pytest.mark.parametrize("name", ["grpc", "http", "smtp", "far_side", "metrics"])
def test_a_port_in_use_is_refused_by_the_name_of_its_option(name: str) -> None:
    with socket.create_server((HOST, 0)) as other:
        taken = replace(ANY, **{name: other.getsockname()[1]})
        with pytest.raises(EmbeddedError, match=f"--{name.replace('_', '-')}-port"):
            taken.settled()


def test_one_port_cannot_serve_two(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(EmbeddedError, match="--http-port"):
        Ports(port, port, 0, 0, 0, 0).settled()


def test_the_file_tells_addresses_tokens_and_processes(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    Endpoints(Ports(1, 2, 3, 4, 5, 6), {"producer": "secret"}).write(path, {"server": 42})
    assert json.loads(path.read_text()) == {
        "grpc": "127.0.0.1:1",
        "http": "http://127.0.0.1:2",
        "smtp": "127.0.0.1:3",
        "far_side": "http://127.0.0.1:4",
        "metrics": "http://127.0.0.1:5/metrics",
        "worker_metrics": "http://127.0.0.1:6/metrics",
        "tokens": {"producer": "secret"},
        "pids": {"server": 42},
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
