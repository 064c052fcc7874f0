"""Who reads a notification in which words: recipients grouped by what its templates depend on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.locale import choose_locale, language_of
from carillon_server.domain.reader import Reader
from carillon_server.domain.rendering import Circumstances, RenderJob, Sheet
from carillon_server.domain.template import Dependence
from carillon_server.services.catalog_snapshot import ActiveTemplate, ActiveTemplates


@dataclass(slots=True)
class Wording:
    """One way in which it reads, and who reads it so."""

    key: str
    """Locales, region and time zone; empty where it belongs to one recipient alone."""
    sheets: tuple[Sheet, ...]
    circumstances: Circumstances
    recipient_ids: list[str] = field(default_factory=list)

    def job(self, data: Mapping[str, Any]) -> RenderJob:
        """What is to be rendered."""
        return RenderJob(self.sheets, data, self.circumstances)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The templates for a locale."""

    templates: tuple[ActiveTemplate, ...]
    region: str

    @property
    def dependence(self) -> Dependence:
        return max((template.dependence for template in self.templates), default=Dependence.NOTHING)

    @property
    def key(self) -> str:
        locales = ",".join(dict.fromkeys(template.sheet.locale for template in self.templates))
        return f"{locales} {self.region}".rstrip()


class Wordings:
    """Groups recipients."""

    def __init__(
        self,
        templates: ActiveTemplates,
        notification: Mapping[str, Any],
        *,
        default_locale: str,
        default_time_zone: str,
    ) -> None:
        """`templates`: of the channels that are asked for. `notification`: what all templates may ask."""
        self._templates = templates
        self._notification = notification
        self._default = Reader(default_locale, default_time_zone)
        self._choices: dict[str, _Choice] = {}

    @property
    def need_readers(self) -> bool:
        """Whether anything depends on who reads it."""
        return any(
            len(by_locale) > 1 or template.regional or template.dependence is not Dependence.NOTHING
            for by_locale in self._templates.values()
            for template in by_locale.values()
        )

    @property
    def need_attributes(self) -> bool:
        """Whether a template asks for something of the recipient's own."""
        return any(
            template.dependence is Dependence.RECIPIENT
            for by_locale in self._templates.values()
            for template in by_locale.values()
        )

    def group(self, readers: Iterable[tuple[str, Reader]]) -> list[Wording]:
        """In the order of the recipients."""
        found: dict[str, Wording] = {}
        for recipient_id, reader in readers:
            choice = self._choose(reader.locale)
            zone = reader.time_zone or self._default.time_zone
            if choice.dependence is Dependence.RECIPIENT:
                wording = self._word("", choice, zone, self._personal(recipient_id, reader))
                found[f"\n{recipient_id}"] = wording
            else:
                key = f"{choice.key} {zone}" if choice.dependence is Dependence.ZONE else choice.key
                wording = found.get(key) or found.setdefault(key, self._word(key, choice, zone, {}))
            wording.recipient_ids.append(recipient_id)
        return list(found.values())

    def _word(self, key: str, choice: _Choice, zone: str, recipient: Mapping[str, Any]) -> Wording:
        sheets = tuple(template.sheet for template in choice.templates)
        return Wording(key, sheets, Circumstances(zone, recipient, self._notification, choice.region))

    def _personal(self, recipient_id: str, reader: Reader) -> dict[str, Any]:
        return {
            "id": recipient_id,
            "locale": reader.locale or self._default.locale,
            "time_zone": reader.time_zone or self._default.time_zone,
            "attributes": dict(reader.attributes),
        }

    def _choose(self, locale: str) -> _Choice:
        known = self._choices.get(locale)
        if known is None:
            chosen = tuple(self._best(by_locale, locale) for by_locale in self._templates.values())
            known = self._choices[locale] = _Choice(chosen, _region(locale, chosen))
        return known

    def _best(self, by_locale: Mapping[str, ActiveTemplate], locale: str) -> ActiveTemplate:
        name = choose_locale(locale, self._default.locale, by_locale.keys())
        return by_locale[name if name is not None else min(by_locale)]


def _region(locale: str, chosen: Sequence[ActiveTemplate]) -> str:
    """Only where it makes a difference: those who read the same share a rendering."""
    regional = [template.sheet.locale for template in chosen if template.regional]
    if not locale or all(name == locale for name in regional):
        return ""
    language = language_of(locale)
    return locale if all(language_of(name) == language for name in regional) else ""


def templates_for(templates: ActiveTemplates, channels: Iterable[Channel]) -> ActiveTemplates:
    """Those of these channels, in a fixed order."""
    return {channel: templates[channel] for channel in sorted(set(channels)) if channel in templates}
