"""An issuer's keys from a URL: fetched seldom, believed for a while, and from that URL alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from carillon_server.domain.errors import Unavailable
from carillon_server.services.key_set import RemoteKeys, fetch_document, is_safe_url
from tests.running import Issuer


class _Source:
    """An issuer's address: counts how often it is asked, and can be away."""

    def __init__(self, issuer: Issuer) -> None:
        self.document = issuer.jwks_path.read_bytes()
        self.key_id = json.loads(self.document)["keys"][0]["kid"]
        self.asked = 0
        self.away = False
        self.now = 0.0

    def fetch(self) -> bytes:
        self.asked += 1
        if self.away:
            raise OSError("away")
        return self.document

    def keys(self) -> RemoteKeys:
        return RemoteKeys(self.fetch, lambda: self.now)


async def test_keys_are_fetched_once_and_refreshed_now_and_then(issuer: Issuer) -> None:
    source = _Source(issuer)
    keys = source.keys()
    for _ in range(3):
        assert await keys.find(source.key_id, "EdDSA")
    assert source.asked == 1
    source.now = 301.0
    assert await keys.find(source.key_id, "EdDSA")
    assert source.asked == 2


async def test_made_up_key_ids_do_not_become_a_flood_of_requests(issuer: Issuer) -> None:
    source = _Source(issuer)
    keys = source.keys()
    for number in range(50):
        assert await keys.find(f"made-up-{number}", "EdDSA") is None
    assert source.asked == 1
    source.now = 11.0
    assert await keys.find("made-up", "EdDSA") is None
    assert source.asked == 2


async def test_a_new_key_is_taken_as_soon_as_it_is_used(issuer: Issuer) -> None:
    source = _Source(issuer)
    old, source.document = source.document, b'{"keys": []}'
    keys = source.keys()
    assert await keys.find(source.key_id, "EdDSA") is None
    source.document, source.now = old, 11.0
    assert await keys.find(source.key_id, "EdDSA")


async def test_known_keys_outlive_an_absent_issuer_for_an_hour(issuer: Issuer) -> None:
    source = _Source(issuer)
    keys = source.keys()
    await keys.find(source.key_id, "EdDSA")
    source.away, source.now = True, 3_500.0
    assert await keys.find(source.key_id, "EdDSA")
    source.now = 3_700.0
    with pytest.raises(Unavailable):
        await keys.find(source.key_id, "EdDSA")


async def test_an_issuer_that_was_never_reached_is_our_trouble_not_the_callers(issuer: Issuer) -> None:
    source = _Source(issuer)
    source.away = True
    with pytest.raises(Unavailable):
        await source.keys().find(source.key_id, "EdDSA")


@contextmanager
def _serving(respond: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, *_: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/jwks"
        finally:
            server.shutdown()
            thread.join()


def test_a_document_is_fetched_over_http(issuer: Issuer) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(issuer.jwks_path.read_bytes())

    with _serving(respond) as url:
        assert fetch_document(url) == issuer.jwks_path.read_bytes()


def test_a_redirect_is_not_followed() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "https://evil.example/jwks")
        handler.end_headers()

    with _serving(respond) as url, pytest.raises(OSError, match="redirects"):
        fetch_document(url)


def test_an_endless_document_is_refused() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b" " * 300_000)

    with _serving(respond) as url, pytest.raises(OSError, match="too large"):
        fetch_document(url)


def test_keys_come_over_https_or_from_this_machine() -> None:
    assert is_safe_url("https://issuer.example/jwks")
    assert is_safe_url("http://127.0.0.1:8080/jwks")
    for url in ("http://issuer.example/jwks", "file:///etc/passwd", "ftp://issuer.example", ""):
        assert not is_safe_url(url), url
