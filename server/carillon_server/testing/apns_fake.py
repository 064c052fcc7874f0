"""The Apple Push Notification service.

    certificate = Certificate.make(tmp_path)
    key = make_apns_key()
    async with ApnsFake(certificate, key) as apns:
        settings = {**apns.settings(), "private_key": key}
        ...  # put a provider of the kind `apns` with them, an endpoint, and send
        assert apns.notifications[0].payload["aps"]["alert"]["title"] == "Invoice 7 is paid"

It speaks HTTP/2 over TLS, so the installation has to trust `certificate.certificate_file`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from carillon_server.testing.answers import Reply
from carillon_server.testing.certificate import Certificate
from carillon_server.testing.http2_fake import Http2Fake
from carillon_server.testing.http_fake import ReceivedRequest

_DEVICE = re.compile("/3/device/([0-9a-f]{64,200})")
_MAX_PAYLOAD_BYTES = 4_096
_MAX_COLLAPSE_BYTES = 64
_TOKEN_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class ApnsNotification:
    """One that was taken."""

    device: str
    headers: Mapping[str, str]
    payload: dict[str, Any]


class ApnsFake(Http2Fake):
    """Checks tokens and headers as Apple says it does."""

    def __init__(
        self,
        certificate: Certificate,
        private_key: str,
        *,
        key_id: str = "ABC123DEFG",
        team_id: str = "TEAM123456",
        topic: str = "com.example.app",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(tls=certificate)
        self.certificate = certificate
        self.notifications: list[ApnsNotification] = []
        self.dead_devices: dict[str, datetime] = {}
        """Tokens that are not registered any more, and since when."""
        self._public_key: Any = load_pem_private_key(private_key.encode(), None).public_key()
        self._key_id, self._team_id, self._topic = key_id, team_id, topic
        self._clock = clock

    def settings(self) -> dict[str, str]:
        """All that the kind `apns` needs but `private_key`."""
        return {
            "key_id": self._key_id,
            "team_id": self._team_id,
            "topic": self._topic,
            "api_url": self.url,
        }

    @staticmethod
    def refusal(status: int, reason: str, **more: object) -> Reply:
        """An answer as Apple words it."""
        return Reply.of_json({"reason": reason, **more}, status)

    def respond(self, request: ReceivedRequest) -> Reply:
        refused = self._check_token(request.headers.get("authorization", ""))
        refused = refused or self._check_headers(request.headers)
        if refused is not None:
            return self.refusal(*refused)
        device = _DEVICE.fullmatch(request.path)
        if device is None:
            return self.refusal(400, "BadDeviceToken")
        if (died := self.dead_devices.get(device[1])) is not None:
            return self.refusal(410, "Unregistered", timestamp=int(died.timestamp() * 1000))
        if len(request.body) > _MAX_PAYLOAD_BYTES:
            return self.refusal(413, "PayloadTooLarge")
        self.notifications.append(ApnsNotification(device[1], request.headers, request.json()))
        return Reply(200, {"apns-id": request.headers["apns-id"]})

    def _check_token(self, authorization: str) -> tuple[int, str] | None:
        token = authorization.removeprefix("bearer ")
        if token == authorization:
            return 403, "MissingProviderToken"
        try:
            claims = jwt.decode(token, self._public_key, algorithms=["ES256"], options={"verify_iat": False})
        except jwt.InvalidTokenError:
            return 403, "InvalidProviderToken"
        if jwt.get_unverified_header(token).get("kid") != self._key_id or claims.get("iss") != self._team_id:
            return 403, "InvalidProviderToken"
        age_seconds = self._clock().timestamp() - claims.get("iat", 0)
        return (403, "ExpiredProviderToken") if age_seconds > _TOKEN_SECONDS else None

    def _check_headers(self, headers: Mapping[str, str]) -> tuple[int, str] | None:
        checks = {
            "BadMessageId": _is_uuid(headers.get("apns-id", "")),
            "BadTopic": headers.get("apns-topic") == self._topic,
            "InvalidPushType": headers.get("apns-push-type") in ("alert", "background"),
            "BadPriority": headers.get("apns-priority", "10") in ("1", "5", "10"),
            "BadExpirationDate": headers.get("apns-expiration", "0").isdecimal(),
            "BadCollapseId": len(headers.get("apns-collapse-id", "").encode()) <= _MAX_COLLAPSE_BYTES,
        }
        return next(((400, reason) for reason, fine in checks.items() if not fine), None)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
