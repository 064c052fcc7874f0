"""Access tokens for Google's APIs, by a service account's key (RFC 7523).

A signed assertion is exchanged for a token that holds about an hour. google-auth signs; the exchange is made
by our own client, which waits without holding up the event loop and goes to public addresses alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from google.auth import jwt
from google.auth.crypt import RSASigner

from carillon_server.delivery.providers.http.http import HttpClient
from carillon_server.delivery.providers.http.http_answer import (
    HttpAnswer,
    HttpFailure,
    classify_answer,
    classify_failure,
)
from carillon_server.domain.outcome import Outcome, Rejected, Retry
from carillon_server.services.ports import Clock

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS = 3600
_EARLY_SECONDS = 300
"""A token is replaced so long before its end."""
_SHORTEST_SECONDS = 30


class ServiceAccount:
    """A key as Google hands it out: JSON."""

    def __init__(self, text: str) -> None:
        """Raises ValueError, without the key in its text."""
        try:
            info = json.loads(text)
            self.project_id = _text(info, "project_id")
            self.email = _text(info, "client_email")
            self.token_url = _text(info, "token_uri")
            # google-auth has types, but not everywhere.
            self._signer = RSASigner.from_service_account_info(info)  # type: ignore[no-untyped-call]
        except (LookupError, TypeError, ValueError, RecursionError):
            raise ValueError("is not the JSON key of a service account") from None

    def sign(self, now: datetime) -> str:
        """An assertion. Takes a millisecond or two of computing."""
        issued = int(now.timestamp())
        claims = {
            "iss": self.email,
            "sub": self.email,
            "aud": self.token_url,
            "scope": _SCOPE,
            "iat": issued,
            "exp": issued + _ASSERTION_SECONDS,
        }
        signed: bytes = jwt.encode(self._signer, claims)  # type: ignore[no-untyped-call]
        return signed.decode()


class AccessTokens:
    """Keeps one token; however many ask, one exchange is under way."""

    def __init__(self, account: ServiceAccount, http: HttpClient, clock: Clock) -> None:
        self._account = account
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._end = 0.0

    async def get(self, refused: str = "") -> str | Outcome:
        """A token that holds, other than the one that was `refused`; or why there is none."""
        if self._left_seconds(refused) > (0 if self._lock.locked() else _EARLY_SECONDS):
            return self._token
        async with self._lock:
            if self._left_seconds(refused) > _EARLY_SECONDS:
                return self._token
            failure = await self._exchange()
            return self._token if failure is None or self._left_seconds(refused) > 0 else failure

    def _left_seconds(self, refused: str) -> float:
        return 0.0 if self._token in ("", refused) else self._end - self._clock().timestamp()

    async def _exchange(self) -> Outcome | None:
        now = self._clock()
        assertion = await asyncio.to_thread(self._account.sign, now)
        form = urlencode({"grant_type": _GRANT, "assertion": assertion}).encode()
        answer = await self._http.post(
            self._account.token_url, form, {"content-type": "application/x-www-form-urlencoded"}
        )
        if isinstance(answer, HttpFailure):
            return _of_failure(answer)
        return self._keep(answer, now) if answer.ok else _of_refusal(answer, now)

    def _keep(self, answer: HttpAnswer, now: datetime) -> Outcome | None:
        document = answer.json()
        token, seconds = document.get("access_token"), document.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not isinstance(seconds, int):
            return Retry("protocol", "the answer to the request for a token is none")
        self._token = token
        self._end = now.timestamp() + max(seconds, _SHORTEST_SECONDS)
        return None


def _of_failure(failure: HttpFailure) -> Outcome:
    """No address of a recipient is at fault here: somebody will mend the key's `token_uri`."""
    outcome = classify_failure(failure)
    return Retry(outcome.error_class, outcome.detail) if isinstance(outcome, Rejected) else outcome


def _of_refusal(answer: HttpAnswer, now: datetime) -> Outcome:
    outcome = classify_answer(answer, now)
    return Retry("credentials_refused", "no access token") if isinstance(outcome, Rejected) else outcome


def _text(info: Mapping[str, object], name: str) -> str:
    value = info[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value
