"""Send, SendBatch and SendStream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tests.transport.requests import SEND
from tests.transport.rows.base import (
    C1,
    DAY_SECONDS,
    LINE_FEED,
    NUL,
    YEAR_0,
    YEAR_10000,
    Row,
    at,
    labels,
    line,
    own_values,
    soon,
)


def send_rows() -> Iterator[Row]:
    for row in _sends():
        yield row
        yield _in_stream(row)
    yield from _batches()


def _in_stream(row: Row) -> Row:
    return Row("SendStream", {"request": {**SEND, **row.changes}}, row.field)


def _sends() -> Iterator[Row]:
    yield Row("Send", {"request_id": "~" * 128})
    for request_id in ("x" * 129, "é", "a\nb"):
        yield Row("Send", {"request_id": request_id}, "request_id")
    yield from _addressees()
    yield from _kinds()
    yield from _contents()
    yield from own_values("Send", "data")
    yield from _send_times()
    yield from _fallbacks()
    yield from _attachments()


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
    yield Row("Send", {"recipients": [{**profile, "phone": "+41446681800"}]})
    for row in own_values("Send", "attributes"):
        changes = {"recipients": [{**profile, **row.changes}]}
        yield Row("Send", changes, row.field and f"recipients[0].{row.field}")
    wrong = {
        "recipient_id": ("", "x" * 201, LINE_FEED),
        "locale": ("xx", "de_CH", "d" * 36, "de\x00"),
        "time_zone": ("Mars/Olympus", "europe/zurich", "Factory", "CET\n"),
        "phone": ("0446681800", "+1", NUL),
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
    yield from labels("Send", "labels", 20)


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


def _send_times() -> Iterator[Row]:
    yield Row("Send", {"deliver_time": {"seconds": -62_135_596_800}})
    yield Row("Send", {"deliver_time": soon(365 * DAY_SECONDS), "expire_time": soon(366 * DAY_SECONDS)})
    yield Row("Send", {"expire_time": {"seconds": 253_402_300_799}})
    for time_ in (YEAR_10000, YEAR_0, {"nanos": -1}, {"nanos": 10**9}, soon(367 * DAY_SECONDS)):
        yield Row("Send", {"deliver_time": time_}, "deliver_time")
    for time_ in (YEAR_10000, soon(-1), {"nanos": 10**9}):
        yield Row("Send", {"expire_time": time_}, "expire_time")
    yield Row("Send", {"deliver_time": soon(60), "expire_time": soon(60)}, "expire_time")


def _fallbacks() -> Iterator[Row]:
    outside = list(range(2, 7))
    for after in (None, timedelta(0), timedelta(seconds=1), timedelta(hours=24)):
        yield Row("Send", {"fallbacks": [{"channels": outside, "after": after}]})
    for seconds in (-1, 0.999, 24 * 3600 + 0.001):
        fallback = {"channels": outside, "after": timedelta(seconds=seconds)}
        yield Row("Send", {"fallbacks": [fallback]}, "fallbacks[0].after")
    blink = {"channels": outside, "after": {"nanos": 1}}
    yield Row("Send", {"fallbacks": [blink]}, "fallbacks[0].after")
    for channels in ([], [3], [1, 2], [*outside, 3]):
        yield Row("Send", {"fallbacks": [{"channels": channels}]}, "fallbacks[0].channels")
    yield Row("Send", {"fallbacks": [{"channels": [3, 99]}]}, "fallbacks[0].channels[1]")
    yield Row("Send", {"fallbacks": [{"channels": [3, 3]}]}, "fallbacks[0].channels[1]")
    pairs = [{"channels": [3, 4]}, {"channels": [2, 6]}]
    yield Row("Send", {"fallbacks": pairs})
    yield Row("Send", {"fallbacks": [*pairs, {"channels": [5, 4]}]}, "fallbacks[2].channels")
    yield Row("Send", {"fallbacks": [pairs[0]] * 4}, "fallbacks")


def _attachments() -> Iterator[Row]:
    plain = {"filename": "plan.pdf", "content_type": "application/pdf", "content": b"x"}
    picture = {"filename": "a.png", "content_type": "image/png", "content": b"x", "content_id": "a"}
    mebibyte = b"x" * 1024 * 1024
    yield Row("Send", {"attachments": [plain] * 10})
    yield Row("Send", {"attachments": [plain] * 11}, "attachments")
    yield Row("Send", {"attachments": [{**plain, "content": mebibyte * 2}, {**plain, "content": mebibyte}]})
    yield Row("Send", {"attachments": [{**plain, "content": mebibyte * 2 + b"x"}]}, "attachments[0].content")
    three = [{**plain, "content": mebibyte}] * 3
    yield Row("Send", {"attachments": [*three, plain]}, "attachments")
    yield Row("Send", {"attachments": [picture, {**picture, "content_id": "b"}, plain, plain]})
    yield Row("Send", {"attachments": [picture, picture]}, "attachments[1].content_id")
    yield Row("Send", {"attachments": [{**plain, "content_id": "a"}]}, "attachments[0].content_id")
    fine = {
        "filename": ("x" * 200, "ö" * 200, "Rechnung 7.pdf", "..", "a\u0301\u4e2d.txt"),
        "content_type": ("a/b", "application/vnd.oasis.opendocument.text", "image/svg+xml", "X-y/Z"),
    }
    wrong = {
        "filename": ("", "x" * 201, NUL, LINE_FEED, "a\r\nBcc: x", "a/b", "a\\b", "fdp.\u202eexe"),
        "content_type": (
            *("", "pdf", "a/b/c", "a/b; charset=utf-8", "a /b", "a/b\r\nBcc: x", "a/" + "b" * 99),
            *("multipart/mixed", "message/rfc822", "MESSAGE/external-body", "\u00e4/b"),
        ),
        "content": (b"",),
    }
    for field, values in fine.items():
        for value in values:
            yield Row("Send", {"attachments": [{**plain, field: value}]})
    for field, values in wrong.items():
        for value in values:
            yield Row("Send", {"attachments": [{**plain, field: value}]}, f"attachments[0].{field}")
    for content_id in ("i" * 101, "a b", "<a>", "a\r\nb", "\u00e4"):
        changes = {"attachments": [{**picture, "content_id": content_id}]}
        yield Row("Send", changes, "attachments[0].content_id")


def _batches() -> Iterator[Row]:
    sends = [SEND] * 1_000
    ten_thousand = [{**SEND, "recipient_ids": [f"r{n}" for n in range(1_000)], "dry_run": True}] * 10
    yield Row("SendBatch", {"requests": [{**SEND, "dry_run": True}] * 1_000})
    yield Row("SendBatch", {"requests": [*sends, SEND]}, "requests")
    yield Row("SendBatch", {"requests": None}, "requests")
    yield Row("SendBatch", {"requests": [*ten_thousand, SEND]}, "requests")
    yield Row("SendStream", {"request": None}, "request")
