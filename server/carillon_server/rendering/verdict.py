"""What is said of a job that a process ended with, and how a check is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carillon_server.domain.rendering import RenderFailure, RenderJob, Sheet, SheetReport, SourceProblem
from carillon_server.domain.template import Dependence
from carillon_server.rendering.template.failure import BROKEN
from carillon_server.rendering.trials import build_trials
from carillon_server.rendering.wire import write_sheet
from carillon_server.rendering.work_queue import Examination, Work


def verdict_of(work: Work, problem: str) -> RenderFailure | SheetReport:
    """The answer to a job that ended its process."""
    if isinstance(work.job, RenderJob):
        return RenderFailure(problem, BROKEN[problem])
    return SheetReport((SourceProblem(work.at_part, 0, BROKEN[problem]),), Dependence.RECIPIENT)


def examination_of(
    sheet: Sheet, data_schema: Mapping[str, Any], sample_data: Mapping[str, Any]
) -> Examination:
    """A check, with the data that the template is tried with."""
    trials = build_trials(data_schema, sample_data)
    return Examination(sheet, {"sheet": write_sheet(sheet), "schema": data_schema, "trials": trials})
