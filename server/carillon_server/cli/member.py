"""One of several servers on a port, as their supervisor starts it: `python -m carillon_server.cli.member`."""

from __future__ import annotations

import sys

from carillon_server.app import serve_beside_others
from carillon_server.cli.processes import run
from carillon_server.config import load_settings
from carillon_server.processes.attendance import attending


async def _serve(number: int, descriptor: int) -> None:
    async with attending(descriptor) as attendance:
        await serve_beside_others(load_settings(), number, attendance.tell_ready)


if __name__ == "__main__":
    run(_serve(*map(int, sys.argv[1:])))
