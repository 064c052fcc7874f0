"""Both sides of every limit: what is just taken, and what is refused under which field."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from tests.transport.requests import MARKS, NOTIFICATION_ID, SEND, VALID
from tests.transport.rpcs import request_type

NUL, LINE_FEED, C1, LINE_SEPARATOR = "a\x00b", "a\nb", "a\x85b", "a\u2028b"
YEAR_10000 = {"seconds": 253_402_300_800}
YEAR_0 = {"seconds": -62_135_596_801}
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Row:
    """A valid request with changes. `field`: under which it is refused; None: its fields are all fine."""

    rpc: str
    changes: dict[str, Any]
    field: str | None = None


def soon(seconds: float) -> dict[str, int]:
    return {"seconds": int(time.time() + seconds)}


def nested(levels: int) -> Struct:
    """A Struct so many levels deep."""
    struct = Struct()
    inner = struct
    for _ in range(levels - 1):
        inner = inner.get_or_create_struct("k")
    return struct


def keyed(count: int) -> Struct:
    return Struct(fields={f"k{number}": Value(bool_value=True) for number in range(count)})


def sized(byte_count: int) -> Struct:
    """A Struct of exactly so many bytes."""
    spare = byte_count - Struct(fields={"k": Value(string_value="x" * (byte_count - 40))}).ByteSize()
    return Struct(fields={"k": Value(string_value="x" * (byte_count - 40 + spare))})


def all_rows() -> Iterator[Row]:
    yield from _recipient_ids()
    for at in ("Send", "SendStream"):
        for row in _sends():
            yield row if at == "Send" else _in_stream(row)
    yield from _batches()
    yield from _ids()
    yield from _inboxes()
    yield from _cancels()
    yield from _preferences()
    yield from _recipients()


def _in_stream(row: Row) -> Row:
    return Row("SendStream", {"request": {**SEND, **row.changes}}, row.field)


def line(rpc: str, field: str, max_characters: int, *, required: bool = False) -> Iterator[Row]:
    """The rows of a field that holds one line."""
    yield Row(rpc, at(field, "x" * max_characters))
    yield Row(rpc, at(field, "ö" * max_characters))
    yield Row(rpc, at(field, "x" * (max_characters + 1)), field)
    for text in (NUL, LINE_FEED, "a\rb", "\x7f", C1, LINE_SEPARATOR):
        yield Row(rpc, at(field, text), field)
    if required:
        yield Row(rpc, at(field, ""), field)


def at(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {first: at(rest, value) if rest else value}


def _recipient_ids() -> Iterator[Row]:
    for rpc in VALID:
        if "recipient_id" in request_type(rpc).DESCRIPTOR.fields_by_name:
            yield from line(rpc, "recipient_id", 200)


def _sends() -> Iterator[Row]:
    yield Row("Send", {"request_id": "~" * 128})
    for request_id in ("x" * 129, "é", "a\nb"):
        yield Row("Send", {"request_id": request_id}, "request_id")
    yield from _addressees()
    yield from _kinds()
    yield from _contents()
    yield from _own_values("Send", "data")
    yield from _send_times()


def _addressees() -> Iterator[Row]:
    thousand = [f"r{number}" for number in range(1_000)]
    yield Row("Send", {"recipient_ids": thousand, "recipients": [{"recipient_id": "r1"}], "dry_run": True})
    yield Row("Send", {"recipient_ids": [*thousand, "r1000"]}, "recipient_ids")
    yield Row("Send", {"recipient_ids": thousand, "recipients": [{"recipient_id": "x"}]}, "recipient_ids")
    yield Row("Send", {"recipient_ids": ["ada"] * 2_000})
    yield Row("Send", {"recipient_ids": ["ada"] * 2_001}, "recipient_ids")
    yield Row("Send", {"recipient_ids": None, "recipients": [{"recipient_id": "x"}] * 2_001}, "recipients")
    yield Row("Send", {"recipient_ids": None}, "recipient_ids")
    yield Row("Send", {"recipient_ids": ["ada", ""]}, "recipient_ids[1]")
    yield Row("Send", {"recipient_ids": ["x" * 201]}, "recipient_ids[0]")
    yield Row("Send", {"recipient_ids": [NUL]}, "recipient_ids[0]")
    profile = {"recipient_id": "ada", "locale": "de-CH", "time_zone": "Europe/Zurich", "email": "a@b.ch"}
    yield Row("Send", {"recipients": [profile]})
    wrong = {
        "recipient_id": ("", "x" * 201, LINE_FEED),
        "locale": ("xx", "de_CH", "d" * 36, "de\x00"),
        "time_zone": ("Mars/Olympus", "europe/zurich", "Factory", "CET\n"),
        "email": ("ada", "a@b.ch\r\nBcc: x@y.ch", "a b@c.ch", "@b.ch", f"{'a' * 64}@{'b' * 190}.ch", NUL),
    }
    for field, values in wrong.items():
        for value in values:
            yield Row("Send", {"recipients": [{**profile, field: value}]}, f"recipients[0].{field}")


def _kinds() -> Iterator[Row]:
    yield Row("Send", {"type": "aZ_09.-" + "x" * 93})
    for type_ in ("", "x" * 101, "a b", "a/b", "é", "a\n"):
        yield Row("Send", {"type": type_}, "type")
    yield Row("Send", {"channels": [1, 2, 3, 4, 5, 6, 1]})
    yield Row("Send", {"channels": [1] * 51}, "channels")
    for number in (0, 7, -1):
        yield Row("Send", {"channels": [1, number]}, "channels[1]")
    yield Row("Send", {"priority": 4})
    for number in (5, -1):
        yield Row("Send", {"priority": number}, "priority")
    yield from line("Send", "category", 100)
    for key in ("thread_key", "collapse_key", "actor_id"):
        yield from line("Send", key, 200)
    yield from _labels("Send", "labels", 20)


def _labels(rpc: str, field: str, max_entries: int) -> Iterator[Row]:
    yield Row(rpc, at(field, {"k" * 64: "v" * 200, "empty": ""}))
    yield Row(rpc, at(field, {f"k{number}": "v" for number in range(max_entries)}))
    yield Row(rpc, at(field, {f"k{number}": "v" for number in range(max_entries + 1)}), field)
    for key, value in (("", "v"), ("k" * 65, "v"), ("k", "v" * 201), (NUL, "v"), ("k", LINE_FEED)):
        yield Row(rpc, at(field, {key: value}), field)


def _contents() -> Iterator[Row]:
    yield Row("Send", {"content": None}, "content")
    yield from line("Send", "content.title", 200, required=True)
    yield Row("Send", at("content.body", "line\n\tline " + "x" * 9_989))
    for body in ("x" * 10_001, NUL, "a\rb", "\x1b[31m", C1):
        yield Row("Send", at("content.body", body), "content.body")
    long_url = "https://a.example/" + "x" * 2_030
    for url in ("/", "/path?q=1#f", "http://a.example", "https://ü.example:8443/ö", long_url):
        yield Row("Send", at("content.action_url", url))
    bad = (
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "path",
        "ftp://a.example",
    )
    worse = (
        "https://",
        "https://a.example/\n",
        "https://a b",
        "JaVaScRiPt:x",
        "https://[::1",
        "https://a:99999",
    )
    for url in (*bad, *worse, "/a\tb", long_url + "x"):
        yield Row("Send", at("content.action_url", url), "content.action_url")
    for icon in ("check-circle", "a" * 2_048, "https://a.example/i.svg"):
        yield Row("Send", at("content.icon", icon))
    for icon in ("check circle", "javascript:x", "/i.svg", "a" * 2_049):
        yield Row("Send", at("content.icon", icon), "content.icon")
    yield Row("Send", at("content.image_url", long_url))
    for url in ("/i.png", "data:image/png;base64,x", long_url + "x"):
        yield Row("Send", at("content.image_url", url), "content.image_url")
    yield from _actions()


def _actions() -> Iterator[Row]:
    action = {"id": "i" * 64, "label": "l" * 100, "url": "/open"}
    five = [{**action, "id": f"a{number}"} for number in range(5)]
    yield Row("Send", at("content.actions", [action]))
    yield Row("Send", at("content.actions", five))
    yield Row("Send", at("content.actions", [*five, action]), "content.actions")
    yield Row("Send", at("content.actions", [action, action]), "content.actions[1]")
    wrong = {
        "id": ("", "i" * 65, NUL),
        "label": ("", "l" * 101, LINE_FEED),
        "url": ("javascript:x", "//evil.example", "/" + "x" * 2_048),
    }
    for field, values in wrong.items():
        for value in values:
            yield Row(
                "Send", at("content.actions", [{**action, field: value}]), f"content.actions[0].{field}"
            )


def _own_values(rpc: str, field: str) -> Iterator[Row]:
    for struct in (nested(16), keyed(500), sized(32 * 1024)):
        yield Row(rpc, at(field, struct))
    in_list = Struct()
    in_list.get_or_create_list("k").extend([[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]])
    numbers = [Struct(fields={"k": Value(number_value=float(text))}) for text in ("nan", "inf", "-inf")]
    texts = [Struct(fields={"k": Value(string_value=NUL)}), Struct(fields={NUL: Value(bool_value=True)})]
    for struct in (nested(17), keyed(501), sized(32 * 1024 + 1), in_list, *numbers, *texts):
        yield Row(rpc, at(field, struct), field)
    yield Row(rpc, at(field, Struct(fields={"k": Value()})), field)


def _send_times() -> Iterator[Row]:
    yield Row("Send", {"deliver_time": {"seconds": -62_135_596_800}})
    yield Row("Send", {"deliver_time": soon(365 * DAY_SECONDS), "expire_time": soon(366 * DAY_SECONDS)})
    yield Row("Send", {"expire_time": {"seconds": 253_402_300_799}})
    for time_ in (YEAR_10000, YEAR_0, {"nanos": -1}, {"nanos": 10**9}, soon(367 * DAY_SECONDS)):
        yield Row("Send", {"deliver_time": time_}, "deliver_time")
    for time_ in (YEAR_10000, soon(-1), {"nanos": 10**9}):
        yield Row("Send", {"expire_time": time_}, "expire_time")
    yield Row("Send", {"deliver_time": soon(60), "expire_time": soon(60)}, "expire_time")


def _batches() -> Iterator[Row]:
    sends = [SEND] * 1_000
    ten_thousand = [{**SEND, "recipient_ids": [f"r{n}" for n in range(1_000)], "dry_run": True}] * 10
    yield Row("SendBatch", {"requests": [{**SEND, "dry_run": True}] * 1_000})
    yield Row("SendBatch", {"requests": [*sends, SEND]}, "requests")
    yield Row("SendBatch", {"requests": None}, "requests")
    yield Row("SendBatch", {"requests": [*ten_thousand, SEND]}, "requests")
    yield Row("SendStream", {"request": None}, "request")


def _ids() -> Iterator[Row]:
    for rpc in ("Get", "RecordAction", "DeleteEndpoint"):
        yield from line(rpc, "id", 100, required=True)
    yield from line("RecordAction", "action_id", 64, required=True)
    for rpc in (*MARKS, "Reconcile", "Cancel"):
        only_ids = {"all": None} if rpc in MARKS else {}
        yield Row(rpc, {"ids": [NOTIFICATION_ID] * 1_000, **only_ids})
        yield Row(rpc, {"ids": [NOTIFICATION_ID] * 1_001, **only_ids}, "ids")
        for id_ in ("", "x" * 101, NUL):
            yield Row(rpc, {"ids": [NOTIFICATION_ID, id_], **only_ids}, "ids[1]")


def _inboxes() -> Iterator[Row]:
    yield from _sizes("List", "page_size")
    yield from _sizes("Subscribe", "snapshot_size")
    for rpc in ("List", *MARKS):
        yield from _filters(rpc)
    for rpc in MARKS:
        yield Row(rpc, {"all": None}, "ids")
        yield Row(rpc, {"ids": [NOTIFICATION_ID]}, "ids")
        yield Row(rpc, {"all": None, "ids": [NOTIFICATION_ID], "filter": {"category": "x"}}, "filter")
        yield Row(rpc, {"all": None, "ids": [NOTIFICATION_ID], "until_cursor": "x"}, "until_cursor")
    for field, value in (("unread", True), ("start_time", {}), ("end_time", {})):
        yield Row("Subscribe", at(f"filter.{field}", value), f"filter.{field}")
    for rpc in ("Subscribe", "Ack"):
        yield Row(rpc, {"device_id": "~" * 128})
        for device_id in ("x" * 129, "é", "a\nb"):
            yield Row(rpc, {"device_id": device_id}, "device_id")
    yield Row("Ack", {"device_id": None}, "device_id")
    yield Row("Ack", {"cursor": None}, "cursor")
    for span in ({}, {"seconds": 315_576_000_000}):
        yield Row("Subscribe", {"heartbeat": span})
    for span in ({"seconds": -1}, {"nanos": -1}, {"nanos": 10**9}, {"seconds": 315_576_000_001}):
        yield Row("Subscribe", {"heartbeat": span}, "heartbeat")


def _sizes(rpc: str, field: str) -> Iterator[Row]:
    for size in (0, 1, 2**31 - 1):
        yield Row(rpc, {field: size})
    for size in (-1, -(2**31)):
        yield Row(rpc, {field: size}, field)


def _filters(rpc: str) -> Iterator[Row]:
    yield Row(rpc, at("filter.types", ["a.b"] * 50))
    yield Row(rpc, at("filter.types", ["a.b"] * 51), "filter.types")
    for type_ in ("", "a b", "x" * 101):
        yield Row(rpc, at("filter.types", ["a.b", type_]), "filter.types[1]")
    yield from line(rpc, "filter.category", 100)
    yield from line(rpc, "filter.thread_key", 200)
    yield from _labels(rpc, "filter.labels", 10)
    for field in ("start_time", "end_time"):
        yield Row(rpc, at(f"filter.{field}", {"seconds": -62_135_596_800}))
        for time_ in (YEAR_10000, YEAR_0, {"nanos": -1}):
            yield Row(rpc, at(f"filter.{field}", time_), f"filter.{field}")


def _cancels() -> Iterator[Row]:
    none = {"ids": None}
    yield Row("Cancel", {**none, "request_id": "~" * 128})
    yield Row("Cancel", {**none, "request_id": "x" * 129}, "request_id")
    yield Row("Cancel", {**none, "collapse_key": "k" * 200, "recipient_ids": ["r" * 200] * 1_000})
    for key in ("k" * 201, NUL):
        yield Row("Cancel", {**none, "collapse_key": key, "recipient_ids": ["r"]}, "collapse_key")
    yield Row("Cancel", {**none, "collapse_key": "k", "recipient_ids": ["r"] * 1_001}, "recipient_ids")
    for id_ in ("", "r" * 201, NUL):
        yield Row("Cancel", {**none, "collapse_key": "k", "recipient_ids": [id_]}, "recipient_ids[0]")
    yield Row("Cancel", {**none, "collapse_key": "k"}, "recipient_ids")
    yield Row("Cancel", {"recipient_ids": ["r"]}, "recipient_ids")
    yield Row("Cancel", none, "ids")
    yield Row("Cancel", {"request_id": "r"}, "request_id")


def _preferences() -> Iterator[Row]:
    rpc = "UpdatePreferences"
    switch = {"channel": 1, "enabled": False}
    yield Row(rpc, at("preferences.channels", [{"channel": number} for number in range(1, 7)]))
    yield Row(rpc, at("preferences.channels", [switch, switch]), "preferences.channels[1]")
    for number in (0, 7):
        yield Row(rpc, at("preferences.channels", [{"channel": number}]), "preferences.channels[0].channel")
    rules = [{"type": f"t{number}", "channel": 2} for number in range(501)]
    yield Row(rpc, at("preferences.rules", rules[:500]))
    yield Row(rpc, at("preferences.rules", rules), "preferences.rules")
    yield Row(rpc, at("preferences.rules", [rules[0], rules[0]]), "preferences.rules[1]")
    for field, value in (("type", ""), ("type", "a b"), ("channel", 0), ("channel", 7)):
        yield Row(rpc, at("preferences.rules", [{**rules[0], field: value}]), f"preferences.rules[0].{field}")
    yield from _masks(rpc, "channels", "rules")
    for mute in ("Mute", "Unmute"):
        yield from _targets(mute)
    yield Row("Mute", {"until_time": soon(60)})
    for time_ in (YEAR_10000, soon(-1), {"nanos": -1}):
        yield Row("Mute", {"until_time": time_}, "until_time")


def _masks(rpc: str, *paths: str) -> Iterator[Row]:
    yield Row(rpc, at("update_mask.paths", list(paths)))
    yield Row(rpc, at("update_mask.paths", ["*"]))
    for wrong in (["nonsense"], ["*", paths[0]], ["update_time"]):
        yield Row(rpc, at("update_mask.paths", wrong), "update_mask")


def _targets(rpc: str) -> Iterator[Row]:
    yield Row(rpc, {"target": None}, "target")
    yield Row(rpc, {"target": {"sender": None}}, "target")
    for kind in ("sender", "thread_key"):
        yield Row(rpc, {"target": {"sender": None, kind: "k" * 200}})
        for value in ("", "k" * 201, NUL):
            yield Row(rpc, {"target": {"sender": None, kind: value}}, f"target.{kind}")
    yield Row(rpc, {"target": {"sender": None, "type": "a.b"}})
    for value in ("", "a b", "x" * 101):
        yield Row(rpc, {"target": {"sender": None, "type": value}}, "target.type")
    yield Row(rpc, {"target": {"sender": None, "label": {"key": "k" * 64, "value": "v" * 200}}})
    for key, value, field in (("", "v", "key"), ("k" * 65, "v", "key"), ("k", "v" * 201, "value")):
        yield Row(
            rpc, {"target": {"sender": None, "label": {"key": key, "value": value}}}, f"target.label.{field}"
        )


def _recipients() -> Iterator[Row]:
    rpc = "UpsertRecipient"
    yield from line(rpc, "recipient.recipient_id", 200, required=True)
    for locale in ("xx", "de_CH", "d" * 36):
        yield Row(rpc, at("recipient.locale", locale), "recipient.locale")
    for zone in ("Mars/Olympus", "x" * 300):
        yield Row(rpc, at("recipient.time_zone", zone), "recipient.time_zone")
    yield Row(rpc, {"recipient": {"locale": "zh-Hant-TW", "time_zone": "America/Argentina/Buenos_Aires"}})
    yield from _own_values(rpc, "recipient.attributes")
    yield from _masks(rpc, "locale", "time_zone", "attributes")
    endpoints = [{"channel": 2, "address": f"ada{number}@example.com"} for number in range(51)]
    yield Row(rpc, {"recipient": {"recipient_id": "many"}, "endpoints": endpoints[:50]})
    yield Row(rpc, {"endpoints": endpoints}, "endpoints")
    for changes, field in _endpoints():
        prefixed = field and f"endpoint.{field}"
        yield Row("PutEndpoint", {"endpoint": changes}, prefixed)
        yield Row(rpc, {"endpoints": [changes]}, field and f"endpoints[0].{field}")
    yield Row("PutEndpoint", {"endpoint": None}, "endpoint")
    yield from _sizes("ListRecipients", "page_size")


def _endpoints() -> Iterator[tuple[dict[str, Any], str | None]]:
    long_url = "https://a.example/" + "x" * 2_030
    good = {2: ["ada@example.com", "ü@bücher.example"], 3: ["t" * 4_096], 4: ["+41446681800"], 5: [long_url]}
    bad = {
        2: ["ada", "a@b.ch\n", "a" * 250 + "@b.ch"],
        3: ["t" * 4_097, NUL],
        4: ["0446681800", "+41 44 668 18 00", "+414466818001234", "+٤١٤٤٦٦٨١٨٠٠", "+1"],
        5: ["http://a.example", "/hook", long_url + "x"],
        6: ["http://a.example", "javascript:x"],
    }
    for channel, addresses in good.items():
        for address in addresses:
            yield {"channel": channel, "address": address, "label": "l" * 100}, None
    for channel, addresses in bad.items():
        for address in [*addresses, ""]:
            yield {"channel": channel, "address": address}, "address"
    for number in (0, 1, 7):
        yield {"channel": number, "address": "ada@example.com"}, "channel"
    for label in ("l" * 101, LINE_FEED):
        yield {"channel": 2, "address": "ada@example.com", "label": label}, "label"
