"""Why something cannot be rendered, on its way out of a template."""

from __future__ import annotations

from carillon_server.domain.rendering import MAX_RENDER_BYTES, MAX_RENDER_SECONDS

FORBIDDEN = "forbidden"
INVALID = "invalid"
OUTPUT = "output"
TIME = "time"
MEMORY = "memory"
UNDEFINED = "undefined"

BROKEN = {
    TIME: f"it takes longer than {MAX_RENDER_SECONDS * 1000:.0f} ms",
    MEMORY: f"it takes more than {MAX_RENDER_BYTES // 2**20} MB",
}
"""What is said of those that only the end of a process tells."""


class TemplateFault(Exception):  # noqa: N818 - a finding about a template, no fault of ours
    """One of the problems of `domain.rendering.RenderFailure`. The message is for people, without data."""

    def __init__(self, problem: str, detail: str, *, line: int = 0) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.line = line
        """Where the source has it; 0: not known."""
        self.part = ""


class TimeUp(BaseException):
    """The time of the job is over. Nothing on the way may take it for an error that it can deal with."""


def forbidden(detail: str, line: int = 0) -> TemplateFault:
    """Something that templates may not do."""
    return TemplateFault(FORBIDDEN, detail, line=line)


def invalid(detail: str) -> TemplateFault:
    """The outcome is none."""
    return TemplateFault(INVALID, detail)
