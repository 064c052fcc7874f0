"""Who sends, told to push services (RFC 8292): a signed JWT for the origin of the browser's endpoint.

The library `webpush` encrypts and writes the header. Its own JWT leaves out the port of the origin and knows
mail addresses only, so it is given another signer. One JWT serves all messages to an origin for hours.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from carillon_server.domain.push_address import encode_base64url
from carillon_server.domain.web_address import WebAddress
from carillon_server.services.ports import Clock

_VALID_SECONDS = 12 * 3600
"""RFC 8292 allows 24 hours."""
_KEPT_SECONDS = 6 * 3600
_MAX_ORIGINS = 256
"""There are a handful of push services; but addresses come from outside."""


@dataclass(frozen=True, slots=True)
class _Kept:
    header: str
    issued: float


class Vapid:
    """Writes the header `Authorization`."""

    def __init__(self, key: EllipticCurvePrivateKey, subject: str, clock: Clock) -> None:
        self._key = key
        self._subject = subject
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self.public_key = public_key_of(key)

    def header(self, endpoint: str) -> str:
        """For a message to this endpoint; raises ValueError where it is no URL."""
        address = WebAddress.parse(endpoint)
        origin = f"{address.scheme}://{address.authority}"
        now = self._clock().timestamp()
        kept = self._kept.get(origin)
        if kept is None or not 0 <= now - kept.issued < _KEPT_SECONDS:
            kept = self._kept[origin] = _Kept(self._sign(origin, now), now)
        self._kept.move_to_end(origin)
        while len(self._kept) > _MAX_ORIGINS:
            self._kept.popitem(last=False)
        return kept.header

    def _sign(self, origin: str, now: float) -> str:
        claims = {"aud": origin, "exp": int(now) + _VALID_SECONDS, "sub": self._subject}
        token = jwt.encode(claims, self._key, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"


def public_key_of(key: EllipticCurvePrivateKey) -> str:
    """What browsers are given as `applicationServerKey`."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return encode_base64url(point)
