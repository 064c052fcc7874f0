"""What the far side took, a file each, for people and pages to look at."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from carillon_server.embedded.private_file import private_directory, write_private

MAX_MESSAGES = 1_000
"""The oldest go first."""


class MessageBox:
    """A directory of JSON documents, named so that they sort by age."""

    def __init__(self, directory: Path) -> None:
        self._directory = private_directory(directory)

    def keep(self, channel: str, to: str, title: str, content: Mapping[str, object]) -> str:
        """Writes one message; its key."""
        key = f"{time.time_ns()}-{channel.lower()}"
        now = datetime.now(UTC).astimezone().isoformat(" ", "seconds")
        document = {"channel": channel, "to": to, "title": title, "time": now, "content": content}
        write_private(self._directory / f"{key}.json", json.dumps(document, ensure_ascii=False))
        self._trim()
        return key

    def _trim(self) -> None:
        for path in sorted(self._directory.glob("*.json"))[:-MAX_MESSAGES]:
            path.unlink(missing_ok=True)
