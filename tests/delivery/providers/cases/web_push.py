"""Web Push: each address has its own push service."""

from __future__ import annotations

from carillon_server.delivery.providers.push.ec_key import load_p256_key
from carillon_server.delivery.providers.push.vapid import public_key_of
from carillon_server.delivery.providers.push.web_push import KIND
from carillon_server.domain.channel import Platform
from carillon_server.testing import Reply, WebPushFake, make_vapid_key
from tests.delivery.providers.conformance import Case, message

_KEY = make_vapid_key()
_PUBLIC_KEY = public_key_of(load_p256_key(_KEY))
_LOCATION = "https://push.example/message/1"

CASE = Case(
    kind=KIND,
    settings=lambda _fake: {"private_key": _KEY, "subject": "mailto:ops@example.com"},
    message=lambda fake: message(fake.subscribe(_PUBLIC_KEY).subscription, platform=Platform.WEB_PUSH),
    accepted=Reply(201, {"location": _LOCATION}),
    accepted_id=_LOCATION,
    secrets=(_KEY,),
    fake=WebPushFake,
    throttled_is_retry=True,
)
