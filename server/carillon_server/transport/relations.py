"""What must hold between the fields of a message; asked when every field by itself is fine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from carillon.v1 import notification_service_pb2 as notifications
from carillon.v1 import preference_service_pb2 as preferences
from carillon.v1 import recipient_service_pb2 as recipients
from carillon.v1 import types_pb2 as types
from carillon_server.domain.channel import Platform
from carillon_server.transport.validation.contact import email, phone, push_token
from carillon_server.transport.validation.rule import FINE, Rule, Violations, under, wrong
from carillon_server.transport.validation.url import web_url

MarkRequest: TypeAlias = (
    notifications.MarkReadRequest
    | notifications.MarkUnreadRequest
    | notifications.MarkSeenRequest
    | notifications.ArchiveRequest
    | notifications.UnarchiveRequest
    | notifications.PinRequest
    | notifications.UnpinRequest
    | notifications.DeleteRequest
)
"""The requests of the RPCs that mark; all look alike."""

MAX_RECIPIENTS = 1_000
MAX_BATCH_RECIPIENTS = 10_000
MAX_BATCH_ENDPOINTS = 10_000
_MIN_FALLBACK_CHANNELS = 2
_MIN_AFTER_SECONDS = 1
_MAX_AFTER_SECONDS = 24 * 3600
MAX_ATTACHED_BYTES = 3 * 1024 * 1024

# Whether plain http will do depends on the address, and on settings: see `endpoint_guard.py`, which also
# knows what is an address of a chat.
_WEB_URL = web_url(max_characters=2_048)
_ADDRESSES: dict[int, Rule] = {
    types.CHANNEL_EMAIL: email,
    types.CHANNEL_SMS: phone,
    types.CHANNEL_WEBHOOK: _WEB_URL,
}
_STREAM_FILTER_LACKS = frozenset({"start_time", "end_time", "unread"})


def recipient_ids_of(request: notifications.SendRequest) -> dict[str, None]:
    """The distinct recipients of a Send in the order of the request."""
    distinct = dict.fromkeys(request.recipient_ids)
    distinct.update((profile.recipient_id, None) for profile in request.recipients)
    return distinct


def names_recipients(request: notifications.SendRequest) -> Violations:
    """Either from 1 to 1,000 distinct recipients, or a topic, or everyone."""
    if len(request.recipient_ids) == 1 and not (request.recipients or request.topic or request.everyone):
        return FINE
    named = [name for name in ("topic", "everyone") if getattr(request, name)]
    if request.recipient_ids or request.recipients:
        named.insert(0, "recipient_ids" if request.recipient_ids else "recipients")
    if not named:
        return wrong("is required, unless `recipients`, `topic` or `everyone` is given", "recipient_ids")
    if len(named) > 1:
        return wrong("is not used together with others that say to whom", named[1])
    if len(request.recipient_ids) + len(request.recipients) <= MAX_RECIPIENTS:
        return FINE
    if len(recipient_ids_of(request)) <= MAX_RECIPIENTS:
        return FINE
    return wrong(f"has, with `recipients`, more than {MAX_RECIPIENTS:,} items", "recipient_ids")


def fallback_makes_sense(fallback: types.Fallback) -> Violations:
    """2 different channels or more, none of them IN_APP, and a patience of 1 s to 24 h."""
    if types.CHANNEL_IN_APP in fallback.channels:
        return wrong("has IN_APP, which never fails", "channels")
    if len(fallback.channels) < _MIN_FALLBACK_CHANNELS:
        return wrong(f"has fewer than {_MIN_FALLBACK_CHANNELS} items", "channels")
    # A timedelta would take a few nanoseconds for none.
    seconds = fallback.after.ToNanoseconds() / 1e9
    if seconds and not _MIN_AFTER_SECONDS <= seconds <= _MAX_AFTER_SECONDS:
        return wrong("is not between 1 s and 24 h", "after")
    return _unique("channels", fallback.channels)


def send_is_consistent(request: notifications.SendRequest) -> Violations:
    """To somebody, no channel in two fallbacks, and no more than a mail can carry."""
    return (
        names_recipients(request)
        or (request.fallbacks and fallbacks_are_disjoint(request.fallbacks))
        or (request.attachments and _attachments_fit(request.attachments))
        or FINE
    )


def fallbacks_are_disjoint(fallbacks: Sequence[types.Fallback]) -> Violations:
    """No channel is in two of them."""
    seen: set[int] = set()
    for index, fallback in enumerate(fallbacks):
        if not seen.isdisjoint(fallback.channels):
            return wrong("has a channel of another one", f"fallbacks[{index}].channels")
        seen.update(fallback.channels)
    return FINE


def _attachments_fit(attachments: Sequence[notifications.Attachment]) -> Violations:
    """Together at most 3 MiB; each picture has its own content id."""
    if sum(len(each.content) for each in attachments) > MAX_ATTACHED_BYTES:
        return wrong(f"are together larger than {MAX_ATTACHED_BYTES:,} bytes", "attachments")
    seen: set[str] = set()
    for index, each in enumerate(attachments):
        if each.content_id in seen:
            return wrong("is there twice", f"attachments[{index}].content_id")
        seen.update([each.content_id] if each.content_id else [])
    return FINE


def only_pictures_are_inline(attachment: notifications.Attachment) -> Violations:
    """A mail can show pictures, nothing else."""
    if not attachment.content_id or attachment.content_type.lower().startswith("image/"):
        return FINE
    return wrong("is for pictures only: image/…", "content_id")


def batch_is_bounded(request: notifications.SendBatchRequest) -> Violations:
    """At most 10,000 recipients over all items."""
    total = sum(len(item.recipient_ids) + len(item.recipients) for item in request.requests)
    if total <= MAX_BATCH_RECIPIENTS:
        return FINE
    return wrong(f"has more than {MAX_BATCH_RECIPIENTS:,} recipients", "requests")


def recipient_batch_is_bounded(request: recipients.BatchUpsertRecipientsRequest) -> Violations:
    """At most 10,000 endpoints over all items."""
    if sum(len(item.endpoints) for item in request.requests) <= MAX_BATCH_ENDPOINTS:
        return FINE
    return wrong(f"has more than {MAX_BATCH_ENDPOINTS:,} endpoints", "requests")


def action_ids_are_unique(content: types.Content) -> Violations:
    """Every button has its own id."""
    return FINE if not content.actions else _unique("actions", (action.id for action in content.actions))


def selects_ids_or_all(request: MarkRequest) -> Violations:
    """Either `ids` or `all`; the rest belongs to `all`."""
    if request.all:
        return wrong("is not used together with `all`", "ids") if request.ids else FINE
    if not request.ids:
        return wrong("is required, unless `all` is set", "ids")
    if request.HasField("filter"):
        return wrong("is used with `all` only", "filter")
    return wrong("is used with `all` only", "until_cursor") if request.until_cursor else FINE


def filter_fits_a_stream(request: notifications.SubscribeRequest) -> Violations:
    """A live stream cannot filter by what changes while it runs."""
    set_fields = {descriptor.name for descriptor, _ in request.filter.ListFields()}
    misfits = sorted(set_fields & _STREAM_FILTER_LACKS)
    return [violation for name in misfits for violation in wrong("is not used here", f"filter.{name}")]


def cancels_one_thing(request: notifications.CancelRequest) -> Violations:
    """Exactly one of `ids`, `request_id` and `collapse_key`, the last with `recipient_ids`."""
    chosen = [name for name in ("ids", "request_id", "collapse_key") if getattr(request, name)]
    if len(chosen) != 1:
        path = chosen[1] if chosen else "ids"
        return wrong("must be the only one of ids, request_id and collapse_key, and one is required", path)
    if chosen == ["collapse_key"]:
        return FINE if request.recipient_ids else wrong("is required with `collapse_key`", "recipient_ids")
    return wrong("is used with `collapse_key` only", "recipient_ids") if request.recipient_ids else FINE


def address_fits_channel(endpoint: recipients.Endpoint) -> Violations:
    """The address is one of the endpoint's channel and platform."""
    if endpoint.channel == types.CHANNEL_IN_APP:
        return wrong("has no endpoints: every recipient has an inbox", "channel")
    if endpoint.channel == types.CHANNEL_PUSH:
        return under("address", push_token(endpoint.address, Platform(endpoint.platform)))
    if endpoint.platform:
        return wrong("is used with PUSH only", "platform")
    rule = _ADDRESSES.get(endpoint.channel)
    return under("address", rule(endpoint.address)) if rule else FINE


def names_a_target(target: preferences.MuteTarget) -> Violations:
    """Exactly one; protobuf sees to it that there are not two."""
    return FINE if target.WhichOneof("target") else wrong("names nothing to mute")


def preferences_are_unique(document: preferences.Preferences) -> Violations:
    """One switch per channel, one rule per type and channel."""
    return _unique("channels", (switch.channel for switch in document.channels)) or _unique(
        "rules", ((rule.type, rule.channel) for rule in document.rules)
    )


def _unique(name: str, keys: Iterable[object]) -> Violations:
    seen: set[object] = set()
    for index, key in enumerate(keys):
        if key in seen:
            return wrong("is there twice", f"{name}[{index}]")
        seen.add(key)
    return FINE
