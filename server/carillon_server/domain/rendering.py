"""What is asked of a renderer, and what it answers: plain values, which can cross to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.layout import Layout
from carillon_server.domain.template import Dependence

MAX_RENDER_SECONDS = 0.25
MAX_RENDER_BYTES = 64 * 1024 * 1024
MAX_OUTPUT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Sheet:
    """The template of one channel with everything that it includes: compiled once, used for many."""

    digest: bytes
    """Of all the rest: the same sheet has the same digest, in every process."""
    channel: Channel
    locale: str
    """The template's: numbers, dates and plurals follow it."""
    parts: Mapping[str, str]
    layout: Layout | None = None
    partials: tuple[Layout, ...] = ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a template may ask for besides the data; plain JSON values."""

    time_zone: str
    recipient: Mapping[str, Any] = field(default_factory=dict)
    """`id`, `locale`, `time_zone`, `attributes`; empty for sheets that do not depend on the recipient."""
    notification: Mapping[str, Any] = field(default_factory=dict)
    """`type`, `category`, `priority`, `actor_id`, `labels`, `create_time` (ISO 8601)."""
    region: str = ""
    """The recipient's locale where its language is the sheet's (`de-CH` for a sheet in `de`), else empty:
    dates and numbers follow it."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """Everything one recipient, or one group of them, gets: all sheets over the same data."""

    sheets: tuple[Sheet, ...]
    data: Mapping[str, Any]
    circumstances: Circumstances
    rules: Mapping[str, str] = field(default_factory=dict)
    """Templates of one line besides those of channels: `collapse`, `thread`."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text of every part, by channel; and of every rule."""

    parts: Mapping[Channel, Mapping[str, str]]
    rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RenderFailure:
    """Why a job could not be rendered. `problem`: `undefined` (with `variable`), `time`, `memory`, `output`,
    `forbidden`, `invalid` (the outcome is none: a URL that is none, JSON that is none, an empty title).
    """

    problem: str
    detail: str
    """For people; holds no data of the notification."""
    channel: Channel | None = None
    part: str = ""
    variable: str = ""
    """The path of what was missing: `project.name`, `recipient.attributes.name`."""


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """What is wrong with a template before it is used."""

    part: str
    line: int
    description: str


@dataclass(frozen=True, slots=True)
class SheetReport:
    """What a check of a template found."""

    problems: tuple[SourceProblem, ...]
    dependence: Dependence
    includes: tuple[str, ...] = ()
    """Names of the layouts and partials that it uses."""
