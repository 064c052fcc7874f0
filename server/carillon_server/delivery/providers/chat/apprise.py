"""Chat, by way of Apprise: Slack, Discord, Teams, Google Chat, Telegram, Webex, and servers of one's own.

A message goes to the address of its endpoint, or, where the provider's settings name URLs, to all of those.

Apprise says only whether it worked, so there is no id and no telling what may pass from what never will:
False is Retry `apprise_failed`, with the status of HTTP where a log record of Apprise names one. An answer
that does not come in time is Retry `timeout`; the thread that waits for it cannot be stopped and keeps its
place until the other side hangs up or Apprise gives up reading (10 s without a byte). When all places are
taken so, messages wait for one and are `timeout` too; other providers have threads of their own.

Hosts of one's own are asked for before each message and must be where requests may go. Apprise asks again
when it connects: a name that changes in between gets through. Whoever may not risk that names an address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pydantic import Field, SecretStr, field_validator

from carillon_server.delivery.layout import render_links
from carillon_server.delivery.providers.chat import apprise_plugins
from carillon_server.delivery.providers.chat.apprise_plugins import Report
from carillon_server.delivery.providers.chat.bounded_threads import BoundedThreads
from carillon_server.delivery.providers.chat.chat_address import find_cloud_service, find_service
from carillon_server.delivery.providers.http.egress import AddressForbiddenError, Egress
from carillon_server.delivery.providers.provider import Message, ProviderKind, ProviderSettings, Workshop
from carillon_server.domain.channel import Channel
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import Delivered, Outcome, Rejected, Retry

_MAX_URLS = 5


class AppriseSettings(ProviderSettings):
    """Where messages go, and how long that may take."""

    urls: tuple[SecretStr, ...] = Field(
        default=(),
        max_length=_MAX_URLS,
        description="URLs of Apprise that every message goes to, instead of to the endpoint's address: "
        "`mmosts://host/token`, `rockets://…`, `gotifys://…`, `nctalks://…`, `slack://…`, `discord://…`, "
        "`gchat://…`, `tgram://…`, `wxteams://…`. Without a query. At most 5.",
    )
    timeout_seconds: float = Field(default=20.0, gt=0, le=80, description="For one message.")
    threads: int = Field(default=8, ge=1, le=32, description="Messages under way at once in a worker.")

    @field_validator("urls")
    @classmethod
    def _are_allowed(cls, urls: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for number, url in enumerate(urls, start=1):
            if find_service(url.get_secret_value()) is None:
                raise ValueError(f"number {number} is not a URL of an allowed service, without a query")
        return urls


class AppriseProvider:
    """Posts."""

    def __init__(self, name: str, settings: AppriseSettings, egress: Egress, link_base_url: str) -> None:
        self.name = name
        self._urls = [url.get_secret_value() for url in settings.urls]
        self._timeout_seconds = settings.timeout_seconds
        self._threads = BoundedThreads(f"apprise {name}", settings.threads)
        self._egress = egress
        self._link_base_url = link_base_url

    async def send(self, message: Message) -> Outcome:
        if not self._urls and find_cloud_service(message.address) is None:
            return Rejected("address_invalid", "not an address of a chat service")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._send(self._urls or [message.address], message)
        except TimeoutError:
            return Retry("timeout", f"no answer within {self._timeout_seconds:g} s")
        except AddressForbiddenError as error:
            return Retry("address_forbidden", str(error))
        except OSError as error:
            return Retry("unreachable", type(error).__name__)
        except ValueError:
            return Rejected("address_invalid", "not an address of a chat service")

    async def close(self) -> None:
        """Nothing to let go: each message has its own connection."""

    async def _send(self, urls: Sequence[str], message: Message) -> Outcome:
        await self._check_hosts(urls)
        content = _words(message)
        body = render_links(content, self._link_base_url) or content.title
        for url in urls:
            call = partial(apprise_plugins.notify, url, content.title, body)
            report = await self._threads.run(call, self._timeout_seconds)
            if not report.taken:
                return _failed(report)
        return Delivered(str(message.delivery_id))

    async def _check_hosts(self, urls: Sequence[str]) -> None:
        if urls is not self._urls:
            return
        hosts = await self._threads.run(partial(apprise_plugins.hosts_of, urls), self._timeout_seconds)
        for host, port, secure in hosts:
            addresses = await self._egress.resolve(host, port)
            if not secure and not all(self._egress.trusts(address) for address in addresses):
                raise AddressForbiddenError("without TLS only networks that the installation allows")


def _words(message: Message) -> Content:
    """A template says where it leads; the buttons of the inbox would repeat that as lines of text."""
    return replace(message.words, actions=()) if message.parts else message.content


def _failed(report: Report) -> Retry:
    detail = f"HTTP {report.status}" if report.status else "Apprise says no more than that"
    return Retry("apprise_failed", detail)


def _build(name: str, settings: AppriseSettings, workshop: Workshop) -> AppriseProvider:
    return AppriseProvider(name, settings, workshop.egress, workshop.link_base_url)


KIND = ProviderKind("apprise", frozenset({Channel.CHAT}), AppriseSettings, _build, one_far_side=False)
