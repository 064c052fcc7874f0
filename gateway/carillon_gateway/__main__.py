"""Runs the gateway: `python -m carillon_gateway`, set up by the environment (see `settings`)."""

from __future__ import annotations

import os
import sys

import uvicorn

from carillon_gateway.application import create_application
from carillon_gateway.settings import Settings, SettingsError

GRACE_SECONDS = 3


def main() -> None:
    """Serves until SIGTERM or Ctrl-C."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(f"carillon-gateway: {error}")
    uvicorn.run(
        create_application(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
