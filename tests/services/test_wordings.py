"""Who reads a notification in the same words."""

from __future__ import annotations

from carillon_server.domain.channel import Channel
from carillon_server.domain.reader import Reader
from carillon_server.domain.rendering import Sheet
from carillon_server.domain.template import Dependence
from carillon_server.services.catalog_snapshot import ActiveTemplate, ActiveTemplates
from carillon_server.services.wordings import Wording, Wordings


def template(
    locale: str, channel: Channel = Channel.IN_APP, *, regional: bool = False, **more: Dependence
) -> ActiveTemplate:
    sheet = Sheet(b"", channel, locale, {"title": locale})
    return ActiveTemplate(sheet, 1, more.get("dependence", Dependence.NOTHING), regional)


def templates(*given: ActiveTemplate) -> ActiveTemplates:
    found: dict[Channel, dict[str, ActiveTemplate]] = {}
    for each in given:
        found.setdefault(each.sheet.channel, {})[each.sheet.locale] = each
    return found


def wordings(*given: ActiveTemplate) -> Wordings:
    return Wordings(templates(*given), {}, default_locale="en", default_time_zone="UTC")


def group(among: Wordings, **readers: Reader) -> list[tuple[str, list[str]]]:
    return [(wording.key, wording.recipient_ids) for wording in among.group(readers.items())]


def only(among: Wordings, reader: Reader) -> Wording:
    [wording] = among.group([("ann", reader)])
    return wording


def test_recipients_of_one_language_share_their_words() -> None:
    among = wordings(template("en"), template("de"))
    found = group(among, ann=Reader("de-CH"), bob=Reader("en"), cid=Reader("de"), dan=Reader())
    assert found == [("de", ["ann", "cid"]), ("en", ["bob", "dan"])]


def test_each_channel_has_the_best_language_that_it_knows() -> None:
    among = wordings(template("en"), template("de"), template("en", Channel.EMAIL))
    wording = only(among, Reader("de"))
    assert [(sheet.channel, sheet.locale) for sheet in wording.sheets] == [
        (Channel.IN_APP, "de"),
        (Channel.EMAIL, "en"),
    ]


def test_nobody_needs_to_be_read_for_one_language_that_speaks_of_nobody() -> None:
    assert not wordings(template("en"), template("en", Channel.EMAIL)).need_readers
    assert wordings(template("en"), template("de")).need_readers
    assert wordings(template("en", regional=True)).need_readers
    assert wordings(template("en", dependence=Dependence.ZONE)).need_readers
    assert not wordings(template("en", dependence=Dependence.ZONE)).need_attributes
    assert wordings(template("en", dependence=Dependence.RECIPIENT)).need_attributes


def test_regions_are_apart_where_numbers_or_dates_are_shown() -> None:
    shown = wordings(template("en", regional=True))
    assert group(shown, ann=Reader("en-GB"), bob=Reader("en")) == [("en en-GB", ["ann"]), ("en", ["bob"])]
    hidden = wordings(template("en"))
    assert group(hidden, ann=Reader("en-GB"), bob=Reader("en")) == [("en", ["ann", "bob"])]


def test_a_region_is_of_the_language_of_the_words() -> None:
    among = wordings(template("en", regional=True))
    assert only(among, Reader("en-GB")).circumstances.region == "en-GB"
    assert only(among, Reader("de-CH")).circumstances.region == ""


def test_time_zones_are_apart_where_a_time_is_shown() -> None:
    shown = wordings(template("en", dependence=Dependence.ZONE))
    readers = {"ann": Reader("", "Europe/Zurich"), "bob": Reader(), "cid": Reader("", "Europe/Zurich")}
    assert group(shown, **readers) == [("en Europe/Zurich", ["ann", "cid"]), ("en UTC", ["bob"])]
    assert only(shown, readers["ann"]).circumstances.time_zone == "Europe/Zurich"
    assert only(shown, readers["ann"]).circumstances.recipient == {}


def test_what_speaks_of_the_recipient_is_each_ones_own() -> None:
    among = wordings(template("en", dependence=Dependence.RECIPIENT), template("de"))
    known = Reader("en", "Asia/Tokyo", {"name": "Ann"})
    found = group(among, ann=known, bob=known, cid=Reader("de"), dan=Reader("de"))
    assert found == [("", ["ann"]), ("", ["bob"]), ("de", ["cid", "dan"])]
    assert only(among, known).circumstances.recipient == {
        "id": "ann",
        "locale": "en",
        "time_zone": "Asia/Tokyo",
        "attributes": {"name": "Ann"},
    }
