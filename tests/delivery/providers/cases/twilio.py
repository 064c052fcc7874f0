"""Twilio: one account, one request a message."""

from __future__ import annotations

from carillon_server.delivery.providers.sms.twilio import KIND
from carillon_server.testing import Reply, TwilioFake
from tests.delivery.providers.conformance import Case, message

TOKEN = "0123456789abcdef0123456789abcdef"
CALLBACK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SID = "SM" + "f" * 32

CASE = Case(
    kind=KIND,
    fake=lambda: TwilioFake(auth_token=TOKEN),
    settings=lambda fake: {
        "account_sid": "AC" + "0" * 32,
        "auth_token": TOKEN,
        "from_number": "+15005550006",
        "api_url": fake.url,
        "callback_secrets": [CALLBACK_SECRET],
    },
    message=lambda _fake: message(address="+4915112345678"),
    accepted=Reply.of_json({"sid": SID, "status": "queued"}, status=201),
    accepted_id=SID,
    secrets=(TOKEN, CALLBACK_SECRET),
)
