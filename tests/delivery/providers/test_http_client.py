"""The HTTP client is bounded in every way, and goes nowhere but where it was told and may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvloop

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.http.http import HttpClient, HttpLimits
from carillon_server.delivery.providers.http.http_answer import (
    HttpAnswer,
    HttpFailure,
    classify_answer,
    classify_failure,
)
from carillon_server.domain.outcome import Outcome, Rejected, Retry, Throttled, Unknown
from carillon_server.testing import Certificate, Fault, HttpFake, Reply, Step
from carillon_server.testing.loopback import LoopbackServer

LOCAL_NETWORKS = ("127.0.0.0/8", "::1/128")
IMPATIENT = HttpLimits(connect_seconds=1.0, total_seconds=0.5)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@asynccontextmanager
async def client_for(
    egress: Egress | None = None, limits: HttpLimits = IMPATIENT, ca_file: str = ""
) -> AsyncIterator[HttpClient]:
    client = HttpClient(egress or Egress(LOCAL_NETWORKS), limits, ca_file=ca_file)
    try:
        yield client
    finally:
        await client.close()


def names(*answers: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A name server that gives these answers one after the other, the last one for good."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def meet(*steps: Step) -> HttpAnswer | HttpFailure:
    """What comes of a POST to a server that takes these steps; the last one is the answer."""
    result: HttpAnswer | HttpFailure | None = None
    async with HttpFake() as fake, client_for() as client:
        fake.answer_with(*steps)
        for _ in steps:
            result = await client.post(f"{fake.url}/x", b"{}", {})
    assert result is not None
    return result


async def test_an_answer_has_status_headers_and_body() -> None:
    answer = await meet(Reply(418, {"X-Tea": "Earl Grey"}, b'{"pot": 1}'))
    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.headers["x-tea"], answer.json()) == (418, "Earl Grey", {"pot": 1})


async def test_a_request_arrives_as_written() -> None:
    async with HttpFake() as fake, client_for() as client:
        await client.request("PUT", f"{fake.url}/ö?a=b c&d=%20#f".replace(" ", "%20"), {"X-A": "b"}, b"body")
        (request,) = fake.requests
    assert (request.method, request.path, request.body) == ("PUT", "/%C3%B6?a=b%20c&d=%20", b"body")
    assert request.headers["x-a"] == "b"
    assert request.headers["host"] == fake.host
    assert "cookie" not in request.headers


@pytest.mark.parametrize(
    ("fault", "error_class"),
    [
        (Fault.HANG, "timeout"),
        (Fault.DRIP, "timeout"),
        (Fault.RESET, "disconnected"),
        (Fault.HANG_UP, "disconnected"),
        (Fault.GARBAGE, "protocol"),
        (Fault.CUT, "protocol"),
    ],
)
async def test_trouble_after_the_request_was_sent_is_ambiguous(fault: Fault, error_class: str) -> None:
    started = time.monotonic()
    failure = await meet(fault)
    assert isinstance(failure, HttpFailure)
    assert (failure.error_class, failure.sent) == (error_class, True)
    assert time.monotonic() - started < IMPATIENT.total_seconds + 1


async def test_a_long_body_is_cut_and_its_connection_closed() -> None:
    async with HttpFake() as fake, client_for() as client:
        fake.answer_with(Fault.FLOOD)
        answer = await client.post(fake.url, b"", {})
        await fake.wait_for_connections(0)
    assert isinstance(answer, HttpAnswer)
    assert (answer.status, len(answer.body)) == (200, IMPATIENT.max_body_bytes)


async def test_headers_without_end_are_refused() -> None:
    failure = await meet(Reply(headers={"x-long": "x" * 200_000}))
    assert isinstance(failure, HttpFailure)
    assert failure.error_class == "protocol"


async def test_redirects_are_not_followed() -> None:
    async with HttpFake() as secret, HttpFake() as fake, client_for() as client:
        fake.answer_with(Reply(307, {"location": f"{secret.url}/latest/meta-data"}))
        answer = await client.post(fake.url, b"", {})
        assert isinstance(answer, HttpAnswer)
        assert (answer.status, secret.requests, secret.connections_made) == (307, [], 0)


async def test_cookies_are_not_kept() -> None:
    async with HttpFake() as fake, client_for() as client:
        fake.answer_with(Reply(headers={"set-cookie": "a=b"}))
        await client.post(fake.url, b"", {})
        await client.post(fake.url, b"", {})
        assert "cookie" not in fake.requests[1].headers


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with HttpFake() as proxy, HttpFake() as fake:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with client_for() as client:
            await client.post(fake.url, b"", {})
        assert (len(fake.requests), proxy.connections_made) == (1, 0)


async def test_nobody_there_means_surely_not_sent() -> None:
    async with HttpFake() as fake:
        url = fake.url
    async with client_for() as client:
        failure = await client.post(url, b"", {})
    assert isinstance(failure, HttpFailure)
    assert (failure.error_class, failure.sent) == ("unreachable", False)


async def test_a_name_that_does_not_answer_takes_bounded_time() -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async with client_for(Egress(resolver=never), HttpLimits(connect_seconds=0.1)) as client:
        failure = await client.post("https://hooks.example.com/", b"", {})
    assert isinstance(failure, HttpFailure)
    assert (failure.error_class, failure.sent) == ("timeout", False)


async def test_the_next_address_is_tried_where_one_is_dead(tmp_path: Path) -> None:
    certificate = Certificate.make(tmp_path, ["hooks.example.com"])
    egress = Egress(LOCAL_NETWORKS, names(["::1", "127.0.0.1"]))
    async with (
        HttpFake(tls=certificate) as fake,
        client_for(egress, ca_file=str(certificate.certificate_file)) as client,
    ):
        answer = await client.post(f"https://hooks.example.com:{fake.port}/", b"", {})
    assert isinstance(answer, HttpAnswer)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1/", "https://localhost:1/", "http://example.com/", "https://10.1/"]
)
async def test_forbidden_addresses_are_never_called(url: str) -> None:
    asked: list[str] = []

    async def resolver(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with client_for(Egress(resolver=resolver)) as client:
        failure = await client.post(url, b"", {})
    assert isinstance(failure, HttpFailure)
    assert failure.error_class in ("address_forbidden", "address_invalid")
    assert (failure.sent, asked) == (False, [])


async def test_a_name_that_changes_its_mind_leads_nowhere_new(tmp_path: Path) -> None:
    """DNS rebinding: fine when it was asked first, private when the connection is made."""
    certificate = Certificate.make(tmp_path, ["hooks.example.com"])
    private = Egress(["127.0.0.1/32"], names(["127.0.0.1"], ["127.0.0.2"]))
    async with (
        HttpFake(tls=certificate) as fake,
        HttpFake(tls=certificate, host="127.0.0.2") as secret,
        client_for(private, ca_file=str(certificate.certificate_file)) as client,
    ):
        fine = await client.post(f"https://hooks.example.com:{fake.port}/", b"", {})
        again = await client.post(f"https://hooks.example.com:{fake.port}/", b"", {})
        moved = await client.post(f"https://hooks.example.com:{secret.port}/", b"", {})
        assert isinstance(fine, HttpAnswer)
        # The kept connection is the one that was checked, so the name is not even asked again.
        assert isinstance(again, HttpAnswer)
        assert fake.connections_made == 1
        assert isinstance(moved, HttpFailure)
        assert (moved.error_class, moved.sent, secret.connections_made) == ("address_forbidden", False, 0)


async def test_a_name_is_asked_once_for_a_connection(tmp_path: Path) -> None:
    """What was checked is connected to: an answer that only the second question gets changes nothing."""
    certificate = Certificate.make(tmp_path, ["hooks.example.com"])
    egress = Egress(["127.0.0.1/32"], names(["127.0.0.1"], ["127.0.0.2"]))
    async with (
        HttpFake(tls=certificate) as fake,
        client_for(egress, ca_file=str(certificate.certificate_file)) as client,
    ):
        assert isinstance(await client.post(f"https://hooks.example.com:{fake.port}/", b"", {}), HttpAnswer)
        assert len(fake.requests) == 1


async def test_the_certificate_must_be_of_the_name_and_trusted(tmp_path: Path) -> None:
    certificate = Certificate.make(tmp_path, ["hooks.example.com"])
    trusted = str(certificate.certificate_file)
    egress = Egress(LOCAL_NETWORKS, names(["127.0.0.1"]))
    async with HttpFake(tls=certificate) as fake:
        for host, ca_file in (("other.example.com", trusted), ("hooks.example.com", "")):
            async with client_for(egress, ca_file=ca_file) as client:
                failure = await client.post(f"https://{host}:{fake.port}/", b"", {})
                assert isinstance(failure, HttpFailure)
                assert (failure.error_class, failure.sent) == ("tls", False)
        assert fake.requests == []


async def test_a_server_without_tls_gets_nothing_to_read() -> None:
    async with HttpFake() as fake, client_for() as client:
        failure = await client.post(fake.url.replace("http:", "https:"), b"secret", {})
        assert isinstance(failure, HttpFailure)
        assert (failure.sent, fake.requests) == (False, [])


class Mute(LoopbackServer):
    """Takes connections and never says a word, not even that of TLS."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_024):
            pass


