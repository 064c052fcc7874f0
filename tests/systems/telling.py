"""What every story asks of every type: it reaches people as their system does it, in their language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.systems.catalogs import types_of
from tests.systems.person import decided, laid_over
from tests.systems.world import World


@dataclass(frozen=True)
class Told:
    """One type: its channels by default, its title in English and German, and the subject of its mail in
    both with other data (None takes a value of the sample away).
    """

    type: str
    channels: str
    title: str
    german_title: str
    other: Mapping[str, Any]
    subject: str
    german_subject: str

    def __str__(self) -> str:
        return self.type


async def check_told(world: World, told: Told) -> None:
    """With the sample by default, and with other data by mail."""
    anna, bernd = await world.person("en"), await world.person("de", "Europe/Zurich")

    sent = await world.send(told.type, anna, bernd)

    for result in sent.results:
        assert decided(result) == expected_decisions(world.catalog, told)
    assert await anna.titles() == [told.title]
    assert await bernd.titles() == [told.german_title]
    arrived = dict.fromkeys(told.channels.split(), 1)
    del arrived["IN_APP"]
    assert await world.delivered(anna) == arrived
    assert await world.delivered(bernd) == arrived

    other = laid_over(world.sample(told.type), told.other)
    await world.send(told.type, anna, bernd, data=other, channels=["EMAIL"])

    await anna.mail(told.subject)
    await bernd.mail(told.german_subject)


def expected_decisions(catalog: str, told: Told) -> dict[str, str]:
    """On where the table says so, off on what else the type is offered on."""
    on = told.channels.split()
    return {
        each["channel"]: "SEND DEFAULT" if each["channel"] in on else "SUPPRESS TYPE_DEFAULT"
        for each in types_of(catalog)[told.type]["channels"]
    }
