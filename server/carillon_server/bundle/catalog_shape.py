"""How a catalog's own file and its topics are written."""

from __future__ import annotations

from carillon_server.bundle.shape import Choice, Text
from carillon_server.bundle.structure import ListOf, Record
from carillon_server.bundle.template_shape import LOCALE_PATTERN
from carillon_server.bundle.type_shape import topic_name

MAX_TOPICS = 1_000

_SETTINGS = Record(
    "Settings of the tenant that it is applied to. Left out: they stay.",
    {
        "default_locale": Text(
            "For recipients without one: en.", 35, LOCALE_PATTERN, "a locale such as de or pt-BR"
        ),
        "default_time_zone": Text("For recipients without one: Europe/Zurich.", 100),
        "unknown_types": Choice("What a send of a type that is not there leads to.", ("refuse", "accept")),
    },
)
CATALOG_FILE = Record(
    "A catalog; its name is that of its folder.",
    {"description": Text("What it is for.", 1_000), "settings": _SETTINGS},
)

_TOPIC = Record(
    "An audience; its members are kept by the service.",
    {
        "name": topic_name("What a send names."),
        "display_name": Text("What people call it.", 100),
        "description": Text("What it is about.", 1_000),
    },
    required=("name",),
)
TOPICS_FILE = Record(
    "The topics of a catalog.",
    {"topics": ListOf("One or many.", _TOPIC, 0, MAX_TOPICS)},
    required=("topics",),
)
