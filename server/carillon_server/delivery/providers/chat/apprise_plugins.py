"""Apprise, reduced to what is allowed: plugins by name, never by searching for what fits a URL.

Importing Apprise takes half a second and calling it blocks: both belong into threads.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from carillon_server.delivery.providers.chat.bounded_requests import BoundedRequests
from carillon_server.delivery.providers.chat.chat_address import ChatService, find_service

_STATUS = re.compile(r"\berror=(\d{3})\b")
_READ_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Report:
    """What is known after a call: Apprise itself says yes or no."""

    taken: bool
    status: int | None
    """Of HTTP, where a log record names one."""


class _Records(logging.Handler):
    """Takes the records of each thread, and lets none out: some name the address."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._local = threading.local()

    def begin(self) -> None:
        self._local.status = None

    @property
    def status(self) -> int | None:
        status: int | None = getattr(self._local, "status", None)
        return status

    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage())
        if found:
            self._local.status = int(found.group(1))


_records = _Records()


def silence() -> None:
    """Keeps what Apprise logs to ourselves; more than once changes nothing."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    if _records not in logger.handlers:
        logger.addHandler(_records)
    # It names the path of every request, and in that is the token.
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def load(url: str) -> Any:
    """The plugin for a URL that `find_service` knows. Raises ValueError where it makes no sense to it."""
    service = find_service(url)
    parsed = _parse(service, url) if service else None
    if service is None or not parsed:
        raise ValueError("not an address of a chat service")
    return _instantiate(service, parsed)


def notify(url: str, title: str, body: str) -> Report:
    """Sends; blocks. Raises ValueError for a URL that makes no sense."""
    plugin = load(url)
    # After Apprise is loaded: loading sets its logger up anew.
    silence()
    _records.begin()
    taken = bool(plugin.notify(body=body, title=title))
    return Report(taken, _records.status)


def hosts_of(urls: Sequence[str]) -> list[tuple[str, int, bool]]:
    """Host, port and whether TLS is spoken, of those URLs that name a host."""
    found = []
    for url in urls:
        service = find_service(url)
        if service is not None and service.self_hosted:
            plugin = load(url)
            secure = bool(plugin.secure)
            found.append((str(plugin.host).strip("[]"), plugin.port or (443 if secure else 80), secure))
    return found


def _class_of(service: ChatService) -> Any:
    path, _, name = service.plugin.partition(":")
    module: Any = import_module(f"apprise.plugins.{path}")
    if not isinstance(module.requests, BoundedRequests):
        module.requests = BoundedRequests(module.requests)
    return getattr(module, name)


def _parse(service: ChatService, url: str) -> dict[str, Any] | None:
    plugin = _class_of(service)
    native = url.startswith("https:")
    results: dict[str, Any] | None = plugin.parse_native_url(url) if native else plugin.parse_url(url)
    return results


def _instantiate(service: ChatService, parsed: dict[str, Any]) -> Any:
    from apprise import AppriseAsset  # noqa: PLC0415 - in a thread, when it is needed

    asset = AppriseAsset(app_id="Carillon", app_desc="Carillon", http_redirects=False, plugin_paths=[])
    options = {"asset": asset, "rto": str(_READ_SECONDS), "cto": str(_READ_SECONDS), "overflow": "truncate"}
    try:
        return _class_of(service)(**{**parsed, **options, "include_image": False})
    except TypeError as error:
        # That is what Apprise raises for parts of an address that it does not like.
        raise ValueError("not an address of a chat service") from error
