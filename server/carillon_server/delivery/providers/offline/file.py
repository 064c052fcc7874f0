"""Writes what would be sent into files: the sandbox of a tenant.

One JSON file per delivery, and for mails the mail itself beside it (`.eml`), under
`<output directory>/<tenant>/<channel>/`. A file appears whole or not at all, and a delivery that is repeated
replaces its own. Files older than the retention are removed when others are written.

Written is Delivered. A disk that is full or cannot be written is Retry, as is an installation that names no
directory: somebody will mend it.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from pydantic import Field

from carillon_server.delivery.providers.email.mail import MailComposer
from carillon_server.delivery.providers.offline.written_message import channel_name, describe
from carillon_server.delivery.providers.provider import Message, ProviderKind, ProviderSettings, Workshop
from carillon_server.domain.channel import Channel
from carillon_server.domain.outcome import Delivered, Outcome, Rejected, Retry

_DAY_SECONDS = 86_400
_SWEEP_SECONDS = 600.0
# Of content that concerns nobody else on the machine.
_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600


class FileSettings(ProviderSettings):
    """How long files stay."""

    retention_days: int = Field(default=7, ge=1, le=366, description="Older files are removed.")


class FileProvider:
    """Writes files."""

    def __init__(self, name: str, settings: FileSettings, workshop: Workshop) -> None:
        self.name = name
        self._root = Path(workshop.output_directory) if workshop.output_directory else None
        self._retention_seconds = settings.retention_days * _DAY_SECONDS
        self._composer = MailComposer(workshop.mail_from, workshop.link_base_url)
        self._clock = workshop.clock
        self._swept: dict[Path, float] = {}

    async def send(self, message: Message) -> Outcome:
        if self._root is None:
            return Retry("directory_missing", "the installation names no directory for what would be sent")
        directory = self._root / _segment(message.tenant) / channel_name(message)
        try:
            files = self._render(message)
        except ValueError as error:
            return Rejected("address_invalid", str(error))
        try:
            await asyncio.to_thread(self._write, directory, str(message.delivery_id), files)
        except OSError as error:
            return Retry("unwritable", type(error).__name__)
        return Delivered(str(message.delivery_id))

    async def close(self) -> None:
        """Nothing to let go."""

    def _render(self, message: Message) -> dict[str, bytes]:
        """Content by the end of the file's name."""
        now = self._clock()
        about = describe(message) | {"write_time": now.isoformat()}
        files = {".json": json.dumps(about, ensure_ascii=False, indent=2, default=str).encode() + b"\n"}
        if message.channel is Channel.EMAIL:
            files[".eml"] = self._composer.compose(message, now).raw
        return files

    def _write(self, directory: Path, stem: str, files: dict[str, bytes]) -> None:
        for each in (directory.parent.parent, directory.parent, directory):
            each.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        for suffix, content in files.items():
            _write_whole(directory / f"{stem}{suffix}", content)
        self._sweep(directory)

    def _sweep(self, directory: Path) -> None:
        now = time.time()
        if now - self._swept.get(directory, 0.0) < _SWEEP_SECONDS:
            return
        self._swept[directory] = now
        for path in directory.iterdir():
            # Another worker may sweep the same directory.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < now - self._retention_seconds:
                    path.unlink()


def _segment(tenant: str) -> str:
    """A name of one directory that no tenant can lead out of."""
    return quote(tenant, safe="").replace(".", "%2E") or "%"


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _build(name: str, settings: FileSettings, workshop: Workshop) -> FileProvider:
    return FileProvider(name, settings, workshop)


KIND = ProviderKind("file", frozenset(Channel) - {Channel.IN_APP}, FileSettings, _build)
