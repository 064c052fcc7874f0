"""On which line of a template an error happened."""

from __future__ import annotations

import traceback

from jinja2 import Template


def line_of(error: BaseException) -> int:
    """The line of the part; 0: not known. Where a partial failed, it is the line that includes it."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template) and template.name is None:
            return template.get_corresponding_lineno(line)
    return 0
