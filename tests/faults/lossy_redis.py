"""A Redis that takes every PUBLISH, while nobody hears of it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.proxy import FaultProxy, Link

_END = b"\r\n"
_PUBLISH = b"PUBLISH"


class LossyRedis(FaultProxy):
    """A proxy in front of a real one. While it is `losing`, what is published goes to channels that nobody
    has subscribed to; whoever publishes sees no difference.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.losing = False
        self._begun: dict[Link, bytes] = {}
        """Of a command, what has come of it."""

    def pass_to_upstream(self, link: Link, chunk: bytes) -> bytes:
        data = self._begun.pop(link, b"") + chunk
        commands = list(_commands(data))
        if rest := data[sum(map(len, commands)) :]:
            self._begun[link] = rest
        return b"".join(_misdirected(command) if self.losing else command for command in commands)


def _commands(data: bytes) -> Iterator[bytes]:
    """Those that are complete."""
    while end := _command_end(data):
        yield data[:end]
        data = data[end:]


def _command_end(data: bytes) -> int:
    """Of the first one, an array of strings with their lengths; 0 while something of it is missing."""
    line = data.find(_END)
    if line < 0:
        return 0
    position = line + len(_END)
    for _ in range(int(data[1:line])):
        line = data.find(_END, position)
        if line < 0:
            return 0
        position = line + len(_END) + int(data[position + 1 : line]) + len(_END)
    return position if position <= len(data) else 0


def _misdirected(command: bytes) -> bytes:
    name, _, rest = command.partition(_PUBLISH + _END)
    if not rest or name.count(_END) != 2:
        return command
    length, _, channel = rest.partition(_END)
    size = int(length[1:])
    return name + _PUBLISH + _END + length + _END + b"?" * size + channel[size:]
