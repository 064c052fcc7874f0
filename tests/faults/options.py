"""`--seed`, and the sizes of drills: short ones for `make test`, long ones for `make drill`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import pytest
from _pytest.mark.structures import ParameterSet

from tests.faults.outcome import Drill

_SHORT_TIMEOUT_SECONDS = 300
_LONG_TIMEOUT_SECONDS = 900
_ORDINARY_SEED = 1


@dataclass(frozen=True)
class Size:
    """How much is asked of the service, and how often it is struck meanwhile."""

    sends: int
    blows: int


@dataclass(frozen=True)
class StreamSize:
    """How many streams are open, how often one of them is cut, and how often a process is struck."""

    streams: int
    cuts: int = 0
    blows: int = 0


SizeT = TypeVar("SizeT")


def sizes(*, short: SizeT, long: SizeT) -> pytest.MarkDecorator:
    """The same drill twice: as an ordinary test, and marked `drill`."""
    ordinary = pytest.param(short, id="short", marks=pytest.mark.timeout(_SHORT_TIMEOUT_SECONDS))
    return pytest.mark.parametrize("size", [ordinary, _long(long)])


def long_only(size: object) -> pytest.MarkDecorator:
    """A drill whose short form would cost the suite more than it says."""
    return pytest.mark.parametrize("size", [_long(size)])


def _long(size: object) -> ParameterSet:
    marks = [pytest.mark.drill, pytest.mark.timeout(_LONG_TIMEOUT_SECONDS)]
    return pytest.param(size, id="long", marks=marks)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=_ORDINARY_SEED, help="of what goes wrong in fault drills")


@pytest.fixture
def drill(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Drill:
    """This drill; its seed is what `--seed` says."""
    long = request.node.get_closest_marker("drill") is not None

    def tell(text: str) -> None:
        if long:
            with capsys.disabled():
                print(f"  {text}", flush=True)  # noqa: T201 - how far a long drill is

    seed: int = request.config.getoption("--seed")
    return Drill(seed, kept=long, tell=tell)
