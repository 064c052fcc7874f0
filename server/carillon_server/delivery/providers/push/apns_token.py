"""Provider tokens of APNs: a JWT, signed with ES256, that says which team sends.

Apple, "Establishing a token-based connection to APNs": a token older than an hour is refused, and so is who
makes new ones more often than every 20 minutes.
"""

from __future__ import annotations

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from carillon_server.services.ports import Clock

_KEPT_SECONDS = 50 * 60


class ProviderTokens:
    """Keeps one token."""

    def __init__(self, key: EllipticCurvePrivateKey, key_id: str, team_id: str, clock: Clock) -> None:
        self._key = key
        self._key_id = key_id
        self._team_id = team_id
        self._clock = clock
        self._token = ""
        self._issued = 0.0

    def get(self, refused: str = "") -> str:
        """A token that holds, other than the one that was `refused`."""
        now = self._clock().timestamp()
        if self._token in ("", refused) or not 0 <= now - self._issued < _KEPT_SECONDS:
            self._issued = now
            self._token = self._sign(int(now))
        return self._token

    def _sign(self, issued: int) -> str:
        claims = {"iss": self._team_id, "iat": issued}
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._key_id})
