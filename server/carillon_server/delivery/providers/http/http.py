"""HTTP requests to outside services, bounded in every way, to public addresses alone.

It stands on httpcore2, the engine of httpx2, because that has a documented place for one's own network
(`network_backend`), and none of what must not happen here: it follows no redirects, keeps no cookies, reads
no proxies from the environment and unpacks no bodies. What went wrong is a value, which says whether the
other side may have had the request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

import httpcore2
from h2.events import ConnectionTerminated
from h2.exceptions import ProtocolError

from carillon_server.delivery.providers.http.egress import AddressForbiddenError, Egress
from carillon_server.delivery.providers.http.http_answer import HttpAnswer, HttpFailure
from carillon_server.delivery.providers.http.http_backend import CheckedBackend
from carillon_server.delivery.providers.http.http_pool import PlainPool, Pool, SharedPool
from carillon_server.domain.web_address import WebAddress

_SILENCE_SHARE = 0.8
"""Of an answer's time, after which a connection on which nothing at all comes is taken for dead. Over HTTP/2
many requests share one; if they only gave up one by one, all later ones would be sent into the same void.
"""


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How much of time, memory and connections one client may take."""

    connect_seconds: float = 5.0
    """For the name, the connection and TLS, each."""
    total_seconds: float = 20.0
    """From the call to the last byte of the answer, however it is spread."""
    max_body_bytes: int = 64 * 1024
    """What is longer is cut."""
    max_connections: int = 100
    idle_seconds: float = 15.0
    """How long a connection without requests is kept; most servers hang up later."""


DEFAULT_LIMITS = HttpLimits()


class HttpClient:
    """Keeps connections, one pool for all hosts. Safe to be used by many tasks of one event loop."""

    def __init__(
        self, egress: Egress, limits: HttpLimits = DEFAULT_LIMITS, *, http2: bool = False, ca_file: str = ""
    ) -> None:
        """`http2`: offered, where the other side takes it. `ca_file`: PEM of authorities trusted besides
        those of the system.
        """
        self._egress = egress
        self._limits = limits
        self._silence_share = _SILENCE_SHARE if http2 else 1.0
        self._pool = _pool(egress, limits, _tls(ca_file), http2=http2)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, total_seconds: float | None = None
    ) -> HttpAnswer | HttpFailure:
        """`request` with the method POST."""
        return await self.request("POST", url, headers, body, total_seconds=total_seconds)

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        total_seconds: float | None = None,
    ) -> HttpAnswer | HttpFailure:
        """One request, one answer; `total_seconds` may only shorten the client's own limit."""
        try:
            address = WebAddress.parse(url)
        except ValueError as error:
            return HttpFailure("address_invalid", str(error), sent=False)
        reason = self._egress.check(address)
        if reason is not None:
            return HttpFailure("address_forbidden", reason, sent=False)
        exchange = _Exchange(self._pool, self._limits, self._silence_share)
        seconds = min(total_seconds or self._limits.total_seconds, self._limits.total_seconds)
        return await exchange.run(method, address, headers, body, seconds)

    async def close(self) -> None:
        """Lets all connections go."""
        await self._pool.aclose()


class _Exchange:
    """One request under way."""

    def __init__(self, pool: Pool, limits: HttpLimits, silence_share: float) -> None:
        self._pool = pool
        self._limits = limits
        self._silence_share = silence_share
        self._sent = False

    async def run(
        self, method: str, address: WebAddress, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> HttpAnswer | HttpFailure:
        request = self._write(method, address, headers, body, seconds)
        try:
            async with asyncio.timeout(seconds):
                return await self._pool.exchange(request, self._sending, self._read)
        except AddressForbiddenError as error:
            return HttpFailure("address_forbidden", str(error), sent=False)
        except (httpcore2.TimeoutException, TimeoutError):
            return self._failed("timeout", "no answer in time" if self._sent else "too slow to connect")
        except (httpcore2.LocalProtocolError, httpcore2.RemoteProtocolError, ProtocolError) as error:
            return self._failed(*_explain_protocol(error))
        except (httpcore2.NetworkError, httpcore2.ProxyError, OSError) as error:
            return self._failed(*self._explain_network(error))

    def _write(
        self, method: str, address: WebAddress, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> httpcore2.Request:
        connect_seconds = min(self._limits.connect_seconds, seconds)
        own = {
            "host": address.authority,
            "content-length": str(len(body)),
            # What would be unpacked could be larger than any limit.
            "accept-encoding": "identity",
        }
        fields = {**{name.lower(): value for name, value in headers.items()}, **own}
        return httpcore2.Request(
            method,
            httpcore2.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.target),
            headers=[(name.encode("ascii"), value.encode()) for name, value in fields.items()],
            content=body,
            extensions={
                "timeout": {
                    "connect": connect_seconds,
                    "read": seconds * self._silence_share,
                    "write": seconds,
                    "pool": connect_seconds,
                },
            },
        )

    def _sending(self) -> None:
        self._sent = True

    async def _read(self, response: httpcore2.Response) -> HttpAnswer:
        body = bytearray()
        try:
            async with aclosing(response.aiter_stream()) as parts:
                async for part in parts:
                    body += part
                    if len(body) > self._limits.max_body_bytes:
                        # Over HTTP/2 the rest would go on filling the connection that others share.
                        await response.extensions["network_stream"].aclose()
                        break
        finally:
            await response.aclose()
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
        }
        return HttpAnswer(response.status, headers, bytes(body[: self._limits.max_body_bytes]))

    def _failed(self, error_class: str, detail: str) -> HttpFailure:
        return HttpFailure(error_class, detail, sent=self._sent)

    def _explain_network(self, error: Exception) -> tuple[str, str]:
        # httpcore2 hands the error beneath over as the first argument, and drops the cause.
        beneath = error.args[0] if error.args else None
        if isinstance(beneath, ssl.SSLError) and not self._sent:
            return "tls", _explain_tls(beneath)
        if self._sent:
            return "disconnected", "the connection broke"
        return "unreachable", "cannot connect"


def _explain_protocol(error: Exception) -> tuple[str, str]:
    if isinstance(error, httpcore2.LocalProtocolError):
        return "protocol", "the request cannot be written"
    if isinstance(error.args[0] if error.args else None, ConnectionTerminated):
        return "disconnected", "the other side takes no more on this connection"
    if "disconnected" in str(error):
        return "disconnected", "hung up without an answer"
    return "protocol", "the answer is not HTTP"


def _explain_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    return "no TLS connection"


def _pool(egress: Egress, limits: HttpLimits, tls: ssl.SSLContext, *, http2: bool) -> Pool:
    network = CheckedBackend(egress)
    if not http2:
        return PlainPool(
            network, tls, max_connections=limits.max_connections, idle_seconds=limits.idle_seconds
        )
    return SharedPool(
        httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=limits.max_connections,
            keepalive_expiry=limits.idle_seconds,
            http1=True,
            http2=True,
            network_backend=network,
        )
    )


def _tls(ca_file: str) -> ssl.SSLContext:
    context = httpcore2.default_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
