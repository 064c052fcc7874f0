"""What is found in a template before it is stored."""

from __future__ import annotations

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.template import Dependence
from tests.rendering.sheets import html_layout, make_sheet, mjml_layout

pytestmark = pytest.mark.asyncio(loop_scope="module")

_SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
        "notes": {"type": "string"},
        "project": {"$ref": "#/$defs/project"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["title"],
            },
        },
        "scores": {"type": "object", "additionalProperties": {"type": "number"}},
        "anything": {"type": "object"},
    },
    "required": ["name", "count", "at", "project", "items"],
    "$defs": {
        "project": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "owner": {"type": "string"}},
            "required": ["id"],
        }
    },
}
_SAMPLE = {
    "name": "Ann",
    "count": 2,
    "at": "2026-11-21T09:30:00Z",
    "notes": "n",
    "project": {"id": "p", "owner": "o"},
    "items": [{"title": "a", "tags": ["x"]}, {"title": "b"}],
    "scores": {"a": 1},
    "anything": {"b": {"c": 1}},
}


async def _check(pool, schema=None, sample=None, channel=Channel.IN_APP, **parts):
    sheet = make_sheet(channel, **parts)
    report = await pool.check(
        sheet, _SCHEMA if schema is None else schema, _SAMPLE if sample is None else sample
    )
    return [(problem.part, problem.line, problem.description) for problem in report.problems]


@pytest.mark.parametrize(
    "source",
    [
        "{{ name }} {{ data.name }} {{ data['name'] }} {{ project.id }}",
        "{% if notes %}{{ notes }}{% endif %}{{ notes | default('-') }}",
        "{% if project.owner %}{{ project.owner }}{% endif %}",
        "{% for item in items %}{{ loop.index }} {{ item.title }}{% endfor %}",
        "{% for item in items %}{% for tag in item.tags | default([]) %}{{ tag }}{% endfor %}{% endfor %}",
        "{% if items %}{{ items[0].title }} {{ (items | first).title }}{% endif %}",
        "{{ items | map(attribute='title') | join(', ') }}",
        "{% set all = items %}{% for item in all %}{{ item.title }}{% endfor %}",
        "{% for item in items if item.tags %}{{ item.title }}{% else %}-{% endfor %}",
        "{% for key in scores | default([]) %}{{ scores[key] }}{% endfor %}{{ scores.x | default(1) }}",
        "{% if anything.b.c %}{{ anything.b.c }}{% endif %}",
        "{{ recipient.id }} {{ recipient.attributes.name | default('x') }} {{ notification.type }}",
        "{{ count | plural(one='# scan', other='# scans') }} {{ at | datetime }}",
    ],
)
async def test_what_the_schema_has_is_found_good(source, shared_pool):
    assert await _check(shared_pool, body=f"x{source}") == []


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("{{ nme }}", 1, "there is no variable nme"),
        ("a\nb\n{{ project.nme }}", 3, "there is no variable project.nme"),
        ("{{ data.nme }}", 1, "there is no variable data.nme"),
        ("{% for item in items %}\n{{ item.price }}\n{% endfor %}", 2, "there is no variable item.price"),
        (
            "{% for item in items %}{% for t in item.tags %}{{ t.x }}{% endfor %}{% endfor %}",
            1,
            "no variable t.x",
        ),
        ("{{ items | map(attribute='price') | join }}", 1, "price"),
        ("{% for x in name %}{% endfor %}", 1, "name is no list"),
        ("{{ recipient.email }}", 1, "there is no variable recipient.email"),
        ("{{ notification.id }}", 1, "there is no variable notification.id"),
        ("{% for item in items %}{% endfor %}\n{{ item.title }}", 2, "there is no variable item"),
        ("\n{{ notes }}", 2, "notes may be missing"),
        ("{{ project.owner }}", 1, "project.owner may be missing"),
        ("{% if count %}\n{{ notes | upper }}{% endif %}", 2, "notes may be missing"),
        ("{% for item in items %}\n{{ item.tags | join }}\n{% endfor %}", 2, "items[].tags may be missing"),
        ("{{ items[0].title }}", 1, "items[].title may be missing"),
        ("{{ (items | first).title }}", 1, "may be missing"),
        ("{{ recipient.attributes.name }}", 1, "recipient.attributes.name may be missing"),
        ("{{ notification.labels.x }}", 1, "notification.labels.x may be missing"),
        ("x\n{{ name | nope }}", 2, "there is no filter 'nope'"),
        ("{{ name is nope }}", 1, "no test"),
        ("x\n{% if name %}", 2, "end"),
        ("{{ name", 1, "unexpected end"),
        ("{% nope %}", 1, "nope"),
        ("\n\n{{ name.upper() }}", 3, "calls"),
        ("{{ name.__class__ }}", 1, "underscore"),
        ("{{ name | number }}", 1, "a number is needed"),
        ("{{ name | datetime }}", 1, "ISO 8601"),
        ("{{ count | currency('EURO') }}", 1, "ISO 4217"),
        ("{{ items }}", 1, "cannot be printed"),
    ],
)
async def test_what_is_wrong_is_told_with_its_line(source, line, words, shared_pool):
    ((part, found_line, description), *_) = await _check(shared_pool, body=source)

    assert (part, found_line) == ("body", line)
    assert words in description


