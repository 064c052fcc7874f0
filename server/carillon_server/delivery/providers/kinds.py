"""All kinds of providers, by name. A new one is added here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carillon_server.delivery.providers.chat import apprise
from carillon_server.delivery.providers.email import smtp
from carillon_server.delivery.providers.offline import console, file, null
from carillon_server.delivery.providers.provider import ProviderKind
from carillon_server.delivery.providers.push import apns, fcm, web_push
from carillon_server.delivery.providers.sms import http_sms, twilio
from carillon_server.delivery.providers.webhook import webhook

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
