"""What the demo's far side took."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from carillon_gateway.settings import Settings
from tests.gateway.browser import Browser
from tests.gateway.conftest import running_gateway

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
async def browser(demo: Settings, tmp_path: Path) -> AsyncIterator[Browser]:
    async with running_gateway(replace(demo, message_dir=tmp_path)) as port:
        yield Browser(port)


def keep(directory: Path, key: str, title: str) -> None:
    document = {"channel": "SMS", "to": "+41446681800", "title": title, "time": "now", "segments": 1}
    (directory / f"{key}.json").write_text(json.dumps(document))


async def test_messages_are_listed_newest_first(browser: Browser, tmp_path: Path) -> None:
    assert "Nothing was sent yet" in (await browser.get("/messages")).body.decode()
    keep(tmp_path, "1-sms", "first")
    keep(tmp_path, "2-sms", "second")
    listed = (await browser.get("/messages")).body.decode()
    assert listed.index("second") < listed.index("first")


async def test_what_a_message_holds_is_escaped(browser: Browser, tmp_path: Path) -> None:
    keep(tmp_path, "1-sms", f"title {HOSTILE}")
    for path in ("/messages", "/messages/1-sms"):
        shown = (await browser.get(path)).body.decode()
        assert "title &lt;script&gt;" in shown
        assert HOSTILE not in shown


async def test_half_a_file_hides_nothing_else(browser: Browser, tmp_path: Path) -> None:
    keep(tmp_path, "1-sms", "whole")
    (tmp_path / "2-sms.json").write_text('{"channel": "S')
    assert "whole" in (await browser.get("/messages")).body.decode()


@pytest.mark.parametrize("key", ["9-sms", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "secret"])
async def test_only_messages_can_be_read(browser: Browser, tmp_path: Path, key: str) -> None:
    (tmp_path / "secret.json").write_text('{"title": "secret"}')
    answer = await browser.get(f"/messages/{key}")
    assert answer.status in (303, 404)
