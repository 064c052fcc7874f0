"""The documents hang together, and say what the code says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic.fields import FieldInfo

import carillon_server.delivery.metrics
import carillon_server.delivery.routing.metrics
import carillon_server.processes.metrics
import carillon_server.telemetry
import carillon_server.testing
from carillon_gateway import settings as gateway_settings
from carillon_server.config import Settings
from carillon_server.delivery.providers.kinds import KINDS
from tests.docs.pages import PROVIDERS, ROOT, all_pages, anchors, prose
from tools import generate_docs

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_METRIC = re.compile(r"`(carillon_[a-z_]+)`")
_VARIABLE = re.compile(r"\bCARILLON_[A-Z_]+\b")
# The checkout and the home of whoever wrote a page.
_PRIVATE = (str(ROOT), str(Path.home()) + "/")


def relative_links(page: Path) -> list[str]:
    return [link for link in _LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in relative_links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link} names no heading"


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_tells_where_it_was_written(page: Path) -> None:
    text = page.read_text()
    assert not [place for place in _PRIVATE if place in text]


@cache
def pages_reached_from_the_index() -> frozenset[Path]:
    reached: set[Path] = set()
    waiting = [ROOT / "docs" / "index.md"]
    while waiting:
        here = waiting.pop()
        if here in reached or here.suffix != ".md" or not here.exists():
            continue
        reached.add(here)
        waiting += [(here.parent / link.partition("#")[0]).resolve() for link in relative_links(here)]
    return frozenset(reached)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_every_page_can_be_found_from_the_index(page: Path) -> None:
    assert page in pages_reached_from_the_index()


@pytest.mark.parametrize(
    ("page", "text"), list(generate_docs.pages().items()), ids=lambda part: str(part)[-20:]
)
def test_generated_pages_are_up_to_date(page: Path, text: str) -> None:
    assert page.read_text() == text, "run: .venv/bin/python tools/generate_docs.py"


@pytest.mark.parametrize(("name", "field"), list(Settings.model_fields.items()))
def test_every_setting_is_described(name: str, field: FieldInfo) -> None:
    assert field.description
    assert generate_docs.variable(name, field) in generate_docs.configuration()


@pytest.mark.parametrize(
    ("names", "command"),
    generate_docs.command_tree(),
    ids=lambda part: "-".join(part) if isinstance(part, tuple) else "",
)
def test_every_command_and_option_is_described(names: tuple[str, ...], command: Any) -> None:
    assert command.help
    assert f"## `{' '.join(names)}" in generate_docs.command_line()
    for parameter in command.params:
        assert parameter.help, f"{' '.join(names)} {parameter.name}"


def test_every_kind_of_providers_can_be_found() -> None:
    page = PROVIDERS.read_text()
    for kind in KINDS.values():
        rows = [row for row in page.splitlines() if f"`{kind.name}`" in row and row.startswith("|")]
        assert rows, kind.name
        for channel in kind.channels:
            assert any(row.startswith((f"| {channel.name} |", "| all of these |")) for row in rows)


def test_every_fake_can_be_found() -> None:
    page = (ROOT / "docs/how-to/test-against-the-far-side.md").read_text()
    fakes = [name for name in carillon_server.testing.__all__ if name.endswith("Fake") or "make_" in name]
    assert fakes
    assert [name for name in fakes if f"`{name}`" not in page] == []


def test_every_setting_of_the_gateway_is_described() -> None:
    source = Path(gateway_settings.__file__).read_text()
    read = set(re.findall(r'environment\.get\("(CARILLON_[A-Z_]+)"', source))
    page = (ROOT / "docs/how-to/use-the-browser-gateway.md").read_text()
    assert read
    assert read <= set(_VARIABLE.findall(page))


def test_pages_name_only_settings_that_exist() -> None:
    known = {generate_docs.variable(name, field) for name, field in Settings.model_fields.items()}
    known |= set(_VARIABLE.findall(Path(gateway_settings.__file__).read_text()))
    known |= {"CARILLON_TARGET", "CARILLON_TOKEN", "CARILLON_TRACEBACK"}
    known |= {
        name for file in (ROOT / "benchmarks").glob("*.py") for name in _VARIABLE.findall(file.read_text())
    }
    named = {found for page in all_pages() for found in _VARIABLE.findall(page.read_text())}
    assert named <= known


def test_the_runbook_names_only_metrics_that_exist() -> None:
    registries = (REGISTRY, carillon_server.processes.metrics.REGISTRY)
    known = {metric.name for registry in registries for metric in registry.collect()}
    named = set(_METRIC.findall((ROOT / "docs/runbook.md").read_text()))
    assert named
    assert {name.removesuffix("_total") for name in named} <= known


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    listed = set(relative_links(records[0]))
    assert {record.name for record in records[1:]} <= listed
