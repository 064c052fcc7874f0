"""How templates are written: the keys of `templates/TYPE/LOCALE.yaml`, and those above the body of a mail."""

from __future__ import annotations

from carillon_server.bundle.shape import Text
from carillon_server.bundle.structure import ListOf, MapOf, Record
from carillon_server.bundle.type_shape import name_text

LOCALE_PATTERN = "[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[a-zA-Z0-9]{4,8})?"
MAX_TEMPLATES = 10_000
BODY_PARTS = {"md": "markdown", "mjml": "mjml", "html": "html"}
"""The ending of a mail's file, and the part that its body is."""

_MAX_LONG_CHARACTERS = 128 * 1_024


def _line(meaning: str) -> Text:
    return Text(meaning)


def _long(meaning: str) -> Text:
    return Text(meaning, _MAX_LONG_CHARACTERS)


_ACTION = Record(
    "A button.",
    {"id": Text("What answers name.", 100), "label": _line("What it says."), "url": _line("Where it leads.")},
    required=("id", "label"),
)
_IN_APP = Record(
    "How it reads in the inbox.",
    {
        "title": _line("One line."),
        "body": _long("The text."),
        "action_url": _line("Where a click leads."),
        "icon": _line("The name of an icon, or a URL."),
        "image_url": _line("A picture's URL."),
        "actions": ListOf("Buttons.", _ACTION, 0, 5),
    },
    required=("title",),
)
FRONT_MATTER = Record(
    "What stands above the body of a mail.",
    {
        "subject": _line("The subject."),
        "preheader": _line("What mail programs show beside the subject."),
        "layout": name_text("The layout around it."),
        "text": _long("The plain text; made from the body where left out."),
    },
    required=("subject",),
)
_EMAIL = Record(
    "How it reads as a mail; long ones are files of their own.",
    {
        **FRONT_MATTER.fields,
        "html": _long("The HTML: a page, or what goes inside the layout."),
        "mjml": _long("The same as MJML."),
        "markdown": _long("The same as Markdown."),
    },
    required=("subject",),
    exclusive=("html", "mjml", "markdown"),
    any_of=("text", "html", "mjml", "markdown"),
)
_PUSH = Record(
    "How it reads as a push message.",
    {
        "title": _line("One line."),
        "body": _long("The text."),
        "action_url": _line("Where a tap leads."),
        "icon": _line("The name of an icon, or a URL."),
        "data": MapOf("Values for the application.", "[a-zA-Z0-9_.-]{1,64}", _line("A template."), 20),
    },
    required=("title",),
)
_CHAT = Record(
    "How it reads in a chat.",
    {
        "title": _line("One line."),
        "body": _long("The text."),
        "action_url": _line("Where it leads."),
    },
    required=("body",),
)

TEMPLATES_FILE = Record(
    "How one type reads in one language, on every channel that is not a file of its own.",
    {
        "in_app": _IN_APP,
        "email": _EMAIL,
        "push": _PUSH,
        "sms": Record("How it reads as a text message.", {"text": _long("The text.")}, ("text",)),
        "webhook": Record(
            "What a webhook carries.",
            {"payload": _long("Becomes a JSON object; values are written by the filter tojson.")},
            ("payload",),
        ),
        "chat": _CHAT,
    },
)
