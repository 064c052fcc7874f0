"""Chat by way of Apprise, against servers that speak as Mattermost does."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import ValidationError

from carillon_server.delivery.providers.chat import apprise, apprise_plugins
from carillon_server.delivery.providers.chat.apprise import AppriseSettings
from carillon_server.delivery.providers.chat.bounded_threads import BoundedThreads
from carillon_server.delivery.providers.chat.chat_address import check_chat_address
from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.provider import Message, Provider, Workshop
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import Delivered, Outcome, Rejected, Retry
from carillon_server.testing import Fault, HttpFake, Reply
from tests.chat_addresses import CHAT_ADDRESSES, NO_CHAT_ADDRESSES
from tests.delivery.test_smtp import utc_now

TOKEN = "abcdefghijklmnopqrstuvwx"
MESSAGE = Message(
    DeliveryId(bytes(16), 7, 0),
    CHAT_ADDRESSES[0],
    Content("Invoice 7 is paid", "Thank you.", "https://app.example.com/7", "", ""),
)


@pytest.fixture
async def mattermost() -> AsyncIterator[HttpFake]:
    async with HttpFake(Reply(200, body=b"ok")) as fake:
        yield fake


def make(*urls: str, networks: Sequence[str] = ("127.0.0.0/8",), **settings: object) -> Provider:
    values = AppriseSettings(urls=urls, **settings)  # type: ignore[arg-type]  # settings by name
    return apprise.KIND.build("chat", values, Workshop(utc_now, Egress(networks)))


def url_of(fake: HttpFake) -> str:
    return f"mmost://{fake.host}/{TOKEN}"


def class_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Retry)
    return outcome.error_class


async def test_a_message_arrives_with_title_body_and_link(mattermost: HttpFake) -> None:
    assert await make(url_of(mattermost)).send(MESSAGE) == Delivered(str(MESSAGE.delivery_id))
    (request,) = mattermost.requests
    assert request.path == f"/hooks/{TOKEN}"
    text = request.json()["text"]
    for part in ("Invoice 7 is paid", "Thank you.", "https://app.example.com/7"):
        assert part in text


async def test_every_room_of_the_settings_gets_it(mattermost: HttpFake) -> None:
    async with HttpFake(Reply(200)) as other:
        outcome = await make(url_of(mattermost), url_of(other)).send(MESSAGE)
        assert isinstance(outcome, Delivered)
        assert (len(mattermost.requests), len(other.requests)) == (1, 1)


@pytest.mark.parametrize("status", [302, 400, 403, 404, 429, 500, 503])
async def test_what_is_not_taken_is_tried_again(mattermost: HttpFake, status: int) -> None:
    mattermost.answer_with(Reply(status, {"location": "http://127.0.0.1:1/"}))
    assert await make(url_of(mattermost)).send(MESSAGE) == Retry("apprise_failed", f"HTTP {status}")
    assert len(mattermost.requests) == 1


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.HANG_UP, Fault.GARBAGE, Fault.CUT])
async def test_a_broken_conversation_is_tried_again(mattermost: HttpFake, fault: Fault) -> None:
    mattermost.answer_with(fault)
    assert class_of(await make(url_of(mattermost)).send(MESSAGE)) == "apprise_failed"


async def test_an_answer_without_end_is_not_read_to_its_end(mattermost: HttpFake) -> None:
    mattermost.answer_with(Fault.FLOOD)
    assert class_of(await make(url_of(mattermost)).send(MESSAGE)) == "apprise_failed"
    await mattermost.wait_for_connections(0)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
async def test_a_server_that_does_not_answer_is_given_up(mattermost: HttpFake, fault: Fault) -> None:
    mattermost.answer_with(fault)
    assert class_of(await make(url_of(mattermost), timeout_seconds=0.5).send(MESSAGE)) == "timeout"


async def test_calls_that_hang_take_no_more_than_their_places() -> None:
    threads = BoundedThreads("t", 2)
    release = threading.Event()
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await threads.run(release.wait, 0.05)
    assert len([thread for thread in threading.enumerate() if thread.name == "t"]) == 2
    # Neither the loop nor its default threads waited for them.
    assert await asyncio.to_thread(lambda: 7) == 7
    release.set()
    assert await threads.run(lambda: 8, 5) == 8


async def test_a_call_that_fails_says_how() -> None:
    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await BoundedThreads("t", 1).run(fail, 5)


async def test_a_host_of_ones_own_must_be_where_requests_may_go(mattermost: HttpFake) -> None:
    assert class_of(await make(url_of(mattermost), networks=()).send(MESSAGE)) == "address_forbidden"
    assert mattermost.requests == []


async def test_without_tls_only_allowed_networks_are_called(mattermost: HttpFake) -> None:
    class PublicHost(Egress):
        async def resolve(self, host: str, port: int) -> Sequence[str]:
            return [host]

    settings = AppriseSettings(urls=(url_of(mattermost),))  # type: ignore[arg-type]  # read by pydantic
    provider = apprise.KIND.build("chat", settings, Workshop(utc_now, PublicHost()))
    assert class_of(await provider.send(MESSAGE)) == "address_forbidden"
    assert mattermost.requests == []


@pytest.mark.parametrize("address", CHAT_ADDRESSES)
def test_addresses_that_endpoints_may_have(address: str) -> None:
    assert check_chat_address(address) is None


@pytest.mark.parametrize("address", NO_CHAT_ADDRESSES)
async def test_addresses_that_they_may_not_are_met_by_no_call(address: str) -> None:
    assert check_chat_address(address) is not None
    message = Message(MESSAGE.delivery_id, address, MESSAGE.content)
    assert await make().send(message) == Rejected("address_invalid", "not an address of a chat service")


@pytest.mark.parametrize(
    "url",
    [
        *("json://host/", "mailto://a:b@c.ch", "file:///etc/passwd", "syslog://", "exec://x", "dbus://", ""),
        *(f"mmosts://host/{TOKEN}?verify=no", f"mmosts://host/{TOKEN}?template=/etc/passwd"),
        *(f"mmosts://host:0/{TOKEN}", f"mmosts://host:99999/{TOKEN}", f"mmosts://host/{TOKEN}\r\n"),
    ],
)
def test_settings_with_other_urls_are_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        AppriseSettings(urls=(url,))  # type: ignore[arg-type]  # read by pydantic
    assert error.value.errors()[0]["loc"] == ("urls",)


def test_no_plugin_is_loaded_but_the_one_that_is_asked_for() -> None:
    """In a process of its own: others may have loaded what this must not."""
    program = (
        "import sys, json\n"
        "from carillon_server.delivery.providers.chat import apprise_plugins\n"
        f"plugin = apprise_plugins.load({CHAT_ADDRESSES[0]!r})\n"
        "print(json.dumps(sorted(m for m in sys.modules if m.startswith('apprise.plugins.'))))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=50)
    assert json.loads(done.stdout) == ["apprise.plugins.base", "apprise.plugins.slack"]


@pytest.mark.parametrize("address", CHAT_ADDRESSES)
def test_every_address_that_is_taken_makes_sense_to_apprise(address: str) -> None:
    assert apprise_plugins.load(address) is not None


async def test_the_address_is_not_in_logs_errors_or_reprs(
    mattermost: HttpFake, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    mattermost.answer_with(Reply(403))
    provider = make(url_of(mattermost))
    outcome = await provider.send(MESSAGE)
    captured = capfd.readouterr()
    settings = AppriseSettings(urls=(url_of(mattermost),))  # type: ignore[arg-type]  # read by pydantic
    told = "".join([repr(outcome), repr(settings), captured.out, captured.err, caplog.text])
    assert TOKEN not in told
