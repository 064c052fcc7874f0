"""The two queues that deliveries wait in, so that a broadcast never delays a password mail."""

from __future__ import annotations

from enum import IntEnum

from carillon_server.domain.channel import Priority


class Lane(IntEnum):
    """Each has slots of its own in every worker."""

    URGENT = 0
    BULK = 1


def lane_of(priority: Priority) -> Lane:
    """HIGH and URGENT go ahead; everything else can wait for its turn."""
    return Lane.URGENT if priority >= Priority.HIGH else Lane.BULK
