"""The supervisor's port: the same for all of its servers, and nobody else's."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing

import pytest

from carillon_server.embedded.ports import free_port
from carillon_server.processes.errors import ProcessesError
from carillon_server.processes.shared_port import shared_port


def listening(address: str, *, shared: bool) -> socket.socket:
    host, _, port = address.rpartition(":")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
    try:
        listener.bind((host, int(port)))
    except OSError:
        listener.close()
        raise
    listener.listen()
    return listener


def test_port_0_becomes_one_port_that_servers_share() -> None:
    with shared_port("127.0.0.1:0") as address, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(closing(listening(address, shared=True)))
        with pytest.raises(OSError, match="in use"):
            listening(address, shared=False)


def test_the_holder_gets_no_connection() -> None:
    with shared_port("127.0.0.1:0") as address, closing(listening(address, shared=True)) as listener:
        host, _, port = address.rpartition(":")
        for _ in range(20):
            with socket.create_connection((host, int(port)), 2):
                listener.accept()[0].close()


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_in_use_is_told_also_by_one_who_would_share_it(*, shared: bool) -> None:
    address = f"127.0.0.1:{free_port()}"
    with (
        closing(listening(address, shared=shared)),
        pytest.raises(ProcessesError, match=address),
        shared_port(address),
    ):
        pass


def test_a_second_holder_is_refused() -> None:
    with shared_port("127.0.0.1:0") as address, pytest.raises(ProcessesError), shared_port(address):
        pass


def test_the_port_is_free_again_afterwards() -> None:
    with shared_port("127.0.0.1:0") as address:
        pass
    with shared_port(address) as again:
        assert again == address


@pytest.mark.parametrize("address", ["unix:/tmp/socket", "unix:/tmp/socket:1", "127.0.0.1", "127.0.0.1:http"])
def test_what_cannot_be_shared_is_refused(address: str) -> None:
    with pytest.raises(ProcessesError, match="cannot be shared"), shared_port(address):
        pass


def test_a_name_holds_all_of_its_addresses() -> None:
    with shared_port("localhost:0") as address:
        assert address.startswith("localhost:")
        with pytest.raises(OSError, match="in use"):
            listening(f"127.0.0.1:{address.rpartition(':')[2]}", shared=False)
