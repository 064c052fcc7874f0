"""Twilio's status callbacks: whether they are genuine, and what they tell.

https://www.twilio.com/docs/usage/security#validating-requests: `X-Twilio-Signature` is the HMAC-SHA1, under
the account's auth token, of the URL as Twilio called it followed by the sorted form fields. A JSON body is
covered by its SHA-256 in the URL (`bodySHA256`) instead. Twilio may or may not have the port in the URL that
it signs, so both are good, as in its own libraries. Nothing signed tells the time: what is repeated has the
same event id.

`delivered`, `read` → delivered, opened. `undelivered`, `failed` → failed, or bounced where the number does
not exist, is no mobile, or has opted out. What comes before (`queued`, `sent` …) tells nothing new.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit, urlunsplit

from carillon_server.delivery.providers.provider import CallbackRefusedError
from carillon_server.domain.provider_event import Callback, EventKind, ProviderEvent

SIGNATURE_HEADER = "x-twilio-signature"
DELIVERY_PARAMETER = "delivery_id"
"""Our id in the query of the URL that a message's statuses go to: for a message whose sid we never saw."""
_MAX_FIELDS = 200
_PORTS = {"https": 443, "http": 80}
_KINDS = {
    "delivered": EventKind.DELIVERED,
    "read": EventKind.OPENED,
    "undelivered": EventKind.FAILED,
    "failed": EventKind.FAILED,
    "canceled": EventKind.FAILED,
}
_ADDRESS_ERRORS = frozenset({"21211", "21217", "21610", "21614", "30005", "30006"})
"""The number: invalid, opted out, no mobile, unknown, a landline."""


def read_status(
    account_sid: str, auth_token: str, callback: Callback, now: datetime
) -> Sequence[ProviderEvent]:
    """Raises `CallbackRefusedError`."""
    fields = _verified(auth_token, callback)
    if fields.get("AccountSid") != account_sid:
        raise CallbackRefusedError("it is of another account")
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
    if not sid or not status:
        raise CallbackRefusedError("it is no status of a message")
    kind = _KINDS.get(status)
    if kind is None:
        return ()
    code = fields.get("ErrorCode", "")
    failed = kind is EventKind.FAILED
    return [
        ProviderEvent(
            event_id=f"{sid}:{status}",
            provider_message_id=sid,
            kind=EventKind.BOUNCED if failed and code in _ADDRESS_ERRORS else kind,
            event_time=now,
            delivery_id=parse_qs(urlsplit(callback.url).query).get(DELIVERY_PARAMETER, [""])[0],
            reason=f"twilio_{code or status}" if failed else "",
            detail=fields.get("ErrorMessage", "") or status,
        )
    ]


def sign(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    """As Twilio does; `fields` are those of a form, none for JSON."""
    return _hmac(auth_token, url + "".join(name + fields[name] for name in sorted(fields)))


def _hmac(auth_token: str, text: str) -> str:
    return b64encode(hmac.digest(auth_token.encode(), text.encode(errors="replace"), "sha1")).decode()


def _verified(auth_token: str, callback: Callback) -> Mapping[str, str]:
    try:
        parts = urlsplit(callback.url)
        spellings = _spellings(parts) | {callback.url}
    except ValueError as error:
        raise CallbackRefusedError("it was called at no URL") from error
    digest = parse_qs(parts.query).get("bodySHA256")
    pairs = _form(callback.body) if digest is None else []
    text = "".join(name + value for name, value in sorted(set(pairs)))
    given = callback.headers.get(SIGNATURE_HEADER, "").encode(errors="replace")
    expected = [_hmac(auth_token, url + text).encode() for url in spellings]
    # All are compared, so that time tells nothing.
    if not sum(hmac.compare_digest(given, each) for each in expected):
        raise CallbackRefusedError("no good signature")
    return dict(pairs) if digest is None else _json(callback.body, digest[0])


def _spellings(parts: SplitResult) -> set[str]:
    host = parts.netloc.removesuffix(f":{parts.port}") if parts.port else parts.netloc
    with_port = f"{host}:{parts.port or _PORTS.get(parts.scheme, 443)}"
    return {urlunsplit(parts._replace(netloc=place)) for place in (host, with_port)}


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise CallbackRefusedError("the body is no form") from error


def _json(body: bytes, digest: str) -> Mapping[str, str]:
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), digest.lower().encode()):
        raise CallbackRefusedError("another body was signed")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallbackRefusedError("the body is no JSON") from error
    if not isinstance(value, dict):
        raise CallbackRefusedError("the body is no object")
    return {name: str(field) for name, field in value.items() if isinstance(field, (str, int))}
