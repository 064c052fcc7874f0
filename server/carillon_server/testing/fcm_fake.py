"""Firebase Cloud Messaging, and the place where its access tokens come from.

async with FcmFake() as fcm:
    settings = {"service_account": fcm.service_account(), "api_url": fcm.url}
    ...  # put a provider of the kind `fcm` with them, an endpoint, and send
    assert fcm.messages[0]["notification"]["title"] == "Invoice 7 is paid"
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import jwt

from carillon_server.testing.answers import Reply
from carillon_server.testing.credentials import make_service_account, service_account_key
from carillon_server.testing.http_fake import HttpFake, ReceivedRequest

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_LONGEST_ASSERTION_SECONDS = 3600
_MAX_PAYLOAD_BYTES = 4_096


class FcmFake(HttpFake):
    """Gives tokens for assertions that are signed right, and takes messages for tokens that it gave."""

    def __init__(self, project_id: str = "carillon-fake") -> None:
        super().__init__()
        self.project_id = project_id
        self.messages: list[dict[str, Any]] = []
        """What was taken."""
        self.dead_tokens: set[str] = set()
        """Devices that are not registered any more."""
        self.tokens_given = 0
        self.token_seconds = 3_599
        self._good_tokens: set[str] = set()

    def service_account(self) -> str:
        """The JSON key that this fake knows."""
        return make_service_account(self._token_url, self.project_id)

    def revoke_tokens(self) -> None:
        """No access token given so far holds any more."""
        self._good_tokens.clear()

    @staticmethod
    def error(code: str, status: int, *, field: str = "", headers: dict[str, str] | None = None) -> Reply:
        """An answer with this `errorCode`; `field`: the one that is said to be wrong."""
        kind = "type.googleapis.com/google"
        details: list[dict[str, Any]] = []
        if code:
            details.append({"@type": f"{kind}.firebase.fcm.v1.FcmError", "errorCode": code})
        if field:
            violations = [{"field": field, "description": "wrong"}]
            details.append({"@type": f"{kind}.rpc.BadRequest", "fieldViolations": violations})
        return Reply.of_json({"error": {"code": status, "details": details}}, status, headers)

    def respond(self, request: ReceivedRequest) -> Reply:
        if request.path == "/token":
            return self._give_token(request)
        if request.path == f"/v1/projects/{self.project_id}/messages:send":
            return self._take_message(request)
        return Reply.of_json({"error": {"code": 404, "status": "NOT_FOUND"}}, 404)

    @property
    def _token_url(self) -> str:
        return f"{self.url}/token"

    def _give_token(self, request: ReceivedRequest) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != _GRANT or not self._is_signed(form.get("assertion", "")):
            return Reply.of_json({"error": "invalid_grant"}, 400)
        self.tokens_given += 1
        token = f"ya29.fake-{self.tokens_given}"
        self._good_tokens.add(token)
        answer = {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"}
        return Reply.of_json(answer)

    def _is_signed(self, assertion: str) -> bool:
        try:
            claims = jwt.decode(
                assertion,
                service_account_key().public_key(),
                algorithms=["RS256"],
                audience=self._token_url,
                options={"require": ["iss", "aud", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return False
        lasts = claims["exp"] - claims["iat"]
        return claims.get("scope") == _SCOPE and 0 < lasts <= _LONGEST_ASSERTION_SECONDS

    def _take_message(self, request: ReceivedRequest) -> Reply:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._good_tokens:
            return Reply.of_json({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        message = request.json()["message"]
        if not message.get("token"):
            return self.error("INVALID_ARGUMENT", 400, field="message.token")
        if message["token"] in self.dead_tokens:
            return self.error("UNREGISTERED", 404)
        if not _is_takeable(message):
            return self.error("INVALID_ARGUMENT", 400)
        self.messages.append(message)
        return Reply.of_json({"name": f"projects/{self.project_id}/messages/0:{len(self.messages)}"})


def _is_takeable(message: dict[str, Any]) -> bool:
    payload = {name: value for name, value in message.items() if name != "token"}
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    texts = all(isinstance(value, str) for value in message.get("data", {}).values())
    return size <= _MAX_PAYLOAD_BYTES and texts
