"""The port that all servers share, held by the supervisor for as long as it lives.

Its socket is bound but never listens, so it gets no connection. It keeps the port while servers come and go,
and is how port 0 becomes the same port for all.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from carillon_server.processes.errors import ProcessesError


@contextmanager
def shared_port(address: str) -> Iterator[str]:
    """Holds `host:port` while the context is open; the address, with a port 0 replaced.

    Raises `ProcessesError` where the address cannot be had.
    """
    host, _, port_text = address.rpartition(":")
    if not hasattr(socket, "SO_REUSEPORT") or not port_text.isdigit() or address.startswith("unix"):
        raise ProcessesError(f"{address} cannot be shared by several processes: use host:port, on Linux")
    port = int(port_text)
    with ExitStack() as stack:
        for family, place in _places(host.strip("[]"), port):
            held = stack.enter_context(_hold(family, (place, port), address))
            port = held.getsockname()[1]
        yield f"{host}:{port}"


def _places(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ProcessesError(f"{host} is no address of this machine: {error.strerror}") from error
    return list(dict.fromkeys((family, str(place[0])) for family, _, _, _, place in found))


def _hold(family: socket.AddressFamily, place: tuple[str, int], address: str) -> socket.socket:
    try:
        if place[1]:
            # With SO_REUSEPORT a second service of the same user would get in, and half of the callers.
            _bind(family, place, socket.SO_REUSEADDR).close()
        return _bind(family, place, socket.SO_REUSEPORT)
    except OSError as error:
        raise ProcessesError(f"cannot listen on {address}: {error.strerror}") from error


def _bind(family: socket.AddressFamily, place: tuple[str, int], option: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(place)
    except OSError:
        bound.close()
        raise
    return bound
