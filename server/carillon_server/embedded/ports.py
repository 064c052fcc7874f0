"""Loopback ports that nothing listens on.

Chosen below the range from which the kernel takes the ports of outgoing connections, so that a port
stays free between two starts of its owner.
"""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"
_LOWEST, _HIGHEST = 10_240, 32_767


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        # As every server does: connections that linger after a restart do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A free port, which another program may still take first."""
    return next(port for port in iter(lambda: random.randint(_LOWEST, _HIGHEST), None) if is_free(port))


def accepts(port: int, timeout_seconds: float = 1.0) -> bool:
    """Whether something accepts connections on this port."""
    try:
        socket.create_connection((HOST, port), timeout_seconds).close()
    except OSError:
        return False
    return True
