"""Previews and tests of types."""

from __future__ import annotations

from dataclasses import replace

from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1 import notification_service_pb2 as notifications
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Channel
from carillon_server.domain.locale import canonical_locale
from carillon_server.domain.notification import Draft
from carillon_server.domain.notification_type import NotificationType
from carillon_server.services.catalog.previewed import ChannelView, Preview, PreviewQuery
from carillon_server.services.catalog.trial import TEST_LABEL
from carillon_server.transport.convert.sends import to_draft
from carillon_server.transport.convert.templates import content_message, to_template
from carillon_server.transport.convert.values import to_plain, to_struct


def to_preview_query(request: pb.PreviewTemplateRequest) -> PreviewQuery:
    """What is asked."""
    return PreviewQuery(
        type=request.type or request.template.type,
        data=to_plain(request.data) if request.HasField("data") else None,
        locale=canonical_locale(request.locale),
        time_zone=request.time_zone,
        recipient_id=request.recipient_id,
        channels=frozenset(Channel(number) for number in request.channels),
        template=to_template(request.template) if request.HasField("template") else None,
        version=request.version,
    )


def to_preview_message(preview: Preview) -> pb.PreviewTemplateResponse:
    """By channel."""
    return pb.PreviewTemplateResponse(
        renderings=[_to_rendering(view) for view in preview.views], data=to_struct(dict(preview.data))
    )


def to_trial_draft(request: pb.SendTestRequest, kind: NotificationType) -> Draft:
    """A Send of the type that nothing of the recipient's holds up."""
    send = notifications.SendRequest(
        recipient_ids=[request.recipient_id],
        type=request.type,
        data=request.data if request.HasField("data") else to_struct(dict(kind.sample_data)),
        channels=request.channels or [types_pb2.Channel.ValueType(channel) for channel in kind.offered],
        labels={TEST_LABEL: "true"},
    )
    return replace(to_draft(send), is_trial=True, locale=canonical_locale(request.locale))


def _to_rendering(view: ChannelView) -> pb.Rendering:
    return pb.Rendering(
        channel=types_pb2.Channel.ValueType(view.channel),
        locale=view.locale,
        version=view.version,
        content=content_message(view.channel, view.parts) if view.parts else None,
        problem=view.problem,
    )
