"""A render process: reads jobs from standard input, which is a socket, and answers on it until it ends."""

from __future__ import annotations

import sys

from carillon_server.rendering.process.loop import run

if __name__ == "__main__":
    sys.exit(run())