async def test_a_handshake_that_was_given_up_leaves_no_connection() -> None:
    async with Mute() as mute, client_for(limits=HttpLimits(total_seconds=0.1)) as client:
        url = mute.url.replace("http:", "https:")
        failure = await client.post(url, b"", {})
        assert isinstance(failure, HttpFailure)
        assert (failure.error_class, failure.sent) == ("timeout", False)
        await mute.wait_for_connections(0)
        task = asyncio.create_task(client.post(url, b"", {}))
        await mute.wait_for_connections(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await mute.wait_for_connections(0)


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_used() -> None:
    async with HttpFake() as fake, client_for() as client:
        fake.answer_with(Reply(headers={"connection": "close"}))
        for _ in range(2):
            assert isinstance(await client.post(fake.url, b"", {}), HttpAnswer)
        assert fake.connections_made == 2


async def test_line_ends_in_headers_are_not_sent() -> None:
    async with HttpFake() as fake, client_for() as client:
        failure = await client.post(fake.url, b"", {"x-a": "b\r\nx-evil: 1"})
        assert isinstance(failure, HttpFailure)
        assert fake.requests == []


@pytest.mark.parametrize(
    "test",
    [
        test_a_request_arrives_as_written,
        test_a_long_body_is_cut_and_its_connection_closed,
        test_nobody_there_means_surely_not_sent,
        test_a_name_that_does_not_answer_takes_bounded_time,
        test_a_kept_connection_that_was_closed_meanwhile_is_not_used,
        test_a_server_without_tls_gets_nothing_to_read,
        test_a_handshake_that_was_given_up_leaves_no_connection,
    ],
)
def test_it_is_the_same_on_the_loop_of_production(test: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_awaited(test))


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP, Fault.RESET, Fault.GARBAGE])
def test_trouble_is_the_same_on_the_loop_of_production(fault: Fault) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        failure = runner.run(meet(fault))
    assert isinstance(failure, HttpFailure)
    assert failure.sent


