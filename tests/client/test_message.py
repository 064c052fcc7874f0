from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import ListValue, Struct
from hypothesis import given
from hypothesis import strategies as st

from carillon._message import message
from carillon.v1 import types_pb2
from carillon.v1.notification_service_pb2 import SendRequest, SubscribeRequest
from carillon.v1.preference_service_pb2 import UpdatePreferencesRequest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=10,
)


def send(**fields: Any) -> SendRequest:
    return message(SendRequest, **fields)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_data_survives(data: dict[str, Any]) -> None:
    assert plain(send(data=data).data) == data


def plain(value: Any) -> Any:
    """The Python value of a Struct, ListValue or Value."""
    if isinstance(value, Struct):
        return {key: plain(item) for key, item in value.fields.items()}
    if isinstance(value, ListValue):
        return [plain(item) for item in value.values]
    kind = value.WhichOneof("kind")
    return None if kind == "null_value" else plain_kind(getattr(value, kind))


def plain_kind(value: Any) -> Any:
    return plain(value) if isinstance(value, Struct | ListValue) else value


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_survive(instant: datetime) -> None:
    assert send(deliver_time=instant).deliver_time.ToDatetime(tzinfo=UTC) == instant


def test_instants_of_other_zones_are_the_same_instants() -> None:
    instant = datetime(2026, 3, 29, 12, tzinfo=timezone(timedelta(hours=2)))
    assert send(deliver_time=instant).deliver_time.ToSeconds() == int(instant.timestamp())


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        send(deliver_time=datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


def test_integers_that_would_lose_digits_are_refused() -> None:
    with pytest.raises(ValueError, match="digits"):
        send(data={"id": 2**53 + 1})


@pytest.mark.parametrize("value", ["EMAIL", "email", "CHANNEL_EMAIL", 2, types_pb2.CHANNEL_EMAIL])
def test_enums_are_taken_by_name_or_number(value: Any) -> None:
    assert list(send(channels=[value]).channels) == [types_pb2.CHANNEL_EMAIL]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="IN_APP, EMAIL"):
        send(channels=["PIGEON"])


def test_nested_messages_are_taken_as_dicts_or_messages() -> None:
    as_dict = send(content={"title": "x", "actions": [{"id": "a", "label": "A"}]})
    as_message = send(content=types_pb2.Content(title="x", actions=[types_pb2.Action(id="a", label="A")]))
    assert as_dict == as_message


def test_presence_is_kept() -> None:
    request = message(SubscribeRequest, filter={"unread": False})
    assert request.filter.HasField("unread")
    assert not request.filter.HasField("archived")


def test_masks_and_durations() -> None:
    update = message(UpdatePreferencesRequest, update_mask=["rules"])
    assert MessageToDict(update) == {"updateMask": "rules"}
    assert message(SubscribeRequest, heartbeat=timedelta(seconds=1.5)).heartbeat.ToMilliseconds() == 1_500


@pytest.mark.parametrize(
    "fields",
    [
        {"recipient_ids": "ada"},
        {"content": "title"},
        {"content": {"titel": "x"}},
        {"data": ["no", "keys"]},
        {"data": {"a": object()}},
        {"deliver_time": 1},
        {"labels": {"a": 1}},
        {"type": 7},
    ],
)
def test_values_that_do_not_fit_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        send(**fields)


def test_messages_given_by_the_caller_are_never_changed() -> None:
    content = types_pb2.Content(title="x")
    request = send(content=content)
    request.content.title = "y"
    assert content.title == "x"
