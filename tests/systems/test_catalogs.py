"""The five catalogs hold everything that their systems know, in every language that they speak."""

from __future__ import annotations

import pytest

from tests.systems.catalogs import NAMES, OWN_NAMES, bundle_of, channel_of, types_of


@pytest.mark.parametrize("name", NAMES)
def test_every_type_of_the_system_is_there_under_its_own_name(name: str) -> None:
    told = [kind["description"].partition(":")[0] for kind in types_of(name).values()]

    assert sorted(told) == sorted(OWN_NAMES[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_type_reads_in_every_language_on_every_channel_that_it_is_offered_on(name: str) -> None:
    written = {
        (template["type"], template["locale"], channel_of(template))
        for template in bundle_of(name)["templates"]
    }
    locales = {locale for _, locale, _ in written}

    assert {"en", "de"} <= locales
    assert written == {
        (kind["name"], locale, switch["channel"].lower())
        for kind in types_of(name).values()
        for locale in locales
        for switch in kind["channels"]
    }


def test_all_five_go_together_into_one_tenant() -> None:
    for noun, key in (("types", "name"), ("layouts", "name"), ("topics", "name")):
        names = [thing[key] for name in NAMES for thing in bundle_of(name)[noun]]
        assert len(set(names)) == len(names)
