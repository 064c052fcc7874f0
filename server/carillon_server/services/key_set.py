"""The public keys of a token issuer (JWKS): which there are, and where they come from.

Only keys of the allowed algorithms are kept; whatever else a document holds, symmetric keys above all, is not
even parsed into something that could verify.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from carillon_server import telemetry
from carillon_server.domain.errors import Unavailable

ALGORITHMS = ("EdDSA", "ES256", "RS256")
_KEY_TYPES = {"OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}

_MIN_RSA_BITS = 2048
_MAX_DOCUMENT_BYTES = 256 * 1024
_FETCH_TIMEOUT_SECONDS = 5.0
_REFRESH_SECONDS = 300.0
_MIN_INTERVAL_SECONDS = 10.0
"""An unknown key id asks for a refresh; tokens with made-up ids must not turn into a flood of requests."""
_MAX_STALE_SECONDS = 3600.0
"""How long keys are believed when the issuer cannot be reached."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key and the one algorithm it is for."""

    key_id: str
    algorithm: str
    key: Any


class KeySource(Protocol):
    """Where keys come from."""

    async def find(self, key_id: str, algorithm: str) -> VerificationKey | None:
        """The key of that name and algorithm; without a name, the only one of the algorithm."""
        ...


class StaticKeys:
    """Keys from a file, read once."""

    def __init__(self, path: Path) -> None:
        self._keys = parse_keys(path.read_bytes())

    async def find(self, key_id: str, algorithm: str) -> VerificationKey | None:
        return _choose(self._keys, key_id, algorithm)


class RemoteKeys:
    """Keys from the issuer's URL, refreshed now and then and for unknown ids."""

    def __init__(self, fetch: Callable[[], bytes], monotonic: Callable[[], float] = time.monotonic) -> None:
        """`fetch` blocks; it runs in a thread."""
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: Sequence[VerificationKey] = ()
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, key_id: str, algorithm: str) -> VerificationKey | None:
        """Raises `Unavailable` when the issuer's keys could never be fetched, or too long ago."""
        if self._age() > _REFRESH_SECONDS:
            await self._refresh()
        key = _choose(self._keys, key_id, algorithm)
        if key is None:
            await self._refresh()
            key = _choose(self._keys, key_id, algorithm)
        if self._age() > _MAX_STALE_SECONDS:
            raise Unavailable("the token issuer's keys cannot be fetched")
        return key

    def _age(self) -> float:
        return self._monotonic() - self._fetched_at

    async def _refresh(self) -> None:
        async with self._lock:
            if self._monotonic() - self._tried_at < _MIN_INTERVAL_SECONDS:
                return
            self._tried_at = self._monotonic()
            try:
                self._keys = parse_keys(await asyncio.to_thread(self._fetch))
            except (OSError, ValueError) as error:
                telemetry.get_logger().warning("jwks.fetch_failed", fault=type(error).__name__)
            else:
                self._fetched_at = self._monotonic()


def fetch_document(url: str) -> bytes:
    """Reads a JWKS document. Raises OSError, also for redirects: keys come from the address as configured."""
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - the scheme was checked
    with build_opener(_NoRedirects).open(request, timeout=_FETCH_TIMEOUT_SECONDS) as response:
        document: bytes = response.read(_MAX_DOCUMENT_BYTES + 1)
    if len(document) > _MAX_DOCUMENT_BYTES:
        raise OSError("the JWKS document is too large")
    return document


def parse_keys(document: bytes) -> list[VerificationKey]:
    """The usable keys of a JWKS document. Raises ValueError for what is no such document."""
    try:
        entries = json.loads(document)["keys"]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("not a JWKS document") from error
    if not isinstance(entries, list):
        raise ValueError("not a JWKS document")
    keys = (_parse_key(entry) for entry in entries if isinstance(entry, dict))
    return [key for key in keys if key is not None]


def is_safe_url(url: str) -> bool:
    """https, or http on this machine alone."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    )


def _parse_key(entry: dict[str, Any]) -> VerificationKey | None:
    algorithm = _KEY_TYPES.get(entry.get("kty", ""))
    if algorithm is None or entry.get("alg", algorithm) != algorithm or entry.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(entry, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < _MIN_RSA_BITS:
        return None
    return VerificationKey(str(entry.get("kid", "")), algorithm, key)


def _choose(keys: Sequence[VerificationKey], key_id: str, algorithm: str) -> VerificationKey | None:
    fitting = [key for key in keys if key.algorithm == algorithm and key_id in ("", key.key_id)]
    return fitting[0] if len(fitting) == 1 else None


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        raise HTTPError(req.full_url, code, "redirects are not followed", headers, fp)
