"""Files that go with mails: what they are, and how a notification refers to them.

The content is stored once per tenant however often it is sent, under its digest; a notification keeps the
names and the digests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)
    content_id: str = ""
    """Not empty: a picture that the HTML part shows by `cid:`."""


@dataclass(frozen=True, slots=True)
class AttachmentReference:
    """An attachment without its content."""

    filename: str
    content_type: str
    content_id: str
    digest: bytes


def refer_to(attachment: Attachment) -> AttachmentReference:
    """The reference under which it is found again."""
    digest = blake2b(attachment.content, digest_size=_DIGEST_BYTES).digest()
    return AttachmentReference(attachment.filename, attachment.content_type, attachment.content_id, digest)


def dump_references(references: Iterable[AttachmentReference]) -> str | None:
    """As compact JSON, to be kept with the notification; None: there are none."""
    rows = [[r.filename, r.content_type, r.content_id, r.digest.hex()] for r in references]
    return json.dumps(rows, separators=(",", ":")) if rows else None


def load_references(text: str | None) -> Sequence[AttachmentReference]:
    """The inverse of `dump_references`; raises ValueError for anything else."""
    if text is None:
        return ()
    return [
        AttachmentReference(str(filename), str(content_type), str(content_id), bytes.fromhex(digest))
        for filename, content_type, content_id, digest in json.loads(text)
    ]
