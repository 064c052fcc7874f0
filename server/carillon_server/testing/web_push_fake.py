"""A push service of browsers, with browsers.

async with WebPushFake() as service:
    browser = service.subscribe(application_server_key)
    ...  # put `browser.subscription` as the address of a PUSH endpoint, and send
    assert browser.messages[0]["title"] == "Invoice 7 is paid"
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)

from carillon_server.domain.push_address import decode_base64url, encode_base64url
from carillon_server.testing.answers import Reply
from carillon_server.testing.http_fake import HttpFake, ReceivedRequest
from carillon_server.testing.web_push_cipher import decrypt, public_point

_MAX_BODY_BYTES = 4_096
_LONGEST_TOKEN_SECONDS = 24 * 3600
_AUTHORIZATION = re.compile("vapid t=([A-Za-z0-9_.-]+), *k=([A-Za-z0-9_-]+)")
_TOPIC = re.compile("[A-Za-z0-9_-]{1,32}")
_URGENCIES = ("very-low", "low", "normal", "high")


@dataclass(slots=True)
class Browser:
    """One subscription, and what arrived by it."""

    url: str
    application_server_key: str
    key: EllipticCurvePrivateKey = field(repr=False)
    auth: bytes = field(repr=False)
    messages: list[dict[str, Any]] = field(default_factory=list)
    """Decrypted, oldest first."""
    requests: list[ReceivedRequest] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    """Of the senders' tokens."""

    @property
    def subscription(self) -> str:
        """As `JSON.stringify(subscription)` has it."""
        keys = {"p256dh": encode_base64url(public_point(self.key)), "auth": encode_base64url(self.auth)}
        return json.dumps({"endpoint": self.url, "expirationTime": None, "keys": keys})


class WebPushFake(HttpFake):
    """Checks what RFC 8030 and RFC 8292 ask of senders; its browsers read what arrives."""

    def __init__(
        self,
        *,
        max_body_bytes: int = _MAX_BODY_BYTES,
        clock: Callable[[], float] = time.time,
        origin: str = "",
    ) -> None:
        """`origin`: what senders know the service by, where another server stands before it."""
        super().__init__()
        self._origin = origin
        self._browsers: dict[str, Browser] = {}
        self._max_body_bytes = max_body_bytes
        self._clock = clock

    def subscribe(self, application_server_key: str) -> Browser:
        """A new browser that takes messages of the holder of this key; base64url, as pages hand it over."""
        url = f"{self.origin}/push/{secrets.token_urlsafe(16)}"
        key = generate_private_key(SECP256R1())
        browser = Browser(url, application_server_key, key, secrets.token_bytes(16))
        self.adopt(browser)
        return browser

    @property
    def origin(self) -> str:
        """What senders address their tokens to."""
        return self._origin or self.url

    def adopt(self, browser: Browser) -> None:
        """Takes messages for a browser that was made elsewhere, under the path of its URL."""
        self._browsers[urlsplit(browser.url).path] = browser

    def unsubscribe(self, browser: Browser) -> None:
        """It is gone."""
        self._browsers.pop(urlsplit(browser.url).path, None)

    def respond(self, request: ReceivedRequest) -> Reply:
        browser = self._browsers.get(request.path)
        if browser is None:
            return Reply(410)
        claims = self._verify(request.headers.get("authorization", ""), browser)
        if claims is None:
            return Reply(403)
        if not _is_well_formed(request):
            return Reply(400)
        if len(request.body) > self._max_body_bytes:
            return Reply(413)
        try:
            browser.messages.append(json.loads(decrypt(request.body, browser.key, browser.auth)))
        except ValueError:
            return Reply(400)
        browser.requests.append(request)
        browser.claims.append(claims)
        return Reply(201, {"location": f"{self.origin}/message/{len(browser.messages)}"})

    def _verify(self, authorization: str, browser: Browser) -> dict[str, Any] | None:
        match = _AUTHORIZATION.fullmatch(authorization)
        if match is None or match[2] != browser.application_server_key:
            return None
        key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), decode_base64url(match[2]))
        try:
            claims: dict[str, Any] = jwt.decode(
                match[1],
                key,
                algorithms=["ES256"],
                audience=self.origin,
                options={"require": ["aud", "exp", "sub"], "verify_exp": False},
            )
        except jwt.InvalidTokenError:
            return None
        return claims if 0 < claims["exp"] - self._clock() <= _LONGEST_TOKEN_SECONDS else None


def _is_well_formed(request: ReceivedRequest) -> bool:
    headers = request.headers
    return (
        request.method == "POST"
        and headers.get("ttl", "").isdecimal()
        and headers.get("content-encoding") == "aes128gcm"
        and headers.get("urgency", "normal") in _URGENCIES
        and _TOPIC.fullmatch(headers.get("topic", "none")) is not None
    )
