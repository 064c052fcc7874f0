"""Types, templates and layouts over the socket: what is refused when it is saved, and what holds at once."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1.types_pb2 import CHANNEL_SMS
from carillon_server.domain.identity import Role
from tests.running import make_settings, running_server
from tests.transport.caller import Caller
from tests.transport.catalogs import (
    put_layout,
    put_template,
    put_type,
    refused_layout,
    refused_template,
    refused_type,
    second_operator,
)
from tests.transport.conftest import House
from tests.transport.requests import build

_SMS_EN = {"type": "scan.completed", "channel": CHANNEL_SMS, "locale": "en"}


async def _get(house: House, version: int = 0) -> pb.Template:
    answer: pb.GetTemplateResponse = await house.operator.call(
        "GetTemplate",
        pb.GetTemplateRequest(**_SMS_EN, version=version),  # type: ignore[arg-type]
    )
    return answer.template


async def test_problems_of_a_template_name_part_and_line(house: House) -> None:
    await put_type(house.operator)
    refused = await refused_template(house.operator, email={"subject": "Hi", "html": "<p>\n\n{% if %}</p>"})
    assert refused.fields == ["template.email.html"]
    assert "line 3" in refused.message
    refused = await refused_template(
        house.operator, in_app={"title": "{{ project }}", "body": "{{ nobody }}"}
    )
    assert refused.fields == ["template.in_app.body"]


@pytest.mark.parametrize(
    "source",
    [
        "{{ project.__class__ }}",
        "{{ [].__class__.__mro__ }}",
        "{{ project | attr('x') }}",
        "{% for a in project %}{% for b in project %}{{ loop.parent }}{% endfor %}",
        "{% import 'os' as os %}",
        "{{ score }}",
        "{{ project * 999999999 }}",
    ],
)
async def test_a_template_that_would_fail_or_reach_for_more_is_not_stored(house: House, source: str) -> None:
    await put_type(house.operator)
    refused = await refused_template(house.operator, sms={"text": source})
    assert set(refused.fields) == {"template.sms.text"}
    listed = await house.operator.call("ListTemplates", pb.ListTemplatesRequest(all_versions=True))
    assert not listed.templates


async def test_a_schema_that_breaks_a_template_is_refused(house: House) -> None:
    await put_type(house.operator)
    await put_template(house.operator, sms={"text": "{{ project }}"})
    other = {"type": "object", "properties": {"name": {"type": "string"}}}
    refused = await refused_type(house.operator, data_schema=other, sample_data={"name": "x"})
    assert refused.fields == ["type.data_schema"]
    assert "scan.completed SMS en" in refused.message
    kept = await house.operator.call("GetType", pb.GetTypeRequest(name="scan.completed"))
    assert dict(kept.type.data_schema)["required"][0] == "project"


async def test_a_layout_that_breaks_a_template_is_refused(house: House) -> None:
    await put_type(house.operator)
    await put_layout(house.operator, "head", "<b>{{ notification.type }}</b>")
    await put_layout(house.operator, "frame", '<html><body>{% include "head" %}{{ content }}</body></html>')
    mail = {"subject": "Done", "html": "<p>{{ project }}</p>", "layout": "frame"}
    await put_template(house.operator, email=mail)
    for name, source in (
        ("head", "<b>{{ nobody }}</b>"),
        ("frame", "<html><body>no place</body></html>"),
        ("frame", "<html><body>{{ content }}{% if %}</body></html>"),
    ):
        refused = await refused_layout(house.operator, name, source)
        assert refused.fields == ["layout.source"], source
        assert "scan.completed EMAIL en" in refused.message
    await put_layout(house.operator, "head", "<i>{{ project }}</i>")
    refused = await house.operator.refusal("DeleteLayout", pb.DeleteLayoutRequest(name="head"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "LAYOUT_IN_USE")


@pytest.mark.parametrize("part", ["html", "mjml", "markdown"])
async def test_a_layout_takes_what_fits_its_format(house: House, part: str) -> None:
    await put_type(house.operator)
    frame = "<mjml><mj-body><mj-section><mj-column>{{ content }}</mj-column></mj-section></mj-body></mjml>"
    await put_layout(house.operator, "frame", frame, format=2)
    said = {"mjml": "<mj-text>Done</mj-text>", "markdown": "Done", "html": "<p>Done</p>"}[part]
    mail = {"subject": "Done", part: said, "layout": "frame"}
    if part != "html":
        assert (await put_template(house.operator, email=mail)).version == 1
    else:
        assert (await refused_template(house.operator, email=mail)).fields == ["template.email.layout"]


async def test_an_earlier_version_that_no_longer_fits_is_not_brought_back(house: House) -> None:
    await put_type(house.operator)
    await put_template(house.operator, sms={"text": "{{ project }}"})
    await put_template(house.operator, sms={"text": "done"})
    other = {"type": "object", "properties": {"name": {"type": "string"}}}
    await put_type(house.operator, data_schema=other, sample_data={"name": "x"})
    activate = pb.ActivateTemplateVersionRequest(**_SMS_EN, version=1)  # type: ignore[arg-type]
    assert (await house.operator.refusal("ActivateTemplateVersion", activate)).fields == ["version"]
    assert (await _get(house)).version == 2


async def test_a_version_that_never_was_is_not_found(house: House) -> None:
    await put_type(house.operator)
    await put_template(house.operator, sms={"text": "{{ project }}"})
    for version in (2, 2**31, 2**63 - 1):
        asked = pb.GetTemplateRequest(**_SMS_EN, version=version)  # type: ignore[arg-type]
        assert (await house.operator.refusal("GetTemplate", asked)).reason == "TEMPLATE_NOT_FOUND"
        wanted = pb.ActivateTemplateVersionRequest(**_SMS_EN, version=version)  # type: ignore[arg-type]
        refused = await house.operator.refusal("ActivateTemplateVersion", wanted)
        assert refused.reason == "TEMPLATE_NOT_FOUND"


async def test_what_the_whole_template_breaks_is_said_of_its_channel(house: House) -> None:
    await put_type(house.operator)
    swollen = {"title": "t", "body": "{{ project" + "|upper" * 1_500 + " }}"}
    [field] = (await refused_template(house.operator, in_app=swollen)).fields
    assert field.startswith("template.in_app")


async def test_the_same_content_brings_a_version_back_into_use(house: House) -> None:
    await put_type(house.operator)
    await put_template(house.operator, sms={"text": "one"})
    await put_template(house.operator, sms={"text": "two"}, inactive=True)
    assert (await _get(house)).version == 1
    again = await put_template(house.operator, sms={"text": "two"})
    assert (again.version, again.active) == (2, True)
    assert (await put_template(house.operator, sms={"text": "one"})).version == 3


async def test_of_many_changes_at_once_none_is_lost(house: House) -> None:
    await put_type(house.operator)
    texts = [f"text {number}" for number in range(20)]
    stored = await asyncio.gather(*(put_template(house.operator, sms={"text": text}) for text in texts))
    assert sorted(each.version for each in stored) == list(range(1, 21))
    listed = await house.operator.call("ListTemplates", pb.ListTemplatesRequest(all_versions=True))
    assert [each.active for each in listed.templates].count(True) == 1
    types = [f"type.{number}" for number in range(20)]
    await asyncio.gather(*(put_type(house.operator, name=name) for name in types))
    assert len((await house.operator.call("ListTypes", pb.ListTypesRequest())).types) == 21


async def test_a_schema_and_a_template_that_clash_never_both_win(
    house: House, postgres_url: str, redis_url: str
) -> None:
    """Both are fine by themselves; whichever is written second must have been checked against the first."""
    other = {"type": "object", "properties": {"name": {"type": "string"}}}
    settings = make_settings(postgres_url, redis_url, house.issuer)
    async with running_server(settings) as address, grpc.aio.insecure_channel(address) as channel:
        elsewhere = Caller(channel, house.issuer.token("acme", "root", [Role.OPERATOR]))
        for number in range(10):
            name = f"race.{number}"
            await put_type(house.operator, name=name)
            template = pb.Template(type=name, locale="en", sms={"text": "{{ project }}"})
            kind = pb.NotificationType(name=name, data_schema=other, sample_data={"name": "x"})  # type: ignore[arg-type]
            outcomes = await asyncio.gather(
                house.operator.attempt("PutTemplate", pb.PutTemplateRequest(template=template)),
                elsewhere.attempt("PutType", pb.PutTypeRequest(type=kind)),
            )
            assert [getattr(outcome, "reason", "") for outcome in outcomes].count("FIELD_INVALID") == 1


async def test_a_change_on_one_server_holds_at_once_on_another(
    house: House, postgres_url: str, redis_url: str
) -> None:
    settings = make_settings(postgres_url, redis_url, house.issuer, unknown_types="refuse")
    send = build("Send", {"content": None, "data": {"project": "Luna"}})
    async with running_server(settings) as address, grpc.aio.insecure_channel(address) as channel:
        other = Caller(channel, house.issuer.token("acme", "billing", [Role.PRODUCER]))
        assert (await other.refusal("Send", send)).reason == "TYPE_NOT_FOUND"
        await put_type(house.operator)
        assert (await other.refusal("Send", send)).reason == "TEMPLATE_NOT_FOUND"
        await put_template(house.operator, in_app={"title": "{{ project }} done"})
        assert (await other.call("Send", send)).results[0].notification_id


async def test_another_tenant_has_nothing_of_it(house: House) -> None:
    await put_type(house.operator)
    await put_template(house.operator, sms={"text": "done"})
    await put_layout(house.operator, "frame", "<p>{{ content }}</p>")
    stranger = second_operator(house)
    get = pb.GetTypeRequest(name="scan.completed")
    assert (await stranger.refusal("GetType", get)).reason == "TYPE_NOT_FOUND"
    get_template = pb.GetTemplateRequest(**_SMS_EN)  # type: ignore[arg-type]
    assert (await stranger.refusal("GetTemplate", get_template)).reason == "TEMPLATE_NOT_FOUND"
    assert (await stranger.refusal("PreviewTemplate", build("PreviewTemplate"))).reason == "TYPE_NOT_FOUND"
    for rpc, request in (
        ("DeleteType", pb.DeleteTypeRequest(name="scan.completed")),
        ("DeleteTemplate", pb.DeleteTemplateRequest(**_SMS_EN)),  # type: ignore[arg-type]
        ("DeleteLayout", pb.DeleteLayoutRequest(name="frame")),
    ):
        await stranger.call(rpc, request)
    assert (await _get(house)).version == 1
    assert len((await house.operator.call("ListLayouts", pb.ListLayoutsRequest())).layouts) == 1
    await put_type(house.operator, name="another")
    page = await house.operator.call("ListTypes", pb.ListTypesRequest(page_size=1))
    stolen = pb.ListTypesRequest(page_token=page.next_page_token)
    assert (await stranger.refusal("ListTypes", stolen)).reason == "PAGE_TOKEN_INVALID"


async def test_the_oldest_versions_make_room(house: House) -> None:
    await put_type(house.operator)
    await put_template(house.operator, sms={"text": "first"})
    for number in range(101):
        await put_template(house.operator, sms={"text": f"{number}"}, inactive=True)
    listed = await house.operator.call(
        "ListTemplates", pb.ListTemplatesRequest(all_versions=True, page_size=500)
    )
    versions = [each.version for each in listed.templates]
    assert (versions[:2], versions[-1], len(versions)) == ([1, 3], 102, 101)
    assert (await _get(house)).sms.text == "first"
