"""The fake service itself."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

import grpc

from carillon.testing._caller import SCOPES
from carillon.testing._handlers import generic_handlers
from carillon.testing._loop_thread import LoopThread
from carillon.testing._outbox import exhaust, settled
from carillon.testing._refusal import Refusal
from carillon.testing._store import Listener, Store
from carillon.v1.notification_service_pb2 import SendRequest

_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
)
_ALL_CALLS = "*"


class FakeCarillon:
    """A Carillon service in memory, on a port of this machine, for tests of code that uses a client.

    Use it as a context manager, async or not; inside, `target` is where to connect. It plays one tenant and
    follows the service in everything that a caller can see, but delivers nothing outside of the inbox: e-mail
    is its only other channel. Mails count as delivered, but for addresses that begin with `unreachable`:
    those wait, until `exhaust_deliveries` gives them up.

    It keeps types, templates and layouts, and renders the plainest of templates: `{{ a.b }}`. What else a
    template says is refused when it is sent. Of a schema it checks which members are required.

    Access is what the token says: `token("producer")`, `token("user", "ada")`.
    """

    def __init__(self, *, accept_unknown_types: bool = True) -> None:
        """`accept_unknown_types`: sends of types that nobody put are taken if they bring their content."""
        self._store = Store()
        self._store.catalog.accepts_unknown = accept_unknown_types
        self._failures: defaultdict[str, deque[Refusal]] = defaultdict(deque)
        self._server: grpc.aio.Server | None = None
        self._thread: LoopThread | None = None
        self._port = 0

    @property
    def target(self) -> str:
        """Where to connect."""
        return f"127.0.0.1:{self._port}"

    @property
    def sent(self) -> list[SendRequest]:
        """Every send that was taken, in order: neither dry runs nor replays."""
        return list(self._store.sent)

    @property
    def stream_count(self) -> int:
        """Live streams that are open."""
        return len(self._store.listeners())

    def token(self, role: str, subject: str = "") -> str:
        """Credentials of a `producer`, `user`, `gateway` or `operator`; for users, `subject` is the
        recipient."""
        if role not in SCOPES:
            raise ValueError(f"{role!r} is not a role: {', '.join(SCOPES)}")
        return f"fake:{role}:{subject or role}"

    def fail_next(
        self,
        reason: str,
        *,
        method: str = _ALL_CALLS,
        times: int = 1,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Refuses the next calls of a method (`Send`), or of any, with a reason (`UNAVAILABLE`)."""
        refusal = Refusal(reason, retry_after_seconds=retry_after_seconds)
        self._failures[method].extend([refusal] * times)

    def cut_streams(self) -> None:
        """Breaks all live streams, as a server does that dies."""

        def cut(listener: Listener) -> None:
            listener.cut = True

        self._tell_streams(cut)

    def drain_streams(self, reconnect_delay: timedelta = timedelta()) -> None:
        """Asks all live streams to connect elsewhere, as a server does that is about to stop."""

        def drain(listener: Listener) -> None:
            listener.reconnect_delay = reconnect_delay

        self._tell_streams(drain)

    def forget_history(self, recipient_id: str) -> None:
        """Makes all cursors of an inbox too old to resume from, as retention does: streams start with
        `reset`."""
        self._on_loop(lambda: self._store.inbox(recipient_id).forget_history())

    def exhaust_deliveries(self) -> None:
        """Ends all deliveries that wait as EXHAUSTED, as if every attempt had failed."""
        self._on_loop(lambda: exhaust(settled(self._store).values()))

    async def start(self) -> None:
        """Begins to serve on the running event loop."""
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers(tuple(generic_handlers(self._store, self._intercept)))
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()

    async def stop(self) -> None:
        """Ends all calls."""
        if self._server is not None:
            await self._server.stop(None)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self._thread = LoopThread("fake-carillon")
        self._thread.run(self.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.run(self.stop())
            self._thread.close()

    def _intercept(self, method: str) -> None:
        for name in (method, _ALL_CALLS):
            if self._failures[name]:
                raise self._failures[name].popleft()

    def _tell_streams(self, order: Callable[[Listener], None]) -> None:
        def tell() -> None:
            for listener in self._store.listeners():
                order(listener)
                listener.bell.set()

        self._on_loop(tell)

    def _on_loop(self, action: Callable[[], None]) -> None:
        if self._thread is None:
            action()
        else:
            self._thread.call(action)
