"""What plugins of Apprise get for `requests`: the same, but bounded.

A plugin reads every answer whole, however large, and for as long as bytes come. Here an answer has a size
and a time, nothing is redirected, and the environment (proxies, .netrc) has no say.
"""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

MAX_ANSWER_BYTES = 256 * 1024
MAX_ANSWER_SECONDS = 30.0
_CHUNK_BYTES = 16 * 1024


class BoundedRequests:
    """Stands in for the module."""

    def __init__(self, real: ModuleType) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get(self, url: str, **options: Any) -> Any:
        """As `requests.get`."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Any:
        """As `requests.post`."""
        return self.request("POST", url, **options)

    def request(self, method: str, url: str, **options: Any) -> Any:
        """As `requests.request`; an answer out of bounds is a `RequestException`."""
        bounds = {"stream": True, "allow_redirects": False, "verify": True}
        with self._real.Session() as session:
            session.trust_env = False
            answer = session.request(method, url, **{**options, **bounds})
            # What `content` reads; there is no public way to read it in parts and keep it.
            answer._content = self._read(answer)  # noqa: SLF001
            return answer

    def _read(self, answer: Any) -> bytes:
        deadline = time.monotonic() + MAX_ANSWER_SECONDS
        content = bytearray()
        for chunk in answer.iter_content(_CHUNK_BYTES):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                raise self._real.exceptions.ContentDecodingError("the answer is out of bounds")
        return bytes(content)
