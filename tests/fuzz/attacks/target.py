"""What an attack is aimed at, and what it leaves of a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tests.fuzz.attacks.wire import Connection

SEND = "/carillon.v1.NotificationService/Send"
LIST = "/carillon.v1.NotificationService/List"
SUBSCRIBE = "/carillon.v1.NotificationService/Subscribe"
LAST_STREAM = 2**31 - 1


@dataclass(frozen=True)
class Target:
    """A port, and a token that is good there: some attacks come from inside."""

    port: int
    token: str = ""


Attack: TypeAlias = Callable[[Target], Iterator[int]]
"""Yields again and again how many hostile things it has done since; ended from outside."""


def streams_of_new_connections(target: Target, per_connection: int) -> Iterator[tuple[Connection, int]]:
    """Stream after stream, on the next connection when one is refused or used up."""
    while True:
        connection = Connection(target.port)
        try:
            for stream in range(1, 2 * per_connection, 2):
                yield connection, stream
                if not connection.drop_answers():
                    break
        finally:
            connection.close()
