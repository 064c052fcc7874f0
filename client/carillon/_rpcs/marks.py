"""The calls that mark notifications: eight of the same shape.

Each takes either `ids`, at most 1,000, or `all` with a filter, and answers with how many changed, the
counters after it, and where the inbox stands after it. All are idempotent; ids that are unknown are passed
over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, Protocol, TypeVar

from google.protobuf.message import Message

from carillon._message import message
from carillon._rpc import Request, Response, Rpc
from carillon.types import FilterLike
from carillon.v1 import notification_service_pb2 as pb

SERVICE = "carillon.v1.NotificationService"
_P = ParamSpec("_P")
_Built_co = TypeVar("_Built_co", bound=Message, covariant=True)


class _Selecting(Protocol[_Built_co]):
    def __call__(
        self,
        *,
        recipient_id: str = "",
        ids: Sequence[str] = (),
        all: bool = False,
        filter: FilterLike | None = None,
        until_cursor: str = "",
    ) -> _Built_co: ...


def _selecting(kind: type[Request], meaning: str) -> _Selecting[Request]:
    def build(
        *,
        recipient_id: str = "",
        ids: Sequence[str] = (),
        all: bool = False,
        filter: FilterLike | None = None,
        until_cursor: str = "",
    ) -> Request:
        return message(
            kind,
            recipient_id=recipient_id,
            ids=ids,
            all=all,
            filter=filter,
            until_cursor=until_cursor,
        )

    build.__doc__ = f"""{meaning} Takes either `ids`, at most 1,000, or `all`.

    With `all`, `filter` says which ones, and `until_cursor` leaves untouched what came in after it.
    Idempotent; unknown ids are passed over. The answer holds how many changed, the counters, and where the
    inbox stands.
    """
    return build


def _rpc(name: str, build: Callable[_P, Request], response: type[Response]) -> Rpc[_P, Request, Response]:
    return Rpc(SERVICE, name, build, response)


mark_read = _rpc(
    "MarkRead", _selecting(pb.MarkReadRequest, "Marks as read, and as seen."), pb.MarkReadResponse
)
mark_unread = _rpc("MarkUnread", _selecting(pb.MarkUnreadRequest, "Marks as unread."), pb.MarkUnreadResponse)
mark_seen = _rpc(
    "MarkSeen",
    _selecting(pb.MarkSeenRequest, "Marks as seen: shown to the person, though not opened."),
    pb.MarkSeenResponse,
)
archive = _rpc("Archive", _selecting(pb.ArchiveRequest, "Moves to the archive."), pb.ArchiveResponse)
unarchive = _rpc(
    "Unarchive", _selecting(pb.UnarchiveRequest, "Moves back from the archive."), pb.UnarchiveResponse
)
pin = _rpc("Pin", _selecting(pb.PinRequest, "Pins."), pb.PinResponse)
unpin = _rpc("Unpin", _selecting(pb.UnpinRequest, "Takes the pin away."), pb.UnpinResponse)
delete = _rpc(
    "Delete",
    _selecting(pb.DeleteRequest, "Removes for good, also what is not delivered yet."),
    pb.DeleteResponse,
)
