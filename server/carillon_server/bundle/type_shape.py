"""How a type is written: the keys of an entry of `types/*.yaml`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from carillon_server.bundle import durations
from carillon_server.bundle import node as nodes
from carillon_server.bundle.place import Notes
from carillon_server.bundle.shape import Choice, Converted, Flag, JsonSchema, Shape, Text, Whole, kind_of
from carillon_server.bundle.structure import JsonObject, ListOf, Record, join

NAME_PATTERN = "[a-zA-Z0-9_.-]{1,100}"
TOPIC_PATTERN = "[a-zA-Z0-9_.:/-]{1,100}"
CHANNELS = ("in_app", "email", "push", "sms", "webhook", "chat")
PRIORITIES = ("low", "normal", "high", "urgent")
FREQUENCIES = ("never", "hourly", "daily", "weekly", "monthly")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_TYPES = 1_000

_LONGEST = timedelta(days=3_660)
_LONGEST_STEP = timedelta(days=30)


class Switches:
    """Channels, each on or off by default; the bundle has them as a list."""

    def read(self, node: nodes.Node, path: str, notes: Notes) -> list[dict[str, Any]] | None:
        if not isinstance(node, nodes.Map):
            notes.add(node.place, f"must be a map such as {{email: true, sms: false}}, not {kind_of(node)}")
            return None
        notes.places[path] = node.place
        switches: list[dict[str, Any]] = []
        for key, item in node.entries.items():
            if key not in CHANNELS:
                notes.add(node.key_places[key], f"{key[:100]!r} is no channel: {', '.join(CHANNELS)}")
                continue
            here = f"{path}[{len(switches)}]"
            notes.places[here] = notes.places[join(here, "channel")] = node.key_places[key]
            enabled = Flag("").read(item, join(here, "enabled"), notes)
            if enabled is not None:
                switches.append({"channel": key.upper(), "enabled": enabled})
        return switches

    def schema(self) -> JsonSchema:
        return {
            "type": "object",
            "description": "Where it is offered, and whether on by default. Left out: in_app and email, on.",
            "properties": {channel: {"type": "boolean"} for channel in CHANNELS},
            "additionalProperties": False,
        }


def name_text(meaning: str) -> Text:
    """The name of a type, a layout or a catalog."""
    return Text(meaning, 100, NAME_PATTERN, "a name: 1-100 of a-z A-Z 0-9 _ . -")


def topic_name(meaning: str) -> Text:
    """The name of a topic."""
    return Text(meaning, 100, TOPIC_PATTERN, "a topic's name: 1-100 of a-z A-Z 0-9 _ . : / -")


def _duration(meaning: str, longest: timedelta = _LONGEST) -> Shape:
    def convert(text: str) -> timedelta | None:
        value = durations.parse_duration(text)
        if value is not None and not timedelta(seconds=1) <= value <= longest:
            raise ValueError(f"must be from 1s to {durations.format_duration(longest)}")
        return value

    what = "a duration: write 90s, 30m, 12h or 30d"
    return Converted(Text(meaning, 20, durations.PATTERN, what), convert)


def _local_time(meaning: str) -> Text:
    return Text(meaning, 5, "([01][0-9]|2[0-3]):[0-5][0-9]", "a time of the day: write 08:00")


def _channels(meaning: str, words: tuple[str, ...] = CHANNELS[1:]) -> ListOf:
    return ListOf(meaning, Choice("A channel.", words), 1, len(words), distinct=True)


_RETENTION = Record(
    "How long its notifications are kept. Left out: until they are deleted.",
    {
        "archive_after": _duration("Moved to the archive when they are this old: 30d."),
        "delete_after": _duration("Deleted when they have been in the archive for this long: 30d."),
    },
)
_DIGEST = Record(
    "How they are to be collected. Checked and kept; nothing collects them yet.",
    {
        "frequency": Choice("Unless the recipient chooses another.", FREQUENCIES),
        "channels": _channels("On these channels."),
        "local_time": _local_time("At this local time; 08:00 where left out. Not with hourly."),
        "weekday": Choice("For weekly: on this day; monday where left out.", WEEKDAYS),
        "max_items": Whole("At most this many in one; 100 where left out.", 1, 1_000),
    },
    required=("frequency", "channels"),
)
_SCHEDULE = Record(
    "When they are to be made by themselves. Checked and kept; nothing makes them yet.",
    {
        "local_time": _local_time("At this local time of each recipient."),
        "weekdays": ListOf(
            "On these days; on all where left out.", Choice("A day.", WEEKDAYS), 1, 7, distinct=True
        ),
        "topic": topic_name("To the members of this topic."),
    },
    required=("local_time",),
)
_STEP = Record(
    "One step.",
    {
        "after": _duration("How long after the step before, or after the send.", _LONGEST_STEP),
        "channels": _channels("Try these channels as well.", CHANNELS),
        "topic": topic_name("Tell the members of this topic as well."),
    },
    required=("after",),
    any_of=("channels", "topic"),
)
_ESCALATION = Record(
    "How it climbs while nobody reacts. Checked and kept; nothing escalates yet.",
    {"steps": ListOf("One after the other.", _STEP, 1, 10)},
    required=("steps",),
)

TYPE = Record(
    "One kind of thing that happens.",
    {
        "name": name_text("What a send names: scan.completed."),
        "display_name": Text("What people call it.", 100),
        "description": Text("When it is sent.", 1_000),
        "category": Text("The group of types it belongs to.", 100),
        "priority": Choice("How urgent it is; normal where left out.", PRIORITIES),
        "channels": Switches(),
        "mandatory": Flag("It goes out whatever the recipient switched off or muted."),
        "retention": _RETENTION,
        "collapse_rule": Text("The collapse key, a template: scan/{{ project_id }}.", 500),
        "thread_rule": Text("The thread, a template.", 500),
        "time_to_live": _duration("After how long they expire: 7d."),
        "data_schema": JsonObject(
            "JSON Schema (2020-12) of `data`.", {"$ref": "https://json-schema.org/draft/2020-12/schema"}
        ),
        "sample_data": JsonObject("Data that fits the schema, for previews and the check of templates."),
        "digest": _DIGEST,
        "schedule": _SCHEDULE,
        "escalation": _ESCALATION,
    },
    required=("name",),
)


def types_file(into: list[Any] | None = None) -> Record:
    """A file of types, which go to the end of `into`."""
    types = ListOf("One or many.", TYPE, 0, MAX_TYPES, into=into)
    return Record("Types of a catalog.", {"types": types}, required=("types",))
