"""The written form of mails (RFC 5322, 2045, 2046, 2387).

Headers go through the standard library's policy, which encodes, folds, and refuses line ends; names of files
become RFC 2231 by it. The frame around the parts is always the same, so it is written here: building it anew
as a tree of objects for every mail takes the library longer than handing the mail over.

    multipart/mixed               where there are files
      multipart/related           where there are pictures that the HTML shows
        multipart/alternative     always
          text/plain, text/html
        image/...
      application/...
"""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from email.header import Header
from email.headerregistry import Address
from email.message import MIMEPart
from email.policy import SMTP, SMTPUTF8

from carillon_server.domain.attachment import Attachment

_VERSION = b"MIME-Version: 1.0\r\n"
_PART = 'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
_RELATED = '; type="multipart/alternative"'
# Most values are such; what needs encoding or folding is left to the policy.
_PLAIN = re.compile(r"(?!.*=\?)[!-~]+(?: [!-~]+)*")
_UNFOLDED_CHARACTERS = 60


def write_header(name: str, value: str | Address, *, utf8: bool = False) -> bytes:
    """One header, folded; raises ValueError for a value with a line end."""
    if isinstance(value, str) and len(value) <= _UNFOLDED_CHARACTERS and _PLAIN.fullmatch(value):
        return f"{name}: {value}\r\n".encode()
    if isinstance(value, str) and "=?" in value:
        # The policy would take it for an encoded word, and decode it: line ends and all.
        encoded = Header(value, "utf-8", header_name=name).encode(linesep="\r\n")
        return f"{name}: {encoded}\r\n".encode("ascii")
    policy = SMTPUTF8 if utf8 else SMTP
    _, parsed = policy.header_store_parse(name, value)
    return policy.fold_binary(name, parsed)


def write_body(texts: Mapping[str, str], attachments: Sequence[Attachment] = ()) -> bytes:
    """The body with the headers that describe it; `texts` by subtype (`plain`, `html`) say the same, the
    best one last. Raises ValueError for an attachment that no mail can carry.
    """
    body = _multipart("alternative", [_write_text(kind, text) for kind, text in texts.items()])
    pictures = [_write_attachment(each) for each in attachments if each.content_id]
    if pictures:
        body = _multipart("related", [body, *pictures], _RELATED)
    files = [_write_attachment(each) for each in attachments if not each.content_id]
    if files:
        body = _multipart("mixed", [body, *files])
    return _VERSION + body


def _multipart(subtype: str, parts: Sequence[bytes], parameters: str = "") -> bytes:
    # Encoded parts never hold "=_", so they never hold a boundary.
    boundary = f"=_carillon_{subtype}"
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"{parameters}\r\n\r\n'.encode()
    separator = f"--{boundary}\r\n".encode()
    framed = [separator + part + b"\r\n" for part in parts]
    return b"".join([head, *framed, f"--{boundary}--\r\n".encode()])


def _write_text(kind: str, text: str) -> bytes:
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    encoding, body = _encode(lines.encode())
    return _PART.format(kind=kind, encoding=encoding).encode() + body


def _encode(data: bytes) -> tuple[str, bytes]:
    quoted = b2a_qp(data, istext=True)
    if len(quoted) <= len(data) * 4 // 3:
        return "quoted-printable", quoted
    return "base64", _base64(data)


def _write_attachment(attachment: Attachment) -> bytes:
    main_type, _, subtype = attachment.content_type.partition("/")
    content_id = attachment.content_id
    part = MIMEPart(policy=SMTP)
    part.set_content(
        b"",
        maintype=main_type,
        subtype=subtype,
        disposition="inline" if content_id else "attachment",
        filename=attachment.filename,
        cid=f"<{content_id}>" if content_id else None,
    )
    # The head alone: the library takes ten times as long for the rest.
    return part.as_bytes() + _base64(attachment.content)


def _base64(data: bytes) -> bytes:
    return encodebytes(data).replace(b"\n", b"\r\n")