async def _awaited(test: Callable[[], Awaitable[None]]) -> None:
    await test()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sat, 21 Nov 2026 12:01:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 12:01:30 +0100", 0.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("9" * 400, 999_999_999_999.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        (f"Sat, 21 Nov {'9' * 30} 12:01:30 GMT", None),
        (f"Sat, 21 Nov 2026 12:01:30 +{'9' * 30}", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert HttpAnswer(503, {"retry-after": text}, b"").retry_after_seconds(NOW) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (429, {}, Throttled("http_429", "answered 429", None)),
        (429, {"retry-after": "7"}, Throttled("http_429", "answered 429", 7.0)),
        (503, {"retry-after": "7"}, Throttled("http_503", "answered 503", 7.0)),
        (503, {}, Retry("http_503", "answered 503")),
        (500, {}, Retry("http_500", "answered 500")),
        (408, {}, Retry("http_408", "answered 408")),
        (302, {}, Retry("http_302", "answered 302")),
        (401, {}, Retry("credentials_refused", "answered 401")),
        (403, {}, Retry("credentials_refused", "answered 403")),
        (404, {}, Rejected("http_404", "answered 404")),
        (413, {}, Rejected("too_large", "answered 413")),
    ],
)
def test_a_status_has_one_meaning(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    assert classify_answer(HttpAnswer(status, headers, b""), NOW) == outcome


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (HttpFailure("timeout", "d", sent=True), Unknown("timeout", "d")),
        (HttpFailure("timeout", "d", sent=False), Retry("timeout", "d")),
        (HttpFailure("address_forbidden", "d", sent=False), Rejected("address_forbidden", "d")),
    ],
)
def test_what_must_not_be_repeated_is_unknown_once_it_was_sent(
    failure: HttpFailure, outcome: Outcome
) -> None:
    assert classify_failure(failure, at_most_once=True) == outcome
