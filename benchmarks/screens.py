"""A process of the load generator: the screens of many people.

`python -m benchmarks.screens TARGET TOKENS HEARTBEAT_SECONDS NICENESS`: opens a stream for each token of the
file, all at once, and then answers each line that comes in with a line of JSON about all of them. It ends
when nothing more can come.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from pathlib import Path

import uvloop

from benchmarks.screen import Screen, Told
from carillon import AsyncClient


def _report(screens: list[Screen], told: Told) -> str:
    seen = [screen.observed for screen in screens]
    answer = {
        "live": sum(each.live_time is not None for each in seen),
        "failures": sum(each.failures for each in seen),
        "asked": [each.asked_time for each in seen],
        "begun": [each.live_time for each in seen],
        "numbers": told.numbers,
        "seconds": told.seconds,
        "resets": told.resets,
    }
    return json.dumps(answer)


async def _show(target: str, tokens: list[str], heartbeat_seconds: int) -> None:
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    told = Told()
    async with AsyncClient(target) as client:
        screens = [Screen(client, token, told, heartbeat_seconds) for token in tokens]
        gc.disable()  # its pauses would be taken for the service's
        print("ready", flush=True)
        await commands.readline()
        watching = [asyncio.create_task(screen.watch()) for screen in screens]
        while await commands.readline():
            print(_report(screens, told), flush=True)
            told.numbers.clear()
            told.seconds.clear()
        for task in watching:
            task.cancel()
        await asyncio.wait(watching)


if __name__ == "__main__":
    os.nice(int(sys.argv[4]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_show(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3])))
