"""The mailbox of the demo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path

import pytest

from carillon_gateway.settings import Settings
from tests.gateway.browser import Browser
from tests.gateway.conftest import running_gateway

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def mails(tmp_path: Path) -> Maildir:
    return Maildir(tmp_path / "mail")


@pytest.fixture
async def browser(mails: Maildir, demo: Settings, tmp_path: Path) -> AsyncIterator[Browser]:
    async with running_gateway(replace(demo, mail_dir=tmp_path / "mail")) as port:
        yield Browser(port)


def keep(mails: Maildir, subject: str) -> str:
    mail = EmailMessage()
    mail["To"], mail["Subject"] = "user-a@example.com", subject
    mail.set_content(f"text {HOSTILE}")
    mail.add_alternative(f"<p>html</p>{HOSTILE}", subtype="html")
    return mails.add(mail.as_bytes())


async def test_mails_are_listed_newest_first(browser: Browser, mails: Maildir) -> None:
    assert "Nothing was sent yet" in (await browser.get("/mail")).body.decode()
    for subject in ("first", "second"):
        keep(mails, subject)
    listed = (await browser.get("/mail")).body.decode()
    assert listed.index("second") < listed.index("first")


async def test_what_a_mail_holds_is_escaped(browser: Browser, mails: Maildir) -> None:
    key = keep(mails, f"subject {HOSTILE}")
    for path in ("/mail", f"/mail/{key}"):
        shown = (await browser.get(path)).body.decode()
        assert "subject &lt;script&gt;" in shown
        assert HOSTILE not in shown


async def test_the_html_of_a_mail_can_run_and_load_nothing(browser: Browser, mails: Maildir) -> None:
    answer = await browser.get(f"/mail/{keep(mails, 'x')}/html")
    assert b"<p>html</p>" in answer.body
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy


@pytest.mark.parametrize("key", ["unknown", "..%2F..%2Fetc%2Fpasswd", "%2e%2e"])
async def test_only_mails_can_be_read(browser: Browser, mails: Maildir, key: str) -> None:
    keep(mails, "x")
    assert (await browser.get(f"/mail/{key}")).status in (303, 404)
