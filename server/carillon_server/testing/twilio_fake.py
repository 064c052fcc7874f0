"""Twilio as far as text messages need it.

async with TwilioFake() as twilio:
    settings = {"account_sid": twilio.account_sid, "auth_token": twilio.auth_token, "api_url": twilio.url}
    twilio.refusals["+4915112345678"] = 21610
    ...  # put a provider of the kind `twilio` with them and a sender, and send
    assert [fields["Body"] for fields in twilio.messages.values()] == ["Invoice 7 is paid"]
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

from carillon_server.domain.provider_event import Callback
from carillon_server.testing.answers import Reply, Step
from carillon_server.testing.certificate import Certificate
from carillon_server.testing.http_fake import HttpFake, ReceivedRequest

TWILIO_ACCOUNT = "AC" + "0" * 32
TWILIO_TOKEN = "f" * 32
_SIGNATURE = "x-twilio-signature"


class TwilioFake(HttpFake):
    """Takes messages of one account, knows its credentials, and signs status callbacks as Twilio does.

    `refusals` maps numbers to the error code that a message to them gets.
    """

    def __init__(
        self,
        account_sid: str = TWILIO_ACCOUNT,
        auth_token: str = TWILIO_TOKEN,
        *,
        tls: Certificate | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.refusals: dict[str, int] = {}
        self.messages: dict[str, Mapping[str, str]] = {}
        """What was taken: the fields, by sid."""

    def respond(self, request: ReceivedRequest) -> Step:
        if request.path != f"/2010-04-01/Accounts/{self.account_sid}/Messages.json":
            return _error(404, 20404)
        if request.headers.get("authorization") != self._authorization():
            return _error(401, 20003)
        fields = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if not {"To", "Body"} <= fields.keys() or not fields.keys() & {"From", "MessagingServiceSid"}:
            return _error(400, 21603)
        if fields["To"] in self.refusals:
            return _error(400, self.refusals[fields["To"]])
        sid = f"SM{len(self.messages):032x}"
        self.messages[sid] = fields
        return Reply.of_json({"sid": sid, "status": "queued", "account_sid": self.account_sid}, status=201)

    def status_callback(self, sid: str, status: str, url: str, error_code: int | None = None) -> Callback:
        """A form, signed."""
        fields = self._status(sid, status, error_code)
        return Callback(
            url,
            {
                "content-type": "application/x-www-form-urlencoded",
                _SIGNATURE: _sign(self.auth_token, url, fields),
            },
            urlencode(fields).encode(),
        )

    def json_status_callback(self, sid: str, status: str, url: str) -> Callback:
        """JSON, whose digest is in the signed URL."""
        body = json.dumps(self._status(sid, status, None)).encode()
        called = f"{url}?bodySHA256={hashlib.sha256(body).hexdigest()}"
        headers = {
            "content-type": "application/json",
            _SIGNATURE: _sign(self.auth_token, called, {}),
        }
        return Callback(called, headers, body)

    def _status(self, sid: str, status: str, error_code: int | None) -> dict[str, str]:
        fields = {"AccountSid": self.account_sid, "MessageSid": sid, "MessageStatus": status}
        return fields if error_code is None else {**fields, "ErrorCode": str(error_code)}

    def _authorization(self) -> str:
        return "Basic " + b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()


def _error(status: int, code: int) -> Reply:
    return Reply.of_json({"code": code, "message": "refused", "status": status}, status=status)


def _sign(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    """As Twilio's documentation has it, apart from the code that checks it."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac.digest(auth_token.encode(), text.encode(), "sha1")).decode()
