"""One call as any HTTP/2 client could make it, with whatever headers and frames, and what came back."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.fuzz.attacks.wire import Headers, request_headers

_ANSWER_SECONDS = 10.0


@dataclass
class Answer:
    """All headers and trailers that came, and how the stream ended."""

    fields: dict[str, str] = field(default_factory=dict)
    ended: str = ""

    @property
    def grpc_status(self) -> int | None:
        told = self.fields.get("grpc-status")
        return None if told is None else int(told)


def raw_call(
    port: int,
    path: str,
    pieces: Iterable[bytes],
    *,
    headers: Headers | None = None,
    token: str = "",
    end: bool = True,
) -> Answer:
    """The answer; raises TimeoutError when there is none. `end=False` leaves the request open."""
    config = h2.config.H2Configuration(
        validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="utf-8"
    )
    machine = h2.connection.H2Connection(config)
    machine.initiate_connection()
    with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS) as connection:
        machine.send_headers(1, list(request_headers(path, token) if headers is None else headers))
        for piece in pieces:
            machine.send_data(1, piece)
        if end:
            machine.end_stream(1)
        connection.sendall(machine.data_to_send())
        return _answer(machine, connection)


def _answer(machine: h2.connection.H2Connection, connection: socket.socket) -> Answer:
    answer = Answer()
    while not answer.ended:
        try:
            received = connection.recv(1 << 16)
            events = machine.receive_data(received) if received else []
            connection.sendall(machine.data_to_send())
        except (ConnectionError, h2.exceptions.ProtocolError):
            received, events = b"", []
        for event in events:
            _note(answer, event)
        if not received:
            answer.ended = answer.ended or "connection"
    return answer


def _note(answer: Answer, event: h2.events.Event) -> None:
    match event:
        case h2.events.ResponseReceived() | h2.events.TrailersReceived():
            answer.fields |= {str(name): str(value) for name, value in event.headers}
        case h2.events.StreamEnded():
            answer.ended = "stream"
        case h2.events.StreamReset():
            answer.ended = "reset"
        case h2.events.ConnectionTerminated():
            answer.ended = "goaway"
