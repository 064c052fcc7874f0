"""FCM: an access token first, then the message."""

from __future__ import annotations

import json

from carillon_server.delivery.providers.provider import Provider
from carillon_server.delivery.providers.push.fcm import KIND
from carillon_server.domain.channel import Platform
from carillon_server.domain.outcome import Delivered
from carillon_server.testing import FcmFake, HttpFake, Reply, make_service_account
from tests.delivery.providers.conformance import Case, message

_NAME = "projects/carillon-fake/messages/0:1"


async def fetch_token(provider: Provider, fake: HttpFake) -> None:
    assert isinstance(await provider.send(message("a-device", platform=Platform.FCM)), Delivered)


def settings(fake: HttpFake) -> dict[str, str]:
    return {"service_account": make_service_account(f"{fake.url}/token"), "api_url": fake.url}


CASE = Case(
    kind=KIND,
    settings=settings,
    message=lambda _fake: message("a-device", platform=Platform.FCM),
    accepted=Reply.of_json({"name": _NAME}),
    accepted_id=_NAME,
    secrets=(json.loads(make_service_account("x"))["private_key"][100:140], "ya29."),
    fake=FcmFake,
    prime=fetch_token,
)
