"""What a process is told: jobs, sheets that it does not know yet, and once what jobs have in common."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from carillon_server.domain.rendering import RenderJob, Sheet
from carillon_server.rendering import frames
from carillon_server.rendering.wire import Json, write_sheet
from carillon_server.rendering.work_queue import Examination, Work

_MAX_SHEETS = 500
_MAX_SHEET_CHARACTERS = 8 * 1024 * 1024


class KnownSheets:
    """Which sheets a process keeps. The least recently used go; the process only does as it is told."""

    def __init__(self) -> None:
        self._sizes: OrderedDict[bytes, int] = OrderedDict()
        self._characters = 0

    def write_batch(self, works: Sequence[Work]) -> bytes:
        """The message. Raises ValueError for one that is too large."""
        data, notifications = _Shared(), _Shared()
        needed: dict[bytes, Sheet] = {}
        jobs = []
        for work in works:
            if isinstance(work.job, Examination):
                jobs.append({"check": work.job.message})
                continue
            needed.update({sheet.digest: sheet for sheet in work.job.sheets})
            jobs.append(_write_job(work.job, data, notifications))
        return frames.pack(
            {
                **self._update(needed),
                "data": data.items,
                "notifications": notifications.items,
                "jobs": jobs,
            }
        )

    def _update(self, needed: Mapping[bytes, Sheet]) -> Json:
        new = {}
        for digest, sheet in needed.items():
            if digest not in self._sizes:
                new[digest.hex()] = write_sheet(sheet)
                self._sizes[digest] = _characters(sheet)
                self._characters += self._sizes[digest]
            self._sizes.move_to_end(digest)
        return {"sheets": new, "forget": self._shrink(len(needed))}

    def _shrink(self, needed: int) -> list[str]:
        forgotten = []
        while len(self._sizes) > max(needed, 1) and (
            len(self._sizes) > _MAX_SHEETS or self._characters > _MAX_SHEET_CHARACTERS
        ):
            digest, size = self._sizes.popitem(last=False)
            self._characters -= size
            forgotten.append(digest.hex())
        return forgotten


class _Shared:
    """Objects that many jobs have in common, each written once."""

    def __init__(self) -> None:
        self.items: list[Mapping[str, Any]] = []
        self._places: dict[int, int] = {}

    def place_of(self, item: Mapping[str, Any]) -> int:
        # The jobs keep the objects alive while this goes on, so their ids stay theirs.
        place = self._places.setdefault(id(item), len(self.items))
        if place == len(self.items):
            self.items.append(item)
        return place


def _write_job(job: RenderJob, data: _Shared, notifications: _Shared) -> Json:
    circumstances = job.circumstances
    return {
        "sheets": [sheet.digest.hex() for sheet in job.sheets],
        "data": data.place_of(job.data),
        "notification": notifications.place_of(circumstances.notification),
        "recipient": circumstances.recipient,
        "zone": circumstances.time_zone,
        "region": circumstances.region,
        "rules": dict(job.rules),
    }


def _characters(sheet: Sheet) -> int:
    layouts = (*sheet.partials, *([sheet.layout] if sheet.layout else []))
    return sum(map(len, sheet.parts.values())) + sum(len(layout.source) for layout in layouts)
