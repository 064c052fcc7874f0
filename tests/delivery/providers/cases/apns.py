"""APNs: HTTP/2 over TLS."""

from __future__ import annotations

import tempfile
from pathlib import Path

from carillon_server.delivery.providers.push.apns import KIND
from carillon_server.domain.channel import Platform
from carillon_server.testing import ApnsFake, Certificate, Reply, make_apns_key
from tests.delivery.providers.conformance import Case, message

_KEY = make_apns_key()
_ID = "eabeae54-14a8-11e5-b60b-1697f925ec7b"


_FILES = tempfile.TemporaryDirectory()
"""Until the process ends."""


def make_fake() -> ApnsFake:
    return ApnsFake(Certificate.make(Path(_FILES.name)), _KEY)


CASE = Case(
    kind=KIND,
    settings=lambda fake: {**fake.settings(), "private_key": _KEY},
    message=lambda _fake: message("ab" * 32, platform=Platform.APNS),
    accepted=Reply(200, {"apns-id": _ID}),
    accepted_id=_ID,
    secrets=(_KEY[40:100],),
    fake=make_fake,
    ca_file=lambda fake: str(fake.certificate.certificate_file),
)
