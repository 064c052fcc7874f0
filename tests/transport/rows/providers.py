"""Providers, their callbacks, and the settings of a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from tests.transport.rows.base import LINE_FEED, NUL, Row, at, keyed, line, nested, sized

_DAY_SECONDS = 86_400


def provider_rows() -> Iterator[Row]:
    yield from _providers()
    yield from _settings()
    yield from _callbacks()


def _providers() -> Iterator[Row]:
    rpc = "PutProvider"
    yield Row(rpc, {"provider": None}, "provider")
    yield Row(rpc, at("provider.name", "a-z_0" + "9" * 59))
    for name in ("", "Hooks", "a b", "x" * 65, "ü", LINE_FEED):
        yield Row(rpc, at("provider.name", name), "provider.name")
    for kind in ("", "x" * 65, NUL, "carrier-pigeon"):
        yield Row(rpc, at("provider.kind", kind), "provider.kind")
    # Those that are known, but served by another kind, are refused by the catalog.
    for number in (0, 1, 2, 7):
        yield Row(rpc, at("provider.channel", number), "provider.channel")
    yield from _numbers(rpc)
    yield Row(rpc, at("provider.enabled", False))
    for settings in (nested(9), keyed(201), sized(32 * 1024 + 1), _struct(k=float("nan"))):
        yield Row(rpc, at("provider.settings", settings), "provider.settings")
    yield Row("DeleteProvider", {"name": "x" * 64})
    for name in ("", "x" * 65, NUL):
        yield Row("DeleteProvider", {"name": name}, "name")


def _numbers(rpc: str) -> Iterator[Row]:
    for field, good, bad in (
        ("priority", (0, 1_000_000), (-1, 1_000_001)),
        ("weight", (0, 1_000_000), (-1, 1_000_001)),
        ("burst", (0, 1_000_000), (-1, 1_000_001)),
        ("max_concurrency", (0, 10_000), (-1, 10_001)),
    ):
        for value in good:
            yield Row(rpc, at(f"provider.{field}", value))
        for value in bad:
            yield Row(rpc, at(f"provider.{field}", value), f"provider.{field}")
    for rate in (0.001, 0.5, 1_000_000):
        yield Row(rpc, at("provider.rate_per_second", rate))
    for rate in (0.0, -1.0, 1_000_001, float("nan"), float("inf")):
        yield Row(rpc, at("provider.rate_per_second", rate), "provider.rate_per_second")


def _struct(**numbers: float) -> Struct:
    return Struct(fields={name: Value(number_value=number) for name, number in numbers.items()})


def _settings() -> Iterator[Row]:
    rpc = "UpdateDeliverySettings"
    yield Row(rpc, at("update_mask.paths", ["sandbox", "branding", "sms", "fallbacks"]))
    for paths in (["nonsense"], ["*", "sms"], ["branding.footer"]):
        yield Row(rpc, at("update_mask.paths", paths), "update_mask")
    for field, value, refused in _parts():
        yield Row(rpc, at(f"settings.{field}", value), refused and f"settings.{refused}")


def _parts() -> Iterator[tuple[str, Any, str | None]]:
    """Field, value, and under which it is refused."""
    for row in line("", "branding.from_name", 100):
        yield "branding", row.changes["branding"], row.field
    for address, fine in (("help@acme.example", True), ("help", False), ("a@b.ch\r\nBcc: x@y.ch", False)):
        yield "branding.reply_to", address, None if fine else "branding.reply_to"
    yield "branding.footer", "a\n\tb" + "x" * 1_996, None
    for text in ("x" * 2_001, NUL, "a\rb"):
        yield "branding.footer", text, "branding.footer"
    yield "branding.logo_url", "https://acme.example/logo.png", None
    for url in ("http://acme.example/logo.png", "/logo.png", "https://a.ch/" + "x" * 2_048, "javascript:x"):
        yield "branding.logo_url", url, "branding.logo_url"
    yield "sms.allowed_countries", ["CH", "DE", "US"], None
    for country in ("", "ch", "XX", "CHE"):
        yield "sms.allowed_countries", ["CH", country], "sms.allowed_countries[1]"
    yield "sms.allowed_countries", ["CH"] * 301, "sms.allowed_countries"
    for number, fine in ((0, True), (1, True), (20, True), (21, False), (-1, False)):
        yield "sms.max_segments", number, None if fine else "sms.max_segments"
    for cap, fine in ((1, True), (2**63 - 1, True), (0, False), (-1, False)):
        yield "sms.daily_spend_cap_micros", cap, None if fine else "sms.daily_spend_cap_micros"
    yield from _fallbacks()


def _fallbacks() -> Iterator[tuple[str, Any, str | None]]:
    pairs = [{"channels": [2, 3]}, {"channels": [4, 5]}]
    yield "fallbacks", pairs, None
    yield "fallbacks", [*pairs, {"channels": [6, 5]}], "fallbacks[2].channels"
    yield "fallbacks", [{"channels": [3, 4]}] * 4, "fallbacks"
    for channels, refused in (
        ([], "channels"),
        ([3], "channels"),
        ([2, 3, 4, 5, 6, 2], "channels"),
        ([3, 0], "channels[1]"),
        ([3, 1], "channels"),
        ([3, 3], "channels[1]"),
    ):
        yield "fallbacks", [{"channels": channels}], f"fallbacks[0].{refused}"
    for seconds, fine in ((1, True), (_DAY_SECONDS, True), (_DAY_SECONDS + 1, False)):
        wait = {"channels": [3, 4], "after": {"seconds": seconds}}
        yield "fallbacks", [wait], None if fine else "fallbacks[0].after"


def _callbacks() -> Iterator[Row]:
    rpc = "RecordProviderEvent"
    yield from line(rpc, "provider", 64, required=True)
    yield from line(rpc, "url", 4_096)
    yield Row(rpc, {"body": b"\x00" * 256 * 1024})
    yield Row(rpc, {"body": b"\x00" * (256 * 1024 + 1)}, "body")
    yield Row(rpc, {"headers": {f"h{number}": "v" * 100 for number in range(100)}})
    yield Row(rpc, {"headers": {f"h{number}": "v" for number in range(101)}}, "headers")
    for name, value in (("", "v"), ("h" * 101, "v"), ("h", "v" * 8_193), (NUL, "v"), ("h", LINE_FEED)):
        yield Row(rpc, {"headers": {name: value}}, "headers")
