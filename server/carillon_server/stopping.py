"""When a process is to end, and who takes over."""

from __future__ import annotations

import asyncio
import signal


def on_signals(*numbers: signal.Signals) -> asyncio.Event:
    """Set when one of these signals comes."""
    came = asyncio.Event()
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, came.set)
    return came


class Stopping:
    """Asks a server to end."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.others_take_over = False
        """Whether others listen on the same port: then new connections are theirs from the first moment.
        Else they are taken until the end, as a load balancer takes a while to look elsewhere.
        """

    def hear_signals(self, *, beside_others: bool) -> None:
        """SIGTERM and SIGINT ask; `beside_others`, so does SIGHUP, which says that they take over."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.asked.set)
        if beside_others:
            loop.add_signal_handler(signal.SIGHUP, self._take_over)

    def _take_over(self) -> None:
        self.others_take_over = True
        self.asked.set()