async def test_all_parts_are_told_of(shared_pool):
    problems = await _check(shared_pool, title="{{ a }}", body="{{ b }}\n{{ c }}", action_url="/{{ d }}")

    assert [(part, line) for part, line, _ in problems] == [
        ("title", 1),
        ("body", 1),
        ("body", 2),
        ("action_url", 1),
    ]


async def test_an_empty_schema_has_no_variables(shared_pool):
    ok = await _check(
        shared_pool, schema={}, sample={}, title="{{ notification.type }} {{ recipient.id }} {{ 'x' }}"
    )
    wrong = await _check(shared_pool, schema={}, sample={"name": "Ann"}, title="{{ name }}")

    assert ok == []
    assert wrong == [("title", 1, "there is no variable name")]


async def test_the_outcome_is_tried(shared_pool):
    long = await _check(shared_pool, sample=_SAMPLE | {"name": "x" * 300}, title="{{ name }}")
    link = await _check(shared_pool, action_url="{{ name }}")
    slow = await _check(shared_pool, body="{% for a in 'abcdefghijkl' %}" * 9 + "{% endfor %}" * 9)
    large = await _check(
        shared_pool, body="{% set a = name %}" + "{% set a = a ~ a %}" * 40 + "{{ a | length }}"
    )

    assert [problem[0] for problem in (*long, *link, *slow, *large)] == [
        "title",
        "action_url",
        "body",
        "body",
    ]
    assert "250 ms" in slow[0][2]
    assert "64 MB" in large[0][2]


async def test_alternatives_are_tried_as_the_schema_allows_them(shared_pool):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    source = "{% if a %}{{ a }}{% else %}{{ b }}{% endif %}"

    assert await _check(shared_pool, schema=schema, sample={"a": "1", "b": "2"}, title=source) == []


async def test_layouts_and_partials_are_checked_with_the_template(shared_pool):
    layout = mjml_layout(
        "<mjml><mj-body><mj-section><mj-column>\n{{ content }}{{ nme }}"
        "</mj-column></mj-section></mj-body></mjml>"
    )
    footer = html_layout("{{ project.nme }}", "footer")
    source = "Hi\n{% include 'footer' %}"
    problems = await _check(
        shared_pool, channel=Channel.EMAIL, subject="S", markdown=source, layout=layout, partials=(footer,)
    )

    assert sorted((part, line) for part, line, _ in problems) == [("layout", 2), ("markdown", 2)]


async def test_two_buttons_cannot_have_one_id(shared_pool):
    parts = {"actions[0].id": "go", "actions[0].label": "Go", "actions[1].label": "Went"}
    alike = {**parts, "actions[1].id": "{% if name %}go{% endif %}"}
    apart = {**alike, "actions[1].id": "went"}

    problems = await _check(shared_pool, title="T", **alike)

    assert [part for part, _, _ in problems] == ["actions[1].id"]
    assert await _check(shared_pool, title="T", **apart) == []


async def test_content_belongs_to_layouts(shared_pool):
    assert await _check(shared_pool, title="{{ content }}") == [("title", 1, "there is no variable content")]


@pytest.mark.parametrize(
    ("parts", "dependence"),
    [
        ({"title": "{{ name }} {{ count | number }}"}, Dependence.NOTHING),
        ({"title": "{{ at | date }}"}, Dependence.ZONE),
        ({"title": "{{ [at] | map('time') | join }}"}, Dependence.ZONE),
        ({"title": "{{ at | date }} {{ recipient.id }}"}, Dependence.RECIPIENT),
        (
            {"title": "{% include 'p' %}", "partials": (html_layout("{{ recipient.id }}", "p"),)},
            Dependence.RECIPIENT,
        ),
        ({"title": "x", "partials": (html_layout("{{ recipient.id }}", "p"),)}, Dependence.NOTHING),
    ],
)
async def test_what_a_rendering_depends_on(parts, dependence, shared_pool):
    report = await shared_pool.check(make_sheet(**parts), _SCHEMA, _SAMPLE)

    assert report.problems == ()
    assert report.dependence is dependence


async def test_what_is_included(shared_pool):
    partials = (html_layout("{% include 'b' %}", "a"), html_layout("x", "b"), html_layout("y", "c"))
    sheet = make_sheet(
        Channel.EMAIL,
        subject="S",
        html="{% include 'a' %}",
        layout=html_layout("{{ content }}"),
        partials=partials,
    )
    report = await shared_pool.check(sheet, {}, {})

    assert report.includes == ("main", "a", "b")


async def test_a_check_that_ends_its_process_names_the_part(shared_pool):
    sheet = make_sheet(Channel.EMAIL, subject="S", html="<div>" * 40_000)
    report = await shared_pool.check(sheet, {}, {})

    assert [problem.part for problem in report.problems] == ["html"]
