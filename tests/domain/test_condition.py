"""Conditions of topic members: what they mean, what is refused, and that no text or data breaks them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.condition import MAX_CHARACTERS, MAX_DEPTH, ConditionError, parse_condition

DATA = {
    "project": {"id": "p1", "tags": ["web", "api"]},
    "severity": "high",
    "score": 80.0,
    "draft": False,
    "notes": "",
    "owner": None,
    "big": 2.0**60,
    "pair": [1.0, True],
}


@pytest.mark.parametrize(
    "text",
    [
        'project.id == "p1"',
        "data.project.id == 'p1'",
        'severity in ["high", "critical"] and not draft',
        "score >= 80 and score <= 80 and score < 80.5 and score > -1e3",
        "data.project.id != null",
        "owner == null and absent == null and absent.deeper.still == null and score.deeper == null",
        '"web" in project.tags and "app" not in project.tags',
        "draft == false and draft != true",
        "true or absent",
        "not (draft or notes)",
        "project and score and severity",
        'severity == "low" or severity == "high" and score > 1',
        '(severity == "high" or true) and not false',
        "not not score",
        '"a" < "b" and "B" < "a"',
        "pair == [1, true] and [1, true] == pair",
        r'"say \"hi\" \\" != "x" and "it\'s" == "it' + r"'" + r's"',
        "score in [79, score]",
        "[] == []",
        "project == data.project",
        "  score\t==\n80 ",
    ],
)
def test_holds(text: str) -> None:
    assert parse_condition(text).holds(DATA)


@pytest.mark.parametrize(
    "text",
    [
        "absent",
        "notes or owner or draft or [] or 0",
        'score == "80"',
        'score > "1" or score < "1"',
        "draft == 0 or true == 1 or 1 == true",
        "pair == [true, true]",
        "null < 1 or null >= null or draft < true",
        "project < project",
        'severity in "high and low"',
        "score in null or score in absent",
        'not (severity == "high")',
        'not severity == "high"',
    ],
)
def test_does_not_hold(text: str) -> None:
    assert not parse_condition(text).holds(DATA)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("   ", 4),
        ("score >=", 9),
        ("score => 1", 7),
        ("score = 1", 7),
        ("(score", 7),
        ("score)", 6),
        ("[1, ", 5),
        ("[1 2]", 4),
        ('"open', 1),
        ("a b", 3),
        ("a == b == c", 8),
        ("a not b", 7),
        ("a.", 2),
        ("a..b", 2),
        ("1x", 1),
        ("a == 1e999", 6),
        ("__import__('os')", 11),
        ("a; b", 2),
        ("in", 1),
        ("größe == 1", 3),
        ('"\\n"', 1),
    ],
)
def test_what_is_refused_says_where(text: str, place: int) -> None:
    with pytest.raises(ConditionError, match=rf"at character {place}\Z"):
        parse_condition(text)


def test_length_and_depth_are_bounded() -> None:
    longest = "a" * MAX_CHARACTERS
    assert not parse_condition(longest).holds({})
    with pytest.raises(ConditionError):
        parse_condition(longest + "a")
    for before, after in (("(", ")"), ("[", "]"), ("not ", "")):
        parse_condition(before * MAX_DEPTH + "a" + after * MAX_DEPTH)
        with pytest.raises(ConditionError, match="deep"):
            parse_condition(before * (MAX_DEPTH + 1) + "a" + after * (MAX_DEPTH + 1))
    assert parse_condition(" and ".join(["(1)"] * 62)).holds({})


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False, width=32).filter(lambda x: "e" not in repr(x)),
    st.text("abc\"'\\ ", max_size=5),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3))
NAMES = st.sampled_from(["a", "b", "a.c", "data.b", "nowhere"])


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value)


def _meaning(left: Any, comparator: str, right: Any) -> bool:
    """Said again, in Python's own words: JSON tells 1, true and "1" apart."""
    same = json.dumps(left) == json.dumps(right) or (type(left) is type(right) is float and left == right)
    if comparator == "==":
        return same
    if comparator == "!=":
        return not same
    if type(left) is not type(right) or not isinstance(left, float | str):
        return False
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[comparator])


@given(left=SCALARS, comparator=st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), right=SCALARS)
def test_comparisons_mean_what_python_means_of_one_kind(left: Any, comparator: str, right: Any) -> None:
    condition = parse_condition(f"a {comparator} {_literal(right)}")
    assert condition.holds({"a": left}) is _meaning(left, comparator, right)


@given(value=SCALARS, items=st.lists(SCALARS, max_size=4))
def test_in_is_equality_with_one_of_them(value: Any, items: list[Any]) -> None:
    expected = any(_meaning(value, "==", item) for item in items)
    assert parse_condition(f"a in {_literal(items)}").holds({"a": value}) is expected
    assert parse_condition(f"{_literal(value)} not in a").holds({"a": items}) is not expected


@st.composite
def _formulas(draw: st.DrawFn, depth: int = 3) -> tuple[str, str]:
    """The same formula twice: as a condition, and as Python over the truth of its names."""
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from("abc"))
        return name, name
    kind = draw(st.sampled_from(["and", "or", "not", "()"]))
    first, python = draw(_formulas(depth=depth - 1))
    if kind == "not":
        return f"not ({first})", f"(not ({python}))"
    if kind == "()":
        return f"({first})", f"({python})"
    second, more = draw(_formulas(depth=depth - 1))
    return f"{first} {kind} {second}", f"{python} {kind} {more}"


@given(formula=_formulas(), truth=st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_and_or_not_bind_as_in_python(formula: tuple[str, str], truth: tuple[bool, ...]) -> None:
    text, python = formula
    data = dict(zip("abc", truth, strict=True))
    assert parse_condition(text).holds(data) is eval(python, {}, data)


@given(text=st.text("ab.\"'\\[](),=!<>0159 -eandorti\n", max_size=60))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ConditionError:
        return
    assert condition.holds({"a": 1.0, "b": {"a": [None]}}) in (True, False)


@given(
    left=NAMES,
    right=NAMES,
    comparator=st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]),
    data=st.dictionaries(st.sampled_from("abc"), st.one_of(VALUES, st.dictionaries(st.just("c"), VALUES))),
)
def test_no_data_makes_evaluating_fail(left: str, right: str, comparator: str, data: Any) -> None:
    assert parse_condition(f"{left} {comparator} {right}").holds(data) in (True, False)
