"""Pages of inboxes and of recipients: their sizes, and where the next one begins."""

from __future__ import annotations

from collections.abc import Sequence

from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.inbox_query import InboxPage
from carillon_server.domain.recipient import Recipient
from carillon_server.transport.convert.recipients import to_recipient_message
from carillon_server.transport.encode import encode_shown
from carillon_server.transport.page_token import PageTokenSealer

MAX_PAGE_BYTES = 3 * 1024 * 1024
"""Callers take 4 MiB by default. A page that would be larger is cut; its token says where."""
_DEFAULT_INBOX_SIZE, _MAX_INBOX_SIZE = 20, 100
_DEFAULT_RECIPIENTS_SIZE, _MAX_RECIPIENTS_SIZE = 100, 1_000
_POSITION_BYTES = 8


def inbox_page_size(asked: int) -> int:
    """How many notifications a page holds at the most."""
    return min(asked or _DEFAULT_INBOX_SIZE, _MAX_INBOX_SIZE)


def recipients_page_size(asked: int) -> int:
    """How many recipients a page holds at the most."""
    return min(asked or _DEFAULT_RECIPIENTS_SIZE, _MAX_RECIPIENTS_SIZE)


class InboxPages:
    """Page tokens of one inbox under one filter."""

    def __init__(self, sealer: PageTokenSealer, address: InboxAddress, filter_: types_pb2.Filter) -> None:
        self._sealer = sealer
        self._recipient_id = address.recipient_id
        self._query = b"inbox" + address.inbox_id + filter_.SerializeToString(deterministic=True)

    def open(self, token: str) -> int | None:
        """Where the page begins; None for the first. Raises PAGE_TOKEN_INVALID."""
        if not token:
            return None
        return int.from_bytes(self._sealer.open(token, self._query), "big")

    def fit(self, page: InboxPage) -> tuple[list[bytes], str]:
        """The notifications that fit, encoded, and the token of the next page."""
        encoded: list[bytes] = []
        size = 0
        for shown in page.notifications:
            notification = encode_shown(shown, self._recipient_id)
            size += len(notification)
            if encoded and size > MAX_PAGE_BYTES:
                return encoded, self._seal(page.notifications[len(encoded) - 1].position)
            encoded.append(notification)
        return encoded, "" if page.next_position is None else self._seal(page.next_position)

    def _seal(self, position: int) -> str:
        return self._sealer.seal(self._query, position.to_bytes(_POSITION_BYTES, "big"))


class RecipientPages:
    """Page tokens of a tenant's recipients."""

    def __init__(self, sealer: PageTokenSealer, tenant: str) -> None:
        self._sealer = sealer
        self._query = b"recipients" + tenant.encode()

    def open(self, token: str) -> str | None:
        """The recipient that the page comes after; None for the first. Raises PAGE_TOKEN_INVALID."""
        return self._sealer.open(token, self._query).decode() if token else None

    def fit(self, page: Sequence[Recipient], last: str | None) -> tuple[list[pb.Recipient], str]:
        """The recipients that fit, as messages, and the token of the next page. `last`: None on the last."""
        messages: list[pb.Recipient] = []
        size = 0
        for recipient in page:
            message = to_recipient_message(recipient)
            size += message.ByteSize()
            if messages and size > MAX_PAGE_BYTES:
                return messages, self._seal(messages[-1].recipient_id)
            messages.append(message)
        return messages, "" if last is None else self._seal(last)

    def _seal(self, last: str) -> str:
        return self._sealer.seal(self._query, last.encode())
