"""Types, templates and layouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.struct_pb2 import Struct

from tests.transport.rows.base import DAY_SECONDS, NUL, Row, at, keyed, line, nested, own_values, sized, sizes

_LONG = 128 * 1024
_NO_NAMES = ("", "a b", "x" * 101, "ä")
_KEY = {"GetTemplate", "ActivateTemplateVersion", "DeleteTemplate"}


def catalog_rows() -> Iterator[Row]:
    yield from _types()
    yield from _policies()
    yield from _templates()
    yield from _layouts()
    yield from _keys()
    yield from _trials()
    yield from _settings()
    for rpc in ("ListTypes", "ListTemplates", "ListLayouts"):
        yield from sizes(rpc, "page_size")


def _types() -> Iterator[Row]:
    rpc = "PutType"
    yield Row(rpc, {"type": None}, "type")
    yield from _names(rpc, "type.name")
    yield from _names("GetType", "name")
    yield from _names("DeleteType", "name")
    yield Row("ListTypes", {"catalog": "a b"}, "catalog")
    for field, most in (("display_name", 100), ("category", 100)):
        yield from line(rpc, f"type.{field}", most)
    yield Row(rpc, at("type.description", "a\nb" + "x" * 997))
    for text in ("x" * 1_001, NUL):
        yield Row(rpc, at("type.description", text), "type.description")
    for field in ("collapse_rule", "thread_rule"):
        # The source may be longer than the key that it gives.
        yield Row(rpc, at(f"type.{field}", "x" * 200 + "{#" + "-" * 296 + "#}"))
        for text in ("{#" + "-" * 497 + "#}", "a\nb"):
            yield Row(rpc, at(f"type.{field}", text), f"type.{field}")
    yield Row(rpc, at("type.priority", 5), "type.priority")
    yield Row(rpc, at("type.channels", [_default(number) for number in range(1, 7)]))
    yield Row(rpc, at("type.channels", [_default(1)] * 7), "type.channels")
    yield Row(rpc, at("type.channels", [_default(2), _default(2)]), "type.channels[1]")
    for number in (0, 7):
        yield Row(rpc, at("type.channels", [_default(number)]), "type.channels[0].channel")
    yield from own_values(rpc, "type.sample_data")
    for struct in (nested(33), keyed(2_001), sized(32 * 1024 + 1)):
        yield Row(rpc, at("type.data_schema", struct), "type.data_schema")
    yield from _schemas()
    for field in ("time_to_live", "retention.archive_after", "retention.delete_after"):
        yield from _spans(rpc, f"type.{field}", 3_660)


def _schemas() -> Iterator[Row]:
    required = _struct(type="object", properties={"id": {"type": "string"}}, required=["id"])
    yield Row("PutType", {"type": {"data_schema": required}}, "type.sample_data")
    yield Row(
        "PutType", {"type": {"data_schema": required, "sample_data": _struct(id=3)}}, "type.sample_data.id"
    )
    yield Row("PutType", {"type": {"data_schema": required, "sample_data": _struct(id="a")}})
    yield Row("PutType", {"type": {"data_schema": _struct(type="unheard of")}}, "type.data_schema")
    yield Row("PutType", {"type": {"collapse_rule": "{{ nobody }}"}}, "type.collapse_rule")
    yield Row("PutType", {"type": {"thread_rule": "{% if %}"}}, "type.thread_rule")
    yield Row("PutType", {"type": {"thread_rule": "x" * 201}}, "type.thread_rule")
    yield Row("PutType", {"type": {"thread_rule": "x" * 200}})
    yield Row("PutType", {"type": {"thread_rule": "{% if notification.labels.a %}a{% endif %}"}})


def _policies() -> Iterator[Row]:
    rpc, digest = "PutType", "type.digest"
    fine: dict[str, Any] = {"frequency": 3, "channels": [2]}
    yield Row(
        rpc, at(digest, {**fine, "local_time": "23:59", "max_items": 1_000, "channels": [2, 3, 4, 5, 6]})
    )
    yield Row(rpc, at(digest, {**fine, "frequency": 4, "weekday": 7}))
    for changes, field in (
        ({"frequency": 0}, "frequency"),
        ({"frequency": 6}, "frequency"),
        ({"channels": []}, "channels"),
        ({"channels": [2] * 6}, "channels"),
        ({"channels": [2, 7]}, "channels[1]"),
        ({"channels": [1]}, "channels"),
        ({"channels": [2, 2]}, "channels[1]"),
        ({"local_time": "24:00"}, "local_time"),
        ({"local_time": "8:00"}, "local_time"),
        ({"frequency": 2, "local_time": "08:00"}, "local_time"),
        ({"weekday": 1}, "weekday"),
        ({"weekday": 8, "frequency": 4}, "weekday"),
        ({"max_items": -1}, "max_items"),
        ({"max_items": 1_001}, "max_items"),
    ):
        yield Row(rpc, at(digest, {**fine, **changes}), f"{digest}.{field}")
    yield from _schedules()
    yield from _escalations()


def _schedules() -> Iterator[Row]:
    rpc, schedule = "PutType", "type.schedule"
    yield Row(rpc, at(schedule, {"local_time": "08:00", "weekdays": [1, 7], "topic": "a.b:c/d"}))
    for changes, field in (
        ({"local_time": ""}, "local_time"),
        ({"local_time": "08:60"}, "local_time"),
        ({"weekdays": [0]}, "weekdays[0]"),
        ({"weekdays": [1] * 8}, "weekdays"),
        ({"weekdays": [1, 1]}, "weekdays[1]"),
        ({"topic": "a b"}, "topic"),
    ):
        yield Row(rpc, at(schedule, {"local_time": "08:00", **changes}), f"{schedule}.{field}")


def _escalations() -> Iterator[Row]:
    rpc, steps = "PutType", "type.escalation.steps"
    fine: dict[str, Any] = {"after": {"seconds": 60}, "channels": [4]}
    yield Row(rpc, at(steps, [fine] * 10))
    yield Row(rpc, at(steps, [fine] * 11), steps)
    yield Row(rpc, at(steps, []), steps)
    for changes, field in (
        ({"after": {"seconds": 0}}, "after"),
        ({"after": {"seconds": 30 * DAY_SECONDS + 1}}, "after"),
        ({"channels": []}, "channels"),
        ({"channels": [4] * 7}, "channels"),
        ({"channels": [0]}, "channels[0]"),
        ({"channels": [4, 4]}, "channels[1]"),
        ({"topic": "a b"}, "topic"),
    ):
        yield Row(rpc, at(steps, [{**fine, **changes}]), f"{steps}[0].{field}")
    yield Row(rpc, at(steps, [{"channels": [4]}]), f"{steps}[0].after")


def _templates() -> Iterator[Row]:
    rpc = "PutTemplate"
    yield Row(rpc, {"template": None}, "template")
    yield from _names(rpc, "template.type")
    for locale in ("", "xx-YY-ZZ", "x" * 36):
        yield Row(rpc, at("template.locale", locale), "template.locale")
    yield Row(rpc, {"template": {"in_app": None}}, "template.content")
    for channel, required in _REQUIRED.items():
        yield _says(channel, {required: "Done"})
        yield _says(channel, {}, required)
    for channel, part in _SHORT:
        yield _says(channel, {part: "x" * 10_000})
        for text in ("x" * 10_001, "a\nb", NUL):
            yield _says(channel, {part: text}, part)
    for channel, part in _LONG_PARTS:
        yield _says(channel, {part: "a\n" * (_LONG // 2)})
        for text in ("x" * (_LONG + 1), NUL):
            yield _says(channel, {part: text}, part)
    yield from _buttons()
    yield from _mails()
    yield _says("push", {"data": {f"k{number}": "v" for number in range(20)}})
    for data in ({f"k{number}": "v" for number in range(21)}, {"a b": "v"}, {"k" * 65: "v"}, {"k": NUL}):
        yield _says("push", {"data": data}, "data")


def _buttons() -> Iterator[Row]:
    fine = {"id": "open", "label": "Open", "url": "{{ url }}"}
    yield _says("in_app", {"actions": [{**fine, "id": f"{number}"} for number in range(5)]})
    yield _says("in_app", {"actions": [fine] * 6}, "actions")
    for part in ("id", "label", "url"):
        yield _says("in_app", {"actions": [{**fine, part: "x" * 10_001}]}, f"actions[0].{part}")
    for part in ("id", "label"):
        yield _says("in_app", {"actions": [{**fine, part: ""}]}, f"actions[0].{part}")


def _mails() -> Iterator[Row]:
    yield _says("email", {"html": "<p>", "mjml": "<mjml>"}, "mjml")
    yield _says("email", {"mjml": "<mjml>", "markdown": "#"}, "markdown")
    yield _says("email", {"layout": "frame"}, "layout")
    yield _says("email", {"layout": "a b", "html": "<p>"}, "layout")


def _layouts() -> Iterator[Row]:
    rpc = "PutLayout"
    yield Row(rpc, {"layout": None}, "layout")
    yield from _names(rpc, "layout.name")
    yield from _names("DeleteLayout", "name")
    for number in (0, 3):
        yield Row(rpc, at("layout.format", number), "layout.format")
    yield Row(rpc, {"layout": {"name": "long", "source": "x" * _LONG}})
    for source in ("", "x" * (_LONG + 1), NUL, "{{ content }}{{ content }}"):
        yield Row(rpc, at("layout.source", source), "layout.source")


def _keys() -> Iterator[Row]:
    for rpc in sorted(_KEY):
        yield from _names(rpc, "type")
        for number in (0, 7):
            yield Row(rpc, {"channel": number}, "channel")
        for locale in ("", "nonsense", "x" * 36):
            yield Row(rpc, {"locale": locale}, "locale")
    yield Row("GetTemplate", {"version": -1}, "version")
    for version in (0, -1):
        yield Row("ActivateTemplateVersion", {"version": version}, "version")
    yield Row("ListTemplates", {"type": "a b"}, "type")
    yield Row("ListTemplates", {"channel": 7}, "channel")
    yield Row("ListTemplates", {"locale": "nonsense"}, "locale")


def _trials() -> Iterator[Row]:
    preview, test = "PreviewTemplate", "SendTest"
    for rpc in (preview, test):
        yield from _names(rpc, "type")
        yield from own_values(rpc, "data")
        yield from line(rpc, "recipient_id", 200, required=rpc == test)
        yield Row(rpc, {"locale": "nonsense"}, "locale")
        yield Row(rpc, {"channels": [1, 2, 2]})
        yield Row(rpc, {"channels": [2] * 51}, "channels")
        for number in (0, 7):
            yield Row(rpc, {"channels": [number]}, "channels[0]")
    yield Row(preview, {"time_zone": "Mars/Base"}, "time_zone")
    template = {"type": "scan.completed", "locale": "en", "sms": {"text": "Done"}}
    yield Row(preview, {"template": template, "type": None})
    yield Row(preview, {"template": {**template, "type": "other"}}, "type")
    yield Row(preview, {"template": {**template, "sms": None}}, "template.content")
    yield Row(preview, {"template": template, "version": 1, "channels": [4]}, "version")
    yield Row(preview, {"version": 1, "channels": [4]})
    for channels in ([], [2, 4]):
        yield Row(preview, {"version": 1, "channels": channels}, "channels")
    yield Row(preview, {"version": -1}, "version")


def _settings() -> Iterator[Row]:
    rpc = "UpdateCatalogSettings"
    yield Row(rpc, at("settings.unknown_types", 3), "settings.unknown_types")
    yield Row(rpc, at("settings.default_locale", "nonsense"), "settings.default_locale")
    yield Row(rpc, at("settings.default_time_zone", "Mars/Base"), "settings.default_time_zone")
    yield Row(rpc, {"update_mask": {"paths": ["*"]}})
    for paths in (["colour"], ["*", "default_locale"]):
        yield Row(rpc, {"update_mask": {"paths": paths}}, "update_mask")


_REQUIRED = {
    "in_app": "title",
    "email": "subject",
    "push": "title",
    "sms": "text",
    "webhook": "payload",
    "chat": "body",
}
_SHORT = [
    *(("in_app", part) for part in ("title", "action_url", "icon", "image_url")),
    *(("email", part) for part in ("subject", "preheader")),
    *(("push", part) for part in ("title", "action_url", "icon")),
    *(("chat", part) for part in ("title", "action_url")),
]
_LONG_PARTS = [
    ("in_app", "body"),
    *(("email", part) for part in ("text", "html", "mjml", "markdown")),
    ("push", "body"),
    ("sms", "text"),
    ("webhook", "payload"),
    ("chat", "body"),
]


def _says(channel: str, content: dict[str, Any], wrong: str = "") -> Row:
    """A template of a channel, with what it must have unless that is what is wrong."""
    required = {_REQUIRED[channel]: "Done" if content else ""}
    # Of a type that nobody has: what a text of this length would come out as is another matter.
    template = {"type": "unheard.of", "in_app": None, channel: {**required, **content}}
    return Row("PutTemplate", {"template": template}, f"template.{channel}.{wrong}" if wrong else None)


def _names(rpc: str, field: str) -> Iterator[Row]:
    yield Row(rpc, at(field, "aZ09_.-" + "x" * 93))
    for name in _NO_NAMES:
        yield Row(rpc, at(field, name), field)


def _spans(rpc: str, field: str, most_days: int) -> Iterator[Row]:
    for seconds in (1, most_days * DAY_SECONDS):
        yield Row(rpc, at(field, {"seconds": seconds}))
    for span in ({"seconds": 0}, {"nanos": 1}, {"seconds": -1}, {"seconds": most_days * DAY_SECONDS + 1}):
        yield Row(rpc, at(field, span), field)


def _default(channel: int) -> dict[str, Any]:
    return {"channel": channel, "enabled": True}


def _struct(**values: Any) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct
