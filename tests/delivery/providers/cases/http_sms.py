"""A gateway without a kind of its own."""

from __future__ import annotations

from carillon_server.delivery.providers.sms.http_sms import KIND
from carillon_server.testing import Reply, SmsGatewayFake
from tests.delivery.providers.conformance import Case, message

TOKEN = "a-very-secret-token"
HEADER_SECRET = "another-secret-of-the-header"

CASE = Case(
    kind=KIND,
    fake=lambda: SmsGatewayFake(token=TOKEN),
    settings=lambda fake: {
        "url": f"{fake.url}/send",
        "auth": "bearer",
        "token": TOKEN,
        "secret_headers": {"x-key": HEADER_SECRET},
        "id_path": "messages.0.id",
    },
    message=lambda _fake: message(address="+4915112345678"),
    accepted=Reply.of_json({"messages": [{"id": "msg-9"}]}, status=202),
    accepted_id="msg-9",
    secrets=(TOKEN, HEADER_SECRET),
)
