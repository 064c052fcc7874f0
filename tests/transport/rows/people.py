"""Recipients, endpoints and preferences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.transport.rows.base import (
    LINE_FEED,
    NUL,
    YEAR_10000,
    Row,
    at,
    line,
    own_values,
    sizes,
    soon,
)

SUBSCRIPTION = (
    '{"endpoint":"https://push.example/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV","keys":{"p256dh":'
    '"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",'
    '"auth":"BTBZMqHH6r4Tts7J_aSIgg"}}'
)


def people_rows() -> Iterator[Row]:
    yield from _preferences()
    yield from _recipients()


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
    yield from own_values(rpc, "recipient.attributes")
    yield from _masks(rpc, "locale", "time_zone", "attributes")
    endpoints = [{"channel": 2, "address": f"ada{number}@example.com"} for number in range(51)]
    yield Row(rpc, {"recipient": {"recipient_id": "many"}, "endpoints": endpoints[:50]})
    yield Row(rpc, {"endpoints": endpoints}, "endpoints")
    for changes, field in _endpoints():
        prefixed = field and f"endpoint.{field}"
        yield Row("PutEndpoint", {"endpoint": changes}, prefixed)
        yield Row(rpc, {"endpoints": [changes]}, field and f"endpoints[0].{field}")
    yield Row("PutEndpoint", {"endpoint": None}, "endpoint")
    yield from sizes("ListRecipients", "page_size")
    yield from _batches()


def _batches() -> Iterator[Row]:
    rpc = "BatchUpsertRecipients"
    items = [{"recipient": {"recipient_id": f"r{number}"}} for number in range(1_001)]
    yield Row(rpc, {"requests": items[:1_000]})
    yield Row(rpc, {"requests": items}, "requests")
    yield Row(rpc, {"requests": None}, "requests")
    email = {"channel": 2, "address": "ada@example.com"}
    many = [{**item, "endpoints": [email] * 50} for item in items[:200]]
    yield Row(rpc, {"requests": many})
    yield Row(rpc, {"requests": [*many, {"endpoints": [email]}]}, "requests")
    # What is wrong with an item is its answer, not that of the call.
    yield Row(rpc, {"requests": [{"recipient": {"recipient_id": NUL}}, {}]})


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
    yield from _devices()
    for verification in (1, 2, 3):
        yield {"channel": 2, "address": "ada@example.com", "verification": verification}, None
    yield {"channel": 2, "address": "ada@example.com", "verification": 4}, "verification"
    for label in ("l" * 101, LINE_FEED):
        yield {"channel": 2, "address": "ada@example.com", "label": label}, "label"


def _devices() -> Iterator[tuple[dict[str, Any], str | None]]:
    for platform, address in (
        (0, SUBSCRIPTION),
        (3, SUBSCRIPTION),
        (2, "aB" * 32),
        (0, "f" * 201),
        (1, "f" * 64),
    ):
        yield {"channel": 3, "address": address, "platform": platform}, None
    bad = {
        0: [
            "{}",
            '{"a":' + "[" * 4_000,
            SUBSCRIPTION.replace("https:", "http:"),
            SUBSCRIPTION.replace("BCV", "BCW"),
        ],
        2: ["f" * 63, "f" * 201, "g" * 64, SUBSCRIPTION],
        3: ["f" * 64, SUBSCRIPTION.replace("keys", "key"), SUBSCRIPTION.replace("BTBZ", "BTBZBTBZ")],
    }
    for platform, addresses in bad.items():
        for address in addresses:
            yield {"channel": 3, "address": address, "platform": platform}, "address"
    yield {"channel": 3, "address": "token", "platform": 4}, "platform"
    yield {"channel": 2, "address": "ada@example.com", "platform": 1}, "platform"
