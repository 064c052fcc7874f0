"""What the page about push says is so."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from carillon_server.delivery.providers.kinds import KINDS
from carillon_server.delivery.providers.push.ec_key import load_p256_key
from carillon_server.delivery.providers.push.vapid import public_key_of
from carillon_server.domain.notification import Action, Content
from carillon_server.domain.outcome import Delivered
from carillon_server.testing import WebPushFake, make_apns_key, make_service_account, make_vapid_key
from tests.delivery.providers.push_house import Clock, build, note, workshop
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "how-to" / "send-push-notifications.md"
PEM = load_p256_key(make_vapid_key()).private_bytes(
    Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
)
SECRETS = {
    "fcm": {"service_account": make_service_account("https://oauth2.googleapis.com/token")},
    "apns": {"private_key": make_apns_key()},
    "web_push": {"private_key": PEM.decode()},
}


@pytest.fixture
async def service() -> AsyncIterator[WebPushFake]:
    async with WebPushFake() as fake:
        yield fake


def test_the_settings_are_taken_as_they_are_written() -> None:
    written = [json.loads(block) for block in blocks(PAGE, "json")]
    assert [each["kind"] for each in written] == ["fcm", "apns", "web_push"]
    for each in written:
        secrets = SECRETS[each["kind"]]
        assert secrets.keys() <= each["settings"].keys()
        KINDS[each["kind"]].settings.model_validate({**each["settings"], **secrets})


async def test_the_service_worker_uses_what_is_sent(service: WebPushFake) -> None:
    key = make_vapid_key()
    browser = service.subscribe(public_key_of(load_p256_key(key)))
    provider = build(KINDS["web_push"], {"private_key": key, "subject": "mailto:a@b.ch"}, workshop(Clock()))
    content = Content("Paid", "Thanks", "/7", "bell", "https://a.example/7.png", (Action("a", "A", "/a"),))
    assert isinstance(await provider.send(note(browser.subscription, content=content)), Delivered)
    await provider.close()
    used = {name for block in blocks(PAGE, "js") for name in re.findall(r"\bmessage\.(\w+)", block)}
    [message] = browser.messages
    assert used <= message.keys()
    assert message.keys() - used == {"notification_id", "delivery_id", "type"}
