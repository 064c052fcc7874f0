"""What the fake knows of types, templates and layouts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1.types_pb2 import Channel

TemplateKey = tuple[str, int, str]
"""Type, channel, locale."""


@dataclass(slots=True)
class Catalog:
    """All of it, by name."""

    accepts_unknown: bool = True
    """Where the settings leave it open."""
    types: dict[str, pb.NotificationType] = field(default_factory=dict)
    versions: dict[TemplateKey, list[pb.Template]] = field(default_factory=dict)
    """Oldest first; one is active."""
    layouts: dict[str, pb.Layout] = field(default_factory=dict)
    settings: pb.CatalogSettings = field(default_factory=pb.CatalogSettings)

    @property
    def refuses_unknown(self) -> bool:
        """Whether types that it does not have may not be sent."""
        if self.settings.unknown_types == pb.UNKNOWN_TYPES_UNSPECIFIED:
            return not self.accepts_unknown
        return self.settings.unknown_types == pb.UNKNOWN_TYPES_REFUSE

    def active(self, type: str) -> Iterator[pb.Template]:
        """Those in use of a type, by channel and locale."""
        for key, versions in sorted(self.versions.items()):
            if key[0] == type:
                yield from (each for each in versions if each.active)

    def choose(self, type: str, locale: str) -> dict[int, pb.Template]:
        """For each channel the one that somebody with this locale reads."""
        by_channel: dict[int, dict[str, pb.Template]] = {}
        for each in self.active(type):
            by_channel.setdefault(each.channel, {})[each.locale] = each
        default = self.settings.default_locale or "en"
        return {
            channel: templates[_choose_locale(locale, default, sorted(templates))]
            for channel, templates in by_channel.items()
        }


def channel_of(template: pb.Template) -> int:
    """By what it says; 0: nothing."""
    field = template.WhichOneof("content")
    return Channel.Value(f"CHANNEL_{field.upper()}") if field else 0


def canonical_locale(locale: str) -> str:
    """`de-ch` is `de-CH`."""
    first, *rest = locale.split("-")
    return "-".join([first.lower(), *(each.upper() if len(each) == 2 else each.title() for each in rest)])


def _choose_locale(wanted: str, default: str, available: list[str]) -> str:
    for locale in (wanted, default):
        language = locale.partition("-")[0].lower()
        exact = [each for each in available if each.lower() in (locale.lower(), language)]
        related = [each for each in available if language and each.lower().partition("-")[0] == language]
        for found in (max(exact, default="", key=len), min(related, default="")):
            if found:
                return found
    return available[0]
