"""`DeliveryService`: by whom is delivered, and under which settings of the tenant."""

from __future__ import annotations

from carillon.v1 import delivery_service_pb2 as pb
from carillon_server.services.delivery_settings import DeliverySettingsService
from carillon_server.services.provider_events import ProviderEventService
from carillon_server.services.providers import ProviderService
from carillon_server.transport.call import Call
from carillon_server.transport.convert.delivery_settings import (
    changed_fields,
    to_settings,
    to_settings_message,
)
from carillon_server.transport.convert.providers import (
    to_callback,
    to_kind_message,
    to_provider_config,
    to_provider_message,
    to_status_message,
)

# The methods are named as the RPCs.
# ruff: noqa: N802


class ProviderServicer:
    """Providers, their callbacks, and the settings of the tenant."""

    def __init__(
        self, providers: ProviderService, settings: DeliverySettingsService, events: ProviderEventService
    ) -> None:
        self._providers = providers
        self._settings = settings
        self._events = events

    async def ListProviders(self, _request: pb.ListProvidersRequest, call: Call) -> pb.ListProvidersResponse:
        found = await self._providers.list(call.principal.tenant, timeout=call.remaining_seconds())
        return pb.ListProvidersResponse(providers=[to_status_message(status) for status in found])

    async def PutProvider(self, request: pb.PutProviderRequest, call: Call) -> pb.PutProviderResponse:
        config = to_provider_config(call.principal.tenant, request.provider)
        status = await self._providers.put(config, timeout=call.remaining_seconds())
        return pb.PutProviderResponse(provider=to_provider_message(status))

    async def DeleteProvider(
        self, request: pb.DeleteProviderRequest, call: Call
    ) -> pb.DeleteProviderResponse:
        await self._providers.delete(call.principal.tenant, request.name, timeout=call.remaining_seconds())
        return pb.DeleteProviderResponse()

    async def ListProviderKinds(
        self, _request: pb.ListProviderKindsRequest, _call: Call
    ) -> pb.ListProviderKindsResponse:
        return pb.ListProviderKindsResponse(kinds=[to_kind_message(kind) for kind in self._providers.kinds()])

    async def GetDeliverySettings(
        self, _request: pb.GetDeliverySettingsRequest, call: Call
    ) -> pb.GetDeliverySettingsResponse:
        settings = await self._settings.get(call.principal.tenant, timeout=call.remaining_seconds())
        return pb.GetDeliverySettingsResponse(settings=to_settings_message(settings))

    async def UpdateDeliverySettings(
        self, request: pb.UpdateDeliverySettingsRequest, call: Call
    ) -> pb.UpdateDeliverySettingsResponse:
        settings = await self._settings.update(
            call.principal.tenant,
            to_settings(request.settings),
            changed_fields(request),
            timeout=call.remaining_seconds(),
        )
        return pb.UpdateDeliverySettingsResponse(settings=to_settings_message(settings))

    async def RecordProviderEvent(
        self, request: pb.RecordProviderEventRequest, call: Call
    ) -> pb.RecordProviderEventResponse:
        recorded = await self._events.record(
            call.principal.tenant, request.provider, to_callback(request), timeout=call.remaining_seconds()
        )
        return pb.RecordProviderEventResponse(
            event_count=recorded.received,
            applied_count=recorded.applied,
            unmatched_count=recorded.unmatched,
        )
