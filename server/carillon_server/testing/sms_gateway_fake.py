"""A gateway for text messages that knows nothing but HTTP, JSON and repeats.

async with SmsGatewayFake() as gateway:
    settings = {"url": gateway.url, "auth": "bearer", "token": gateway.token, "id_path": "messages.0.id"}
    ...  # put a provider of the kind `http_sms` with them, and send
    assert gateway.messages["msg-0"]["text"] == "Invoice 7 is paid"
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from carillon_server.domain.provider_event import Callback
from carillon_server.testing.answers import Reply, Step
from carillon_server.testing.certificate import Certificate
from carillon_server.testing.http_fake import HttpFake, ReceivedRequest

GATEWAY_TOKEN = "a-token-of-the-fake"  # noqa: S105 - of a fake
CALLBACK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of a fake


class SmsGatewayFake(HttpFake):
    """Takes `{"to", "text"}` with a bearer token, and answers `{"messages": [{"id"}]}`. A request with an
    `idempotency-key` seen before gets the first answer again, and no second message goes out.
    """

    def __init__(
        self,
        token: str = GATEWAY_TOKEN,
        callback_secret: str = CALLBACK_SECRET,
        *,
        tls: Certificate | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self.token = token
        self.callback_secret = callback_secret
        self.messages: dict[str, Mapping[str, str]] = {}
        """What went out: the fields, by id."""
        self._answers: dict[str, Reply] = {}

    def respond(self, request: ReceivedRequest) -> Step:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401)
        fields = request.json()
        if not isinstance(fields, dict) or not {"to", "text"} <= fields.keys():
            return Reply(400)
        key = request.headers.get("idempotency-key", "")
        if key not in self._answers:
            message_id = f"msg-{len(self.messages)}"
            self.messages[message_id] = fields
            answer = Reply.of_json({"messages": [{"id": message_id}]}, status=202)
            if not key:
                return answer
            self._answers[key] = answer
        return self._answers[key]

    def callback(self, url: str, events: Sequence[Mapping[str, object]]) -> Callback:
        """Events, signed by the rules of Standard Webhooks."""
        now = datetime.now(UTC)
        body = json.dumps({"events": list(events)})
        headers = {
            "webhook-id": f"evt-{now.timestamp()}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.callback_secret).sign(f"evt-{now.timestamp()}", now, body),
        }
        return Callback(url, headers, body.encode())
