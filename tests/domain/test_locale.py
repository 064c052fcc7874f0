"""Which language somebody gets."""

from __future__ import annotations

import pytest

from carillon_server.domain.locale import choose_locale


@pytest.mark.parametrize(
    ("wanted", "available", "chosen"),
    [
        ("de-CH", ["de", "de-CH", "en"], "de-CH"),
        ("de_ch", ["de", "en"], "de"),
        ("pt-PT", ["en", "pt-BR"], "pt-BR"),
        ("it", ["de", "en"], "en"),
        ("it", ["de", "fr"], "de"),
        ("it", [], None),
        ("sr-Latn-RS", ["en", "sr", "sr-Latn"], "sr-Latn"),
    ],
)
def test_the_nearest_language_is_chosen(wanted: str, available: list[str], chosen: str | None) -> None:
    assert choose_locale(wanted, "en", available) == chosen


@pytest.mark.parametrize(
    ("wanted", "available", "chosen"),
    [
        ("zh-TW", ["zh-Hans", "zh-Hant"], "zh-Hant"),
        ("zh_HK", ["zh-CN", "zh-TW"], "zh-TW"),
        ("zh-Hant", ["zh-CN", "zh-TW"], "zh-TW"),
        ("zh-Hant-HK", ["zh-CN", "zh-TW"], "zh-TW"),
        ("zh-CN", ["zh-Hans", "zh-Hant"], "zh-Hans"),
        ("zh-SG", ["zh-CN", "zh-TW"], "zh-CN"),
        ("zh-TW", ["zh-Hant", "zh-TW"], "zh-TW"),
        ("zh-TW", ["en", "zh-Hans"], "zh-Hans"),
    ],
)
def test_the_region_tells_which_script_of_chinese_is_read(
    wanted: str, available: list[str], chosen: str
) -> None:
    assert choose_locale(wanted, "en", available) == chosen
