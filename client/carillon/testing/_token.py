"""Tokens that callers cannot read or change: cursors and page tokens."""

from __future__ import annotations

import binascii
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from carillon.testing._refusal import Refusal

_MAC_BYTES = 16


class Sealer:
    """Writes and reads tokens; those of another fake are refused."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def seal(self, *parts: Any) -> str:
        """A token for JSON values."""
        body = json.dumps(parts).encode()
        return urlsafe_b64encode(self._mac(body) + body).decode()

    def open(self, token: str, reason: str) -> list[Any]:
        """The values of a token; refuses with `reason` what is none."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except (binascii.Error, UnicodeEncodeError) as error:
            raise Refusal(reason) from error
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)) or urlsafe_b64encode(raw).decode() != token:
            raise Refusal(reason)
        parts: list[Any] = json.loads(body)
        return parts

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC_BYTES]
