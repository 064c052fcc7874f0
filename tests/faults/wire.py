"""The connection of one device, and how networks break it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.faults.proxy import FaultProxy

# Of an event of these drills: where it is cut, and what of it still arrives.
_FRAME_BYTES = 200
LONG_TITLE = "x" * _FRAME_BYTES

Finish = Callable[[], None]


def _reset(wire: FaultProxy, _rng: Random) -> Finish:
    """What is sent from here on is on its way when the connection is reset."""
    wire.hold_answers()
    return wire.cut


def _half_frame(wire: FaultProxy, rng: Random) -> Finish:
    wire.cut_after(rng.randrange(1, _FRAME_BYTES))
    return _nothing


def _black_hole(wire: FaultProxy, _rng: Random) -> Finish:
    wire.black_hole()
    return _nothing


def _nothing() -> None:
    return


_CUTS = (_reset, _half_frame, _black_hole)


def begin_cut(wire: FaultProxy, rng: Random) -> Finish:
    """One of them, drawn. What is sent between this and the call of what it returns is lost in flight."""
    return rng.choice(_CUTS)(wire, rng)
