"""All kinds of providers, by name. A new one is added here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carillon_server.delivery.providers import (
    apns,
    apprise,
    console,
    fcm,
    file,
    http_sms,
    null,
    smtp,
    twilio,
    web_push,
    webhook,
)
from carillon_server.delivery.providers.provider import ProviderKind

_ALL: tuple[ProviderKind[Any], ...] = (
    apns.KIND,
    apprise.KIND,
    console.KIND,
    fcm.KIND,
    file.KIND,
    http_sms.KIND,
    null.KIND,
    smtp.KIND,
    twilio.KIND,
    web_push.KIND,
    webhook.KIND,
)

KINDS: Mapping[str, ProviderKind[Any]] = {kind.name: kind for kind in _ALL}
