"""Addresses as operators may see them: where a message goes, without what would let others send there."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from carillon_server.domain.channel import Channel

HIDDEN = "…"


def mask_address(channel: Channel, address: str) -> str:
    """Chat URLs keep scheme and host, subscriptions of browsers their service, webhooks lose user, password
    and query. Everything else is shown as it is.
    """
    match channel:
        case Channel.CHAT:
            return _mask_chat(address)
        case Channel.WEBHOOK:
            return _mask_webhook(address)
        case Channel.PUSH:
            return _mask_push(address)
        case _:
            return address


def _mask_chat(address: str) -> str:
    # `slack://token/token` has its secret where other URLs have their host.
    parts = _split(address)
    if parts is None:
        return HIDDEN
    scheme, host, _ = parts
    return f"{scheme}://{host}/{HIDDEN}" if scheme in ("http", "https") else f"{scheme}://{HIDDEN}"


def _mask_webhook(address: str) -> str:
    parts = _split(address)
    if parts is None:
        return HIDDEN
    scheme, host, rest = parts
    path, mark, _ = rest.partition("?")
    return f"{scheme}://{host}{path}{mark + HIDDEN if mark else ''}"


def _mask_push(address: str) -> str:
    """A browser's subscription is a JSON object of a URL and keys; a device's token is neither."""
    url = address
    if address.lstrip().startswith("{"):
        try:
            url = str(json.loads(address)["endpoint"])
        except (ValueError, LookupError, TypeError):
            return HIDDEN
    if not url.startswith(("http://", "https://")):
        return address if url is address else HIDDEN
    parts = _split(url)
    return f"{parts[0]}://{parts[1]}/{HIDDEN}" if parts else HIDDEN


def _split(address: str) -> tuple[str, str, str] | None:
    """Scheme, host with port, and what comes after; None for what is no URL."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if not parts.scheme or not parts.netloc:
        return None
    query = f"?{parts.query}" if parts.query else ""
    return parts.scheme, parts.netloc.rpartition("@")[2], parts.path + query
