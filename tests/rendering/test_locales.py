"""Numbers, dates and plurals in the way of the reader."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PLURAL = (
    '{{ n | plural(zero="# zero", one="# one", two="# two", few="# few", many="# many", other="# other") }}'
)
_SPACES = re.compile(r"\s")
"""Of every width."""


@pytest.mark.parametrize(
    ("locale", "number", "expected"),
    [
        ("en", 0, "0 other"),
        ("en", 1, "1 one"),
        ("en", 1234, "1,234 other"),
        ("de", 1, "1 one"),
        ("de", 1234, "1.234 other"),
        ("fr", 0, "0 one"),
        ("fr", 2, "2 other"),
        ("pl", 1, "1 one"),
        ("pl", 3, "3 few"),
        ("pl", 5, "5 many"),
        ("pl", 22, "22 few"),
        ("pl", 1.5, "1,5 other"),
        ("ar", 0, "0 zero"),
        ("ar", 1, "1 one"),
        ("ar", 2, "2 two"),
        ("ar", 3, "3 few"),
        ("ar", 11, "11 many"),
        ("ar", 100, "100 other"),
        ("ja", 1, "1 other"),
    ],
)
async def test_plurals_follow_the_language(locale, number, expected, renderings):
    assert await renderings.line(_PLURAL, {"n": number}, locale=locale) == expected


async def test_a_category_that_is_not_given_is_other(renderings):
    assert await renderings.line('{{ 3 | plural(one="a", other="# b") }}', locale="pl") == "3 b"


@pytest.mark.parametrize(
    ("locale", "region", "expected"),
    [
        ("en", "", "1,234.5 42% €1,234.50 a, b, and c"),
        ("en", "en-GB", "1,234.5 42% €1,234.50 a, b, and c"),
        ("de", "", "1.234,5 42 % 1.234,50 € a, b und c"),
        ("de", "de-CH", "1\u2019234.5 42% EUR 1\u2019234.50 a, b und c"),
        ("fr", "", "1 234,5 42 % 1 234,50 € a, b et c"),
        ("pl", "", "1 234,5 42% 1 234,50 € a, b i c"),
    ],
)
async def test_numbers_follow_the_region_and_words_the_language(locale, region, expected, renderings):
    source = (
        '{{ n | number }} {{ 0.42 | percent }} {{ n | currency("EUR") }} {{ ["a", "b", "c"] | join_and }}'
    )
    line = await renderings.line(source, {"n": 1234.5}, locale=locale, region=region)

    assert _SPACES.sub(" ", line) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "Nov 21, 2026, 9:30\u202fAM"),
        ("Europe/Berlin", "Nov 21, 2026, 10:30\u202fAM"),
        ("America/Los_Angeles", "Nov 21, 2026, 1:30\u202fAM"),
        ("Asia/Kathmandu", "Nov 21, 2026, 3:15\u202fPM"),
        ("Nowhere/Atall", "Nov 21, 2026, 9:30\u202fAM"),
    ],
)
async def test_instants_are_shown_in_the_zone_of_the_recipient(zone, expected, renderings):
    source = "{{ '2026-11-21T09:30:00Z' | date }}, {{ '2026-11-21T09:30:00Z' | time }}"

    assert await renderings.line(source, zone=zone) == expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-03-29T00:59:59Z", "01:59"),
        ("2026-03-29T01:00:00Z", "03:00"),
        ("2026-10-25T00:30:00Z", "02:30"),
        ("2026-10-25T01:30:00Z", "02:30"),
        ("2026-10-25T02:30:00Z", "03:30"),
    ],
)
async def test_clocks_that_change_are_followed(instant, expected, renderings):
    line = await renderings.line("{{ at | time }}", {"at": instant}, locale="de", zone="Europe/Berlin")

    assert line == expected


async def test_a_date_without_a_zone_stays_what_it_is(renderings):
    line = await renderings.line(
        "{{ '2026-11-21' | date('long') }} {{ '2026-11-21T23:30:00' | datetime('short') }}",
        locale="de",
        zone="Pacific/Auckland",
    )

    assert line == "21. November 2026 21.11.26, 23:30"


@pytest.mark.parametrize(
    ("locale", "at", "expected"),
    [
        ("en", "2026-11-21T13:00:00Z", "in 3 hours"),
        ("en", "2026-11-19T10:00:00Z", "2 days ago"),
        ("de", "2026-11-21T10:30:00Z", "in 30 Minuten"),
        ("pl", "2026-11-16T10:00:00Z", "5 dni temu"),
    ],
)
async def test_distances_count_from_the_notification(locale, at, expected, renderings):
    assert await renderings.line("{{ at | relative }}", {"at": at}, locale=locale) == expected


async def test_an_unknown_region_is_its_language(renderings):
    assert await renderings.line("{{ 1.5 | number }}", locale="de-ZZ") == "1,5"
    assert await renderings.line("{{ 1.5 | number }}", locale="xx") == "1.5"
