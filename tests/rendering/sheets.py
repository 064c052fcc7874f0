"""Sheets and jobs for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.layout import Layout, LayoutFormat
from carillon_server.domain.rendering import Circumstances, RenderJob, Sheet

CREATE_TIME = "2026-11-21T10:00:00+00:00"


def make_sheet(
    channel: Channel = Channel.IN_APP,
    *,
    locale: str = "en",
    layout: Layout | None = None,
    partials: Sequence[Layout] = (),
    **parts: str,
) -> Sheet:
    """A sheet of these parts; of an in-app one the title may be left out."""
    if channel is Channel.IN_APP:
        parts = {"title": "T"} | parts
    known = repr((channel, locale, parts, layout, partials))
    return Sheet(hashlib.sha256(known.encode()).digest(), channel, locale, parts, layout, tuple(partials))


def make_job(
    *sheets: Sheet,
    data: Mapping[str, Any] | None = None,
    recipient: Mapping[str, Any] | None = None,
    zone: str = "UTC",
    region: str = "",
    rules: Mapping[str, str] | None = None,
) -> RenderJob:
    """A job over the sheets."""
    circumstances = Circumstances(
        time_zone=zone,
        recipient=recipient or {},
        notification={"type": "scan.completed", "create_time": CREATE_TIME, "labels": {}},
        region=region,
    )
    return RenderJob(sheets, data or {}, circumstances, rules or {})


def html_layout(source: str, name: str = "main") -> Layout:
    """A layout or partial of HTML."""
    return Layout(name, LayoutFormat.HTML, source)


def mjml_layout(source: str, name: str = "main") -> Layout:
    """A layout or partial of MJML."""
    return Layout(name, LayoutFormat.MJML, source)
