"""What the page tells receivers to do works on what they receive."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carillon_server.delivery.providers.webhook.webhook_body import write_body
from carillon_server.testing import HttpFake, ReceivedRequest
from tests.delivery.providers.conformance import message
from tests.delivery.providers.test_webhook import NEW, OLD, OTHER, build, send

PAGE = (Path(__file__).resolve().parents[3] / "docs/how-to/receive-webhooks.md").read_text()


@pytest.fixture
def is_genuine() -> Callable[[dict[str, str], bytes, str], bool]:
    (code,) = re.findall(r"```python\n(import base64.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["is_genuine"]


async def receive() -> ReceivedRequest:
    async with HttpFake() as fake:
        await send(build(NEW, OLD), message(fake.url))
        return fake.requests[0]


async def test_the_recipe_tells_the_genuine_from_the_forged(
    is_genuine: Callable[[dict[str, str], bytes, str], bool],
) -> None:
    request = await receive()
    headers = dict(request.headers)
    assert is_genuine(headers, request.body, NEW)
    assert is_genuine(headers, request.body, OLD)
    assert not is_genuine(headers, request.body, OTHER)
    assert not is_genuine(headers, request.body + b" ", NEW)
    assert not is_genuine({**headers, "webhook-timestamp": "1"}, request.body, NEW)


def test_the_page_shows_every_field_of_the_body() -> None:
    body = write_body(message("https://example.com"), datetime.now(UTC))
    keys = re.findall(r'"([a-z_]+)":', body)
    assert [key for key in keys if f'"{key}"' not in PAGE] == []
