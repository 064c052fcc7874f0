"""The written documents, as tests read them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "tutorial" / "first-notification.md"
TYPE_TUTORIAL = ROOT / "docs" / "tutorial" / "first-notification-type.md"
PROVIDERS = ROOT / "docs" / "how-to" / "configure-providers.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def all_pages() -> list[Path]:
    """Every Markdown file that is ours."""
    places = [ROOT, ROOT / "client", ROOT / "gateway"]
    pages = [page for place in places for page in place.glob("*.md")]
    return sorted([*pages, *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page in one language."""
    return [code for found, code in _FENCE.findall(page.read_text()) if found == language]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """What can be linked to within a page, as GitHub names it."""
    return {_anchor(heading) for heading in _HEADING.findall(prose(page))}


def _anchor(heading: str) -> str:
    words = re.sub(r"\[([^]]*)]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
