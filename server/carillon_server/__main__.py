"""The `carillon` command: `python -m carillon_server` is the same."""

from __future__ import annotations

from carillon_server.cli.program import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
