"""The written form of mails (RFC 5322, 2045, 2046).

Headers go through the standard library's policy, which encodes, folds, and refuses line ends. The frame
around the parts is always the same, so it is written here: building it anew as a tree of objects for every
mail takes the library longer than handing the mail over.
"""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Mapping
from email.headerregistry import Address
from email.policy import SMTP, SMTPUTF8

# Encoded parts never hold "=_", so they never hold the boundary.
_BOUNDARY = "=_carillon_alternative"
_FRAME = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'.encode()
_PART = (
    '--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
    "Content-Transfer-Encoding: {encoding}\r\n\r\n"
)
# Most values are such; what needs encoding or folding is left to the policy.
_PLAIN = re.compile(r"(?!.*=\?)[!-~]+(?: [!-~]+)*")
_UNFOLDED_CHARACTERS = 60
_END = f"--{_BOUNDARY}--\r\n".encode()


def write_header(name: str, value: str | Address, *, utf8: bool = False) -> bytes:
    """One header, folded; raises ValueError for a value with a line end."""
    if isinstance(value, str) and len(value) <= _UNFOLDED_CHARACTERS and _PLAIN.fullmatch(value):
        return f"{name}: {value}\r\n".encode()
    policy = SMTPUTF8 if utf8 else SMTP
    _, parsed = policy.header_store_parse(name, value)
    return policy.fold_binary(name, parsed)


def write_alternative(headers: bytes, texts: Mapping[str, str]) -> bytes:
    """A mail whose parts say the same; `texts` by subtype (`plain`, `html`), the best one last."""
    parts = [_write_part(kind, text) for kind, text in texts.items()]
    return b"".join([headers, _FRAME, *parts, _END])


def _write_part(kind: str, text: str) -> bytes:
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    encoding, body = _encode(lines.encode())
    return _PART.format(boundary=_BOUNDARY, kind=kind, encoding=encoding).encode() + body + b"\r\n"


def _encode(data: bytes) -> tuple[str, bytes]:
    quoted = b2a_qp(data, istext=True)
    if len(quoted) <= len(data) * 4 // 3:
        return "quoted-printable", quoted
    return "base64", encodebytes(data).replace(b"\n", b"\r\n")
