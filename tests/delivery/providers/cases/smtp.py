"""A relay of a tenant's own."""

from __future__ import annotations

from carillon_server.delivery.providers.email.smtp import KIND
from carillon_server.testing import Reply, SmtpFake
from tests.delivery.providers.conformance import IMPATIENT, Case, message

CASE = Case(
    kind=KIND,
    fake=SmtpFake,
    settings=lambda fake: {
        "host": "127.0.0.1",
        "port": fake.port,
        "security": "none",
        "from_address": "Acme <acme@example.com>",
        "timeout_seconds": IMPATIENT.total_seconds,
    },
    message=lambda _fake: message(address="ann@example.com"),
    accepted=Reply(250),
    asked=lambda fake: len(fake.mails),
    down=(421, 450, 451, 452),
    speaks_http=False,
)
