"""A chat of a tenant's own, by way of a library that says yes or no."""

from __future__ import annotations

from carillon_server.delivery.providers.chat.apprise import KIND
from carillon_server.testing import Reply
from tests.delivery.providers.conformance import IMPATIENT, Case, message

TOKEN = "abcdefghijklmnopqrstuvwx"

CASE = Case(
    kind=KIND,
    settings=lambda fake: {
        "urls": [f"mmost://{fake.host}/{TOKEN}"],
        # Its thread has to be started, and its library to look around, before anything is sent.
        "timeout_seconds": IMPATIENT.total_seconds + 1.0,
    },
    message=lambda _fake: message(address="https://hooks.slack.com/services/T0/B0/XXXXXXXX"),
    accepted=Reply(200, body=b"ok"),
    opaque=True,
    secrets=(TOKEN,),
)
