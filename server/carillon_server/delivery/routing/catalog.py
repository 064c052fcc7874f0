"""What may be configured as a provider (`services.ports.ProviderCatalog`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from carillon_server.delivery.providers.describe import describe_kind
from carillon_server.delivery.providers.kinds import KINDS
from carillon_server.delivery.providers.provider import CallbackRefusedError, ProviderKind, Workshop
from carillon_server.delivery.routing.secret_fields import reveal, secret_fields
from carillon_server.delivery.routing.settings_violations import describe_violations
from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldsInvalid, Reason, Refusal
from carillon_server.domain.provider_event import Callback, ProviderEvent
from carillon_server.domain.provider_kind import ProviderKindInfo
from carillon_server.services.ports import CheckedSettings


class KindCatalog:
    """The kinds of `kinds.py`."""

    def __init__(
        self, kinds: Mapping[str, ProviderKind[Any]] = KINDS, workshop: Workshop | None = None
    ) -> None:
        """`workshop`: what callbacks are read with; None: none can be."""
        self._kinds = kinds
        self._workshop = workshop

    def kinds(self) -> Sequence[ProviderKindInfo]:
        return [describe_kind(self._kinds[name]) for name in sorted(self._kinds)]

    def check(self, kind: str, channel: Channel, settings: Mapping[str, Any]) -> CheckedSettings:
        known = self._kinds.get(kind)
        if known is None:
            raise FieldsInvalid.of("kind", f"is none of: {', '.join(sorted(self._kinds))}")
        if channel not in known.channels:
            names = ", ".join(sorted(each.name for each in known.channels))
            raise FieldsInvalid.of("channel", f"{kind} serves {names}")
        try:
            model = known.settings.model_validate(dict(settings))
        except ValidationError as error:
            raise FieldsInvalid(describe_violations(error, known.settings, settings)) from None
        secret = secret_fields(known.settings)
        # What was not given is left out: it follows the default, also a later one.
        given = {name: reveal(getattr(model, name)) for name in sorted(model.model_fields_set)}
        return CheckedSettings(
            public=to_jsonable_python({name: value for name, value in given.items() if name not in secret}),
            secrets=to_jsonable_python({name: value for name, value in given.items() if name in secret}),
        )

    async def read_callback(
        self, kind: str, settings: Mapping[str, Any], callback: Callback
    ) -> Sequence[ProviderEvent]:
        known = self._kinds.get(kind)
        if known is None or known.read_callback is None or self._workshop is None:
            raise Refusal(Reason.CALLBACK_REFUSED, "this provider has no callbacks")
        try:
            model = known.settings.model_validate(dict(settings))
            return await known.read_callback(model, callback, self._workshop)
        except ValidationError as error:
            raise Refusal(Reason.CALLBACK_REFUSED, "this provider is not configured") from error
        except CallbackRefusedError as error:
            raise Refusal(Reason.CALLBACK_REFUSED, "this is no callback of the provider") from error
