"""What must hold between the fields of messages about deliveries."""

from __future__ import annotations

from datetime import timedelta

from carillon.v1 import delivery_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.delivery import DeliveryState
from carillon_server.domain.delivery_query import RETRYABLE_STATES
from carillon_server.transport.instants import to_datetime
from carillon_server.transport.relations import fallbacks_are_disjoint
from carillon_server.transport.validation.rule import FINE, Violations, wrong

MAX_STATS_RANGE = timedelta(days=92)


def times_are_in_order(filter: pb.DeliveryFilter) -> Violations:  # noqa: A002 - the name of the field
    """`end_time` after `start_time`, where both are set."""
    if not (filter.HasField("start_time") and filter.HasField("end_time")):
        return FINE
    if to_datetime(filter.end_time) > to_datetime(filter.start_time):
        return FINE
    return wrong("is not after `start_time`", "end_time")


def states_can_be_retried(request: pb.RedriveDeliveriesRequest) -> Violations:
    """Only states in which a delivery ended without arriving."""
    for index, state in enumerate(request.filter.states):
        if DeliveryState(state) not in RETRYABLE_STATES:
            return wrong("is not a state to redrive from", f"filter.states[{index}]")
    return FINE


def takes_messages(provider: pb.Provider) -> Violations:
    """The inbox needs no provider."""
    if provider.channel == types_pb2.CHANNEL_IN_APP:
        return wrong("has no providers", "channel")
    return FINE


def channels_fall_back_once(settings: pb.DeliverySettings) -> Violations:
    """As in a Send."""
    return fallbacks_are_disjoint(settings.fallbacks)


def range_is_bounded(request: pb.GetStatsRequest) -> Violations:
    """From just after `start_time` to 92 days after it; each dimension once."""
    length = to_datetime(request.end_time) - to_datetime(request.start_time)
    if length <= timedelta(0):
        return wrong("is not after `start_time`", "end_time")
    if length > MAX_STATS_RANGE:
        return wrong(f"is more than {MAX_STATS_RANGE.days} days after `start_time`", "end_time")
    for index, dimension in enumerate(request.group_by):
        if dimension in request.group_by[:index]:
            return wrong("is there twice", f"group_by[{index}]")
    return FINE
