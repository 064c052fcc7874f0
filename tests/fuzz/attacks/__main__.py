"""Attacks in a process of their own: `python -m tests.fuzz.attacks PORT SECONDS SHARE NAME…`.

A token comes in TOKEN. They take turns, keep to their share of a processor, end by themselves, and print how
many hostile things they did.
"""

from __future__ import annotations

import os
import sys
import time

from tests.fuzz.attacks.catalog import ATTACKS
from tests.fuzz.attacks.pace import Pace
from tests.fuzz.attacks.target import Target


def main(port: str, seconds: str, share: str, *names: str) -> None:
    target = Target(int(port), os.environ.get("TOKEN", ""))
    print("begun", flush=True)
    ending, pace = time.monotonic() + float(seconds), Pace(float(share))
    done = 0
    for number, name in enumerate(names):
        left = ending - time.monotonic()
        done += _attack(target, name, left / (len(names) - number), pace)
    print(done)


def _attack(target: Target, name: str, seconds: float, pace: Pace) -> int:
    """How much was done in the time."""
    ending = time.monotonic() + seconds
    done, attack = 0, ATTACKS[name](target)
    while time.monotonic() < ending:
        try:
            done += next(attack)
        except OSError:
            # The server has closed the connection, or takes no more of them.
            attack = ATTACKS[name](target)
        pace.keep()
    return done


main(*sys.argv[1:])
