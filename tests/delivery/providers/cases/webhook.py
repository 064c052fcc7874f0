"""Webhooks: each address is somebody else's server."""

from __future__ import annotations

from carillon_server.delivery.providers.webhook.webhook import KIND
from carillon_server.testing import Reply
from tests.delivery.providers.conformance import Case, message

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

CASE = Case(
    kind=KIND,
    settings=lambda _fake: {"signing_secrets": [SECRET]},
    message=lambda fake: message(address=f"{fake.url}/hooks/ann"),
    accepted=Reply(204),
    secrets=(SECRET, SECRET.removeprefix("whsec_")),
    throttled_is_retry=True,
)
