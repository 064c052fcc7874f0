"""Fetches the attachments of deliveries; a notification to many people fetches them once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from carillon_server.domain.attachment import Attachment, AttachmentReference, load_references
from carillon_server.domain.channel import Channel
from carillon_server.storage.attachments import fetch_contents
from carillon_server.storage.database import Database
from carillon_server.storage.deliveries import Claim

MAX_CACHED_BYTES = 32 * 1024 * 1024

_Key = tuple[str, bytes]


class AttachmentMissingError(LookupError):
    """The content is gone: the delivery comes too late."""


class AttachmentLoader:
    """Reads contents, and keeps those last used."""

    def __init__(self, database: Database, max_cached_bytes: int = MAX_CACHED_BYTES) -> None:
        self._database = database
        self._max_cached_bytes = max_cached_bytes
        self._cache: OrderedDict[_Key, bytes] = OrderedDict()
        self._cached_bytes = 0
        # One at a time: the thousand deliveries of one notification start together.
        self._turn = asyncio.Lock()

    async def load(self, claim: Claim) -> tuple[Attachment, ...]:
        """What goes with a delivery, in the order of the Send: with mails alone. Raises
        AttachmentMissingError, and what the database raises.
        """
        if claim.channel is not Channel.EMAIL:
            return ()
        wanted = load_references(claim.attachments)
        contents = await self._contents(claim.tenant, wanted)
        try:
            return tuple(
                Attachment(each.filename, each.content_type, contents[each.digest], each.content_id)
                for each in wanted
            )
        except KeyError as error:
            raise AttachmentMissingError from error

    async def _contents(self, tenant: str, references: Sequence[AttachmentReference]) -> dict[bytes, bytes]:
        async with self._turn:
            found = self._cached(tenant, references)
            missing = {each.digest for each in references} - found.keys()
            if missing:
                fetched = await fetch_contents(self._database, tenant, missing)
                for digest, content in fetched.items():
                    self._keep((tenant, digest), content)
                found |= fetched
            return found

    def _cached(self, tenant: str, references: Sequence[AttachmentReference]) -> dict[bytes, bytes]:
        found = {}
        for digest in {each.digest for each in references}:
            content = self._cache.get((tenant, digest))
            if content is not None:
                self._cache.move_to_end((tenant, digest))
                found[digest] = content
        return found

    def _keep(self, key: _Key, content: bytes) -> None:
        self._cache[key] = content
        self._cached_bytes += len(content)
        while self._cached_bytes > self._max_cached_bytes:
            _, oldest = self._cache.popitem(last=False)
            self._cached_bytes -= len(oldest)
