"""Templates that keep breaking limits. Each time costs a process its life and everybody a wait, so after a
few they fail at once for a while: a hostile template keeps its own tenant waiting, and nobody else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from carillon_server.domain.rendering import Rendered, RenderFailure, RenderJob, Sheet
from carillon_server.rendering.template.failure import BROKEN

MAX_STRIKES = 3
STRIKE_SECONDS = 60.0
"""Within this time they count together."""
BAN_SECONDS = 10.0
_MAX_REMEMBERED = 1_000


@dataclass(slots=True)
class _Record:
    failure: RenderFailure
    strikes: int
    since: float
    banned_until: float = 0.0


class Offenders:
    """What sheets have done lately. Times are those of a clock that only goes forward, in seconds."""

    def __init__(self) -> None:
        self._records: OrderedDict[bytes, _Record] = OrderedDict()

    def ban_of(self, job: RenderJob, now: float) -> RenderFailure | None:
        """Why the job is not even tried; None: it is."""
        if not self._records:
            return None
        for sheet in job.sheets:
            record = self._records.get(sheet.digest)
            if record is not None and now < record.banned_until:
                return record.failure
        return None

    def note(self, job: RenderJob, answer: Rendered | RenderFailure, now: float) -> None:
        """Remembers whoever broke a limit that costs others something."""
        if isinstance(answer, RenderFailure) and answer.problem in BROKEN:
            for sheet in _culprits(job, answer):
                self._strike(sheet.digest, answer, now)

    def _strike(self, digest: bytes, failure: RenderFailure, now: float) -> None:
        record = self._records.get(digest)
        if record is None or now - record.since > STRIKE_SECONDS:
            record = self._records[digest] = _Record(failure, 0, now)
        record.strikes += 1
        if record.strikes >= MAX_STRIKES:
            record.banned_until = now + BAN_SECONDS
        self._records.move_to_end(digest)
        if len(self._records) > _MAX_REMEMBERED:
            self._records.popitem(last=False)


def _culprits(job: RenderJob, failure: RenderFailure) -> Sequence[Sheet]:
    """The sheet of the channel, or any of them where the process could not tell."""
    if failure.channel is None:
        return job.sheets
    return [sheet for sheet in job.sheets if sheet.channel is failure.channel]
