"""Where the next page begins, as a token that callers cannot forge nor use with another query."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest

from carillon_server.domain.errors import Reason, Refusal

_MAC_BYTES = 16
_MAX_TOKEN_CHARACTERS = 2_000


class PageTokenSealer:
    """Writes and reads page tokens. The first key signs, all keys verify, so that keys can be rotated.

    `query` stands for everything that must stay the same from page to page: the method, whose inbox, the
    filter. It is part of the keyed hash and not of the token.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [blake2b(key, digest_size=32, person=b"carillon-pages").digest() for key in keys]

    def seal(self, query: bytes, position: bytes) -> str:
        return urlsafe_b64encode(_mac(self._keys[0], query, position) + position).decode()

    def open(self, token: str, query: bytes) -> bytes:
        """The position; raises PAGE_TOKEN_INVALID for a token that is not ours, or of another query."""
        if len(token) > _MAX_TOKEN_CHARACTERS:
            raise _invalid()
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except (Base64Error, ValueError) as error:
            raise _invalid() from error
        mac, position = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if urlsafe_b64encode(raw).decode() != token:
            raise _invalid()
        if not any(compare_digest(_mac(key, query, position), mac) for key in self._keys):
            raise _invalid()
        return position


def _mac(key: bytes, query: bytes, position: bytes) -> bytes:
    digest = blake2b(digest_size=_MAC_BYTES, key=key)
    digest.update(len(query).to_bytes(8, "big"))
    digest.update(query)
    digest.update(position)
    return digest.digest()


def _invalid() -> Refusal:
    return Refusal(Reason.PAGE_TOKEN_INVALID, "the page token is not one of this query")
