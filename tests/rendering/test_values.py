"""What is there, what is missing, and what may go out."""

from __future__ import annotations

import pytest

from carillon_server.domain.channel import Channel
from tests.rendering.sheets import make_job, make_sheet

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DATA = {
    "name": "Ann",
    "count": 3.0,
    "nothing": None,
    "project": {"name": "X", "owner": None},
    "items": [{"price": 1}, {"price": None}, {}],
    "flag": True,
}


@pytest.mark.parametrize(
    ("source", "variable"),
    [
        ("{{ nothing }}", "nothing"),
        ("{{ absent }}", "absent"),
        ("{{ project.owner }}", "project.owner"),
        ("{{ project.owner.name }}", "project.owner.name"),
        ("{{ data.project.owner }}", "project.owner"),
        ("{{ data.absent }}", "absent"),
        ("{% for item in items %}{{ item.price }}{% endfor %}", "items[1].price"),
        ("{{ items[7] }}", "items[7]"),
        ("{{ recipient.attributes.name }}", "recipient.attributes.name"),
        ("{{ notification.labels.scan }}", "notification.labels.scan"),
        ("{{ absent | upper }}", "absent"),
        ("{{ absent | number }}", "absent"),
        ("{{ absent | length }}", "absent"),
        ("{{ absent ~ 'x' }}", "absent"),
        ("{{ absent + 1 }}", "absent"),
        ("{{ absent * 2 }}", "absent"),
        ("{{ absent > 3 }}", "absent"),
        ("{% for x in absent %}{% endfor %}", "absent"),
    ],
)
async def test_what_is_missing_is_named(source, variable, shared_pool):
    job = make_job(make_sheet(title=source), data=_DATA, recipient={"id": "a", "attributes": {}})
    (answer,) = await shared_pool.render([job])

    assert (answer.problem, answer.variable) == ("undefined", variable)
    assert (answer.channel, answer.part) == (Channel.IN_APP, "title")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% if nothing %}a{% else %}b{% endif %}", "b"),
        ("{% if project.owner.name %}a{% else %}b{% endif %}", "b"),
        ("{{ absent | default('x') }}", "x"),
        ("{{ project.owner.name | default('x') }}", "x"),
        ("{{ absent == none }} {{ absent is none }} {{ absent is defined }}", "true true false"),
        ("{{ 'b' if absent == 'x' else 'c' }}", "c"),
        ("{{ count }} {{ count / 2 }} {{ flag }}", "3 1.5 true"),
        ("{{ items | map(attribute='price') | select('number') | join('-') }}", "1"),
        ("{{ items[0].price }} {{ name[0] }} {{ name[:2] }}", "1 A An"),
        ("{% for i in items %}{{ loop.index }}{% if not loop.last %}/{% endif %}{% endfor %}", "1/2/3"),
    ],
)
async def test_what_may_be_missing_can_be_asked_for(source, expected, renderings):
    assert await renderings.line(source, _DATA) == expected


async def test_a_line_stays_one_line(renderings):
    data = {"name": "a\r\nBcc: b\u2028c\x00d\te"}
    parts = await renderings.parts(Channel.PUSH, data, title="{{ name }}", body="{{ name }}")

    assert parts["title"] == "a Bcc: b c d e"
    assert parts["body"] == "a\nBcc: b\u2028c d\te"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//x.example", "http:/x", "x", "/a b", "ftp://x.example"],
)
async def test_a_link_leads_somewhere_decent(url, renderings):
    failure = await renderings.failure(Channel.IN_APP, {"url": url}, action_url="{{ url }}")

    assert (failure.problem, failure.part) == ("invalid", "action_url")


@pytest.mark.parametrize("url", ["/projects/7?x=1", "https://x.example/a#b"])
async def test_a_link_may_be_a_path_or_a_url(url, renderings):
    parts = await renderings.parts(Channel.IN_APP, {"url": url}, action_url=" {{ url }} ")

    assert parts["action_url"] == url


@pytest.mark.parametrize(
    ("channel", "parts", "part"),
    [
        (Channel.IN_APP, {"title": "{{ long[:201] }}"}, "title"),
        (Channel.IN_APP, {"title": " {{ blank }} "}, "title"),
        (Channel.IN_APP, {"title": r'{{ "\ud800" }}'}, "title"),
        (Channel.IN_APP, {"body": "{{ long }}"}, "body"),
        (Channel.IN_APP, {"icon": "two words"}, "icon"),
        (Channel.IN_APP, {"image_url": "/path"}, "image_url"),
        (Channel.IN_APP, {"actions[0].id": "a", "actions[0].label": "{{ blank }}"}, "actions[0].label"),
        (Channel.SMS, {"text": "{{ long[:1601] }}"}, "text"),
        (Channel.PUSH, {"title": "T", "data.screen": "{{ long[:1001] }}"}, "data.screen"),
        (Channel.EMAIL, {"subject": "{{ long[:201] }}"}, "subject"),
        (Channel.WEBHOOK, {"payload": "[1]"}, "payload"),
        (Channel.WEBHOOK, {"payload": "{1}"}, "payload"),
        (Channel.WEBHOOK, {"payload": '{"a": NaN}'}, "payload"),
        (Channel.WEBHOOK, {"payload": '{"a":' + "[" * 40 + "]" * 40 + "}"}, "payload"),
    ],
)
async def test_what_comes_out_keeps_the_limits_of_its_channel(channel, parts, part, renderings):
    failure = await renderings.failure(channel, {"long": "x" * 20_000, "blank": " \n "}, **parts)

    assert (failure.problem, failure.channel, failure.part) == ("invalid", channel, part)
    assert "xxx" not in failure.detail


async def test_a_payload_takes_any_value(renderings):
    data = {"name": '"},"admin":true,{"', "items": [1, 2.5, None]}
    source = '{"n": {{ name | tojson }}, "i": {{ items | tojson }}, "x": {{ absent | tojson }}}'
    parts = await renderings.parts(Channel.WEBHOOK, data, payload=source)

    assert parts["payload"] == '{"n":"\\"},\\"admin\\":true,{\\"","i":[1,2.5,null],"x":null}'


async def test_rules_are_lines_over_the_same_variables(shared_pool):
    sheet = make_sheet(title="T")
    fine = make_job(sheet, data={"id": "7\n8"}, rules={"collapse": "scan/{{ id }}", "thread": ""})
    missing = make_job(sheet, rules={"collapse": "scan/{{ id }}"})
    long = make_job(sheet, data={"id": "x" * 200}, rules={"thread": "scan/{{ id }}"})
    rendered, undefined, invalid = await shared_pool.render([fine, missing, long])

    assert rendered.rules == {"collapse": "scan/7 8", "thread": ""}
    assert (undefined.problem, undefined.part, undefined.variable) == ("undefined", "collapse", "id")
    assert (invalid.problem, invalid.part, invalid.channel) == ("invalid", "thread", None)
