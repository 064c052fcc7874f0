"""What a text message costs, and how a longer one is cut."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carillon_server.domain.notification import Content
from carillon_server.domain.sms import Encoding, Size, compose, encoding_of, fit, measure

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€"
)
FAMILY = "👨\u200d👩\u200d👧"
WALES = "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"

gsm_texts = st.text(st.sampled_from(GSM), max_size=1_000)
pieces = st.sampled_from([*GSM, "ж", "語", "e\u0301", "👍🏽", FAMILY, WALES, "🇩🇪🇫🇷", "❤\ufe0f", " "])
texts = gsm_texts | st.lists(pieces, max_size=500).map("".join) | st.text(max_size=300)
limits = st.integers(min_value=1, max_value=6)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", Size(Encoding.GSM_7, 0, 1)),
        ("a" * 160, Size(Encoding.GSM_7, 160, 1)),
        ("a" * 161, Size(Encoding.GSM_7, 161, 2)),
        ("a" * 306, Size(Encoding.GSM_7, 306, 2)),
        ("a" * 307, Size(Encoding.GSM_7, 307, 3)),
        ("€" * 80, Size(Encoding.GSM_7, 160, 1)),
        # 153 septets hold 76 of two, with one to spare: the escape is not parted from its character.
        ("€" * 81, Size(Encoding.GSM_7, 162, 2)),
        ("€" * 153, Size(Encoding.GSM_7, 306, 3)),
        ("a" * 152 + "€" + "a" * 152, Size(Encoding.GSM_7, 306, 3)),
        ("ж" * 70, Size(Encoding.UCS_2, 70, 1)),
        ("ж" * 71, Size(Encoding.UCS_2, 71, 2)),
        ("ж" * 134, Size(Encoding.UCS_2, 134, 2)),
        ("😀" * 35, Size(Encoding.UCS_2, 70, 1)),
        # 67 units hold 33 pairs, with one to spare.
        ("😀" * 66, Size(Encoding.UCS_2, 132, 2)),
        ("😀" * 67, Size(Encoding.UCS_2, 134, 3)),
        ("`", Size(Encoding.UCS_2, 1, 1)),
        ("\x1b", Size(Encoding.UCS_2, 1, 1)),
    ],
)
def test_known_sizes(text: str, size: Size) -> None:
    assert measure(text) == size


def test_the_alphabet_has_the_characters_of_the_standard() -> None:
    assert len(set(GSM)) == 127 + 10  # the escape itself is the 128th of the basic table
    assert encoding_of(GSM) is Encoding.GSM_7
    others = [chr(code) for code in range(0x2FFF) if chr(code) not in GSM]
    assert all(encoding_of(character) is Encoding.UCS_2 for character in others)


@given(texts)
def test_units_of_ucs_2_are_those_of_utf_16(text: str) -> None:
    assert measure(text, Encoding.UCS_2).units == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(texts, limits, st.sampled_from(["", "\nhttps://example.com/a/b?c=1"]))
@example("ж" * 90, 1, "\nhttps://example.com/" + "x" * 60)
@example("a" * 150 + "€" * 10, 1, "")
def test_what_is_fitted_costs_no_more_than_allowed_and_nothing_else_changes(
    text: str, limit: int, suffix: str
) -> None:
    fitted = fit(text, limit, suffix)
    size = measure(fitted)
    assert size.segments <= limit
    whole = text + suffix
    if measure(whole).segments <= limit:
        assert fitted == whole
        return
    ending = encoding_of(whole).ellipsis + suffix
    if not fitted.endswith(ending):
        ending = encoding_of(text).ellipsis
    if fitted != text:
        assert fitted.endswith(ending)
        assert text.startswith(fitted.removesuffix(ending))
        assert size.encoding is encoding_of(fitted.removesuffix(ending) + ending)


@given(gsm_texts, limits)
def test_a_cut_never_makes_a_text_dearer(text: str, limit: int) -> None:
    assert encoding_of(fit(text, limit)) is Encoding.GSM_7


clusters = st.sampled_from(["語", "e\u0301", "👍🏽", FAMILY, WALES, "🇩🇪🇫🇷", "❤\ufe0f"])


@given(st.lists(clusters, min_size=20, max_size=200), limits)
def test_a_cut_never_falls_inside_of_a_character(parts: list[str], limit: int) -> None:
    text = "".join(parts)
    fitted = fit(text, limit)
    if fitted == text:
        return
    kept = len(fitted) - len(encoding_of(text).ellipsis)
    rest = text[kept:]
    assert not rest.startswith(("\u200d", "\ufe0f"))
    assert not (rest and unicodedata.combining(rest[0]))
    ends, place = {0}, 0
    for part in parts:
        place += len(part)
        # Flags come in pairs; the sampled one is two of them.
        ends |= {place, place - 2} if part == "🇩🇪🇫🇷" else {place}
    assert kept in ends


def test_a_cut_falls_between_words_where_one_is_near() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 5
    assert fit(text, 1) == (text[:157].rsplit(" ", 1)[0]) + "..."


def test_a_text_without_spaces_fills_its_segments() -> None:
    assert measure(fit("語" * 500, 2)).units == 134


def test_the_link_survives_the_body() -> None:
    content = Content("Invoice 7 is paid", "It was a long story. " * 50, "/invoices/7", "", "")
    text = compose(content, "https://app.example.com", 2)
    assert text.startswith("Invoice 7 is paid\nIt was a long story.")
    assert text.endswith("...\nhttps://app.example.com/invoices/7")
    assert measure(text).segments == 2


@pytest.mark.parametrize("url", ["", "/invoices/7", "javascript:alert(1)", "tel:112"])
def test_a_link_that_leads_nowhere_is_left_out(url: str) -> None:
    assert compose(Content("Paid", "", url, "", ""), "", 6) == "Paid"
