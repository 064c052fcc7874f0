"""Which language somebody reads."""

from __future__ import annotations

from collections.abc import Collection

DEFAULT_LOCALE = "en"
DEFAULT_TIME_ZONE = "UTC"
_REGION_LETTERS, _SCRIPT_LETTERS = 2, 4
_CHINESE_SCRIPTS = {"cn": "hans", "sg": "hans", "my": "hans", "tw": "hant", "hk": "hant", "mo": "hant"}
"""By region. Who reads one of them does not gladly read the other."""


def choose_locale(wanted: str, default: str, available: Collection[str]) -> str | None:
    """The locale to use: the recipient's, its language, the same language elsewhere, the tenant's default
    likewise, any (the first by name). None where nothing is available. Case and `_` do not matter.
    """
    by_name = {_normalize(name): name for name in sorted(available, reverse=True)}
    for name in (*_chain(wanted), *_chain(default)):
        if name in by_name:
            return by_name[name]
        relative = next((key for key in sorted(by_name) if key.startswith(f"{name}-")), None)
        if relative is not None and (name == language_of(name) or _is_script(name)):
            return by_name[relative]
    return min(available, default=None)


def language_of(locale: str) -> str:
    """`de` of `de-CH`."""
    return _normalize(locale).partition("-")[0]


def _chain(locale: str) -> list[str]:
    """`zh-hant-hk`, `zh-hant`, `zh`."""
    parts = _normalize(locale).split("-") if locale else []
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _normalize(locale: str) -> str:
    name = locale.replace("_", "-").lower()
    language, _, region = name.partition("-")
    script = _CHINESE_SCRIPTS.get(region) if language == "zh" else None
    return f"zh-{script}-{region}" if script else name


def _is_script(name: str) -> bool:
    """`zh-hant`: a language with nothing but a script."""
    rest = name.split("-")[1:]
    return len(rest) == 1 and len(rest[0]) == _SCRIPT_LETTERS


def canonical_locale(locale: str) -> str:
    """The one spelling: `de-CH`, `zh-Hant-TW`."""
    first, *rest = locale.replace("_", "-").split("-")
    return "-".join([first.lower(), *map(_subtag, rest)])


def _subtag(subtag: str) -> str:
    if len(subtag) == _REGION_LETTERS and subtag.isalpha():
        return subtag.upper()
    return subtag.capitalize() if len(subtag) == _SCRIPT_LETTERS and subtag.isalpha() else subtag.lower()
