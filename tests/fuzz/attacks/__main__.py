"""Attacks in a process of their own: `python -m tests.fuzz.attacks PORT SECONDS NAME…`, a token in TOKEN.

They take turns, end by themselves, and print how many hostile things they did.
"""

from __future__ import annotations

import os
import sys
import time

from tests.fuzz.attacks.catalog import ATTACKS
from tests.fuzz.attacks.target import Target


def main(port: str, seconds: str, *names: str) -> None:
    target = Target(int(port), os.environ.get("TOKEN", ""))
    print("begun", flush=True)
    ending = time.monotonic() + float(seconds)
    print(
        sum(_attack(target, name, ending - time.monotonic(), len(names) - n) for n, name in enumerate(names))
    )


def _attack(target: Target, name: str, seconds_left: float, attacks_left: int) -> int:
    """How much was done in a fair share of what is left."""
    ending = time.monotonic() + seconds_left / attacks_left
    done, attack = 0, ATTACKS[name](target)
    while time.monotonic() < ending:
        try:
            done += next(attack)
        except OSError:
            # The server has closed the connection, or takes no more of them.
            attack = ATTACKS[name](target)
    return done


main(*sys.argv[1:])
