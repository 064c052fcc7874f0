"""What kinds of things a tenant has, and how they read: what the service and the fake have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from carillon import AsyncClient, errors
from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1.types_pb2 import CHANNEL_EMAIL, CHANNEL_IN_APP, CHANNEL_SMS, PRIORITY_HIGH

SCHEMA = {"type": "object", "properties": {"project": {"type": "string"}}, "required": ["project"]}
SAMPLE = {"project": "Apollo"}


@pytest.fixture
async def kind(operator: AsyncClient, ada: str) -> AsyncIterator[str]:
    """The name of a type that no other test knows."""
    name = f"scan.{ada[-20:]}"
    await operator.put_type(
        type={"name": name, "data_schema": SCHEMA, "sample_data": SAMPLE, "category": "scans"}
    )
    yield name
    await operator.delete_type(name=name)


async def _put(operator: AsyncClient, kind: str, locale: str = "en", **content: Any) -> pb.Template:
    template: Any = {"type": kind, "locale": locale, **content}
    return (await operator.put_template(template=template)).template


async def test_a_type_is_put_got_listed_and_removed(operator: AsyncClient, kind: str) -> None:
    put = await operator.put_type(
        type={
            "name": kind,
            "display_name": "Scan completed",
            "priority": "HIGH",
            "channels": [{"channel": "IN_APP", "enabled": True}, {"channel": "SMS"}],
            "mandatory": True,
            "retention": {"archive_after": timedelta(days=30)},
            "data_schema": SCHEMA,
            "sample_data": SAMPLE,
            "time_to_live": timedelta(days=7),
            "digest": {"frequency": "WEEKLY", "channels": ["EMAIL"], "weekday": "FRIDAY"},
            "schedule": {"local_time": "08:00", "weekdays": ["MONDAY"], "topic": "briefings"},
            "escalation": {"steps": [{"after": timedelta(minutes=30), "channels": ["SMS"]}]},
        }
    )
    assert (await operator.get_type(name=kind)).type == put.type
    assert put.type.priority == PRIORITY_HIGH
    assert MessageToDict(put.type.data_schema) == SCHEMA
    assert [(each.channel, each.enabled) for each in put.type.channels] == [
        (CHANNEL_IN_APP, True),
        (CHANNEL_SMS, False),
    ]
    assert put.type.escalation.steps[0].after.ToTimedelta() == timedelta(minutes=30)
    assert put.type in [each async for each in operator.list_all_types()]
    await operator.delete_type(name=kind)
    await operator.delete_type(name=kind)
    with pytest.raises(errors.TypeNotFoundError):
        await operator.get_type(name=kind)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "a b"}, "type.name"),
        ({"channels": [{"channel": "SMS"}, {"channel": "SMS"}]}, "type.channels[1]"),
        ({"data_schema": SCHEMA, "sample_data": None}, "type.sample_data"),
        ({"digest": {"frequency": "DAILY", "channels": ["IN_APP"]}}, "type.digest.channels"),
        ({"schedule": {"local_time": "8 o'clock"}}, "type.schedule.local_time"),
    ],
)
async def test_what_a_type_cannot_be_is_named(
    operator: AsyncClient, kind: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.FieldInvalidError) as refused:
        await operator.put_type(type={"name": kind, **changes})  # type: ignore[typeddict-item]
    assert [each.field for each in refused.value.field_violations] == [field]


async def test_types_come_in_pages(operator: AsyncClient, kind: str) -> None:
    for number in range(3):
        await operator.put_type(type={"name": f"{kind}.{number}"})
    one_by_one = [each.name async for each in operator.list_all_types(page_size=1)]
    assert one_by_one == [each.name async for each in operator.list_all_types()]
    assert {f"{kind}.{number}" for number in range(3)} <= set(one_by_one)
    for number in range(3):
        await operator.delete_type(name=f"{kind}.{number}")


async def test_each_content_is_a_version_and_one_is_in_use(operator: AsyncClient, kind: str) -> None:
    first = await _put(operator, kind, sms={"text": "{{ project }} done"})
    assert (first.version, first.active) == (1, True)
    assert (await _put(operator, kind, sms={"text": "{{ project }} done"})).version == 1
    second: Any = {"type": kind, "locale": "en", "sms": {"text": "{{ project }} is ready"}}
    stored = (await operator.put_template(template=second, inactive=True)).template
    assert (stored.version, stored.active) == (2, False)
    key: Any = {"type": kind, "channel": "SMS", "locale": "en"}
    assert (await operator.get_template(**key)).template.version == 1
    assert (await operator.activate_template_version(**key, version=2)).template.active
    assert (await operator.get_template(**key)).template.sms.text == "{{ project }} is ready"
    assert not (await operator.get_template(**key, version=1)).template.active
    await operator.activate_template_version(**key, version=1)
    versions = await operator.list_templates(type=kind, all_versions=True)
    assert [(each.version, each.active) for each in versions.templates] == [(1, True), (2, False)]
    for number in (3, 99):
        with pytest.raises(errors.TemplateNotFoundError):
            await operator.activate_template_version(**key, version=number)
    await operator.delete_template(**key)
    await operator.delete_template(**key)
    with pytest.raises(errors.TemplateNotFoundError):
        await operator.get_template(**key)


async def test_templates_are_listed_by_channel_and_locale(operator: AsyncClient, kind: str) -> None:
    await _put(operator, kind, "de-ch", sms={"text": "fertig"})
    await _put(operator, kind, "en", sms={"text": "done"})
    await _put(operator, kind, "en", in_app={"title": "Done", "actions": [{"id": "a", "label": "Open"}]})
    found = [
        (each.channel, each.locale) async for each in operator.list_all_templates(type=kind, page_size=1)
    ]
    assert found == [(CHANNEL_IN_APP, "en"), (CHANNEL_SMS, "de-CH"), (CHANNEL_SMS, "en")]
    german = await operator.list_templates(type=kind, locale="de-CH")
    assert [each.sms.text for each in german.templates] == ["fertig"]
    assert len((await operator.list_templates(type=kind, channel="IN_APP")).templates) == 1


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"email": {"html": "<p>Done</p>"}}, "template.email.subject"),
        ({"email": {"subject": "s", "html": "<p>a</p>", "markdown": "a"}}, "template.email.markdown"),
        ({"email": {"subject": "s", "html": "<p>a</p>", "layout": "nowhere"}}, "template.email.layout"),
        ({"email": {"subject": "s", "layout": "nowhere"}}, "template.email.layout"),
        ({}, "template.content"),
    ],
)
async def test_what_a_template_cannot_say_is_named(
    operator: AsyncClient, kind: str, content: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.FieldInvalidError) as refused:
        await _put(operator, kind, **content)
    assert [each.field for each in refused.value.field_violations] == [field]


async def test_a_template_is_of_a_type_that_there_is(operator: AsyncClient, kind: str) -> None:
    with pytest.raises(errors.TypeNotFoundError):
        await _put(operator, f"{kind}.unheard", sms={"text": "done"})


async def test_a_layout_stays_while_a_template_uses_it(operator: AsyncClient, kind: str) -> None:
    frame: Any = {"name": kind, "format": "HTML", "source": "<html><body>{{ content }}</body></html>"}
    put = (await operator.put_layout(layout=frame)).layout
    assert put in (await operator.list_layouts(page_size=1_000)).layouts
    await _put(operator, kind, email={"subject": "Done", "html": "<p>Done</p>", "layout": kind})
    with pytest.raises(errors.LayoutInUseError):
        await operator.delete_layout(name=kind)
    await operator.delete_template(type=kind, channel="EMAIL", locale="en")
    await operator.delete_layout(name=kind)
    await operator.delete_layout(name=kind)
    assert put not in (await operator.list_layouts(page_size=1_000)).layouts


async def test_a_send_reads_as_its_type_says(
    operator: AsyncClient, producer: AsyncClient, gateway: AsyncClient, kind: str, ada: str
) -> None:
    await _put(operator, kind, in_app={"title": "{{ project }} is done", "action_url": "/p/{{ project }}"})
    await _put(operator, kind, "de", in_app={"title": "{{ project }} ist fertig"})
    await operator.upsert_recipient(recipient={"recipient_id": ada, "locale": "de-CH"})
    sent = await producer.send(recipient_ids=[ada, f"{ada}-2"], type=kind, data={"project": "Luna"})
    titles = []
    for result in sent.results:
        got = await gateway.get(id=result.notification_id, recipient_id=result.recipient_id)
        assert got.notification.category == "scans"
        titles.append(got.notification.content.title)
    assert titles == ["Luna ist fertig", "Luna is done"]


async def test_a_send_without_what_it_needs_is_refused(
    operator: AsyncClient, producer: AsyncClient, kind: str, ada: str
) -> None:
    with pytest.raises(errors.TemplateNotFoundError):
        await producer.send(recipient_ids=[ada], type=kind, data=SAMPLE)
    await _put(operator, kind, in_app={"title": "{{ project }} is done"})
    with pytest.raises(errors.FieldInvalidError) as refused:
        await producer.send(recipient_ids=[ada], type=kind)
    assert [each.field for each in refused.value.field_violations] == ["data.project"]
    with pytest.raises(errors.FieldInvalidError) as refused:
        await producer.send(recipient_ids=[ada], type=f"{kind}.unheard")
    assert [each.field for each in refused.value.field_violations] == ["content"]


async def test_a_preview_shows_every_channel(operator: AsyncClient, kind: str) -> None:
    await _put(operator, kind, in_app={"title": "{{ project }} is done"})
    await _put(operator, kind, "de", in_app={"title": "{{ project }} ist fertig"})
    await _put(operator, kind, sms={"text": "{{ project }}!"})
    shown = await operator.preview_template(type=kind, channels=["IN_APP", "SMS"], locale="de")
    assert [(each.channel, each.locale, each.version) for each in shown.renderings] == [
        (CHANNEL_IN_APP, "de", 1),
        (CHANNEL_SMS, "en", 1),
    ]
    assert shown.renderings[0].content.in_app.title == "Apollo ist fertig"
    assert shown.renderings[1].content.sms.text == "Apollo!"
    assert MessageToDict(shown.data) == SAMPLE
    draft: Any = {"type": kind, "locale": "en", "sms": {"text": "{{ project }}?"}}
    shown = await operator.preview_template(template=draft, channels=["SMS"], data={"project": "Luna"})
    assert [(each.version, each.content.sms.text) for each in shown.renderings] == [(0, "Luna?")]


async def test_a_test_goes_out_whatever_the_recipient_prefers(
    operator: AsyncClient, gateway: AsyncClient, kind: str, ada: str
) -> None:
    await _put(operator, kind, in_app={"title": "{{ project }} is done"})
    with pytest.raises(errors.RecipientNotFoundError):
        await operator.send_test(type=kind, recipient_id=ada)
    await operator.upsert_recipient(
        recipient={"recipient_id": ada}, endpoints=[{"channel": "EMAIL", "address": f"{ada}@example.com"}]
    )
    await gateway.update_preferences(
        recipient_id=ada, preferences={"channels": [{"channel": "EMAIL", "enabled": False}]}
    )
    await gateway.mute(recipient_id=ada, target={"type": kind})
    result = (await operator.send_test(type=kind, recipient_id=ada)).result
    assert {each.channel for each in result.decisions if each.verdict == 1} == {CHANNEL_IN_APP, CHANNEL_EMAIL}
    got = await gateway.get(id=result.notification_id, recipient_id=ada)
    assert got.notification.labels == {"carillon.test": "true"}
    assert got.notification.content.title == "Apollo is done"


async def test_settings_change_by_the_field(
    operator: AsyncClient, producer: AsyncClient, kind: str, ada: str
) -> None:
    try:
        await operator.update_catalog_settings(
            settings={"default_locale": "de-ch", "unknown_types": "REFUSE"}
        )
        changed = await operator.update_catalog_settings(settings={"default_time_zone": "Europe/Zurich"})
        assert (changed.settings.default_locale, changed.settings.unknown_types) == ("de-CH", 1)
        with pytest.raises(errors.TypeNotFoundError):
            await producer.send(recipient_ids=[ada], type=f"{kind}.unheard", content={"title": "Hi"})
    finally:
        await operator.update_catalog_settings(settings={}, update_mask=["*"])
    assert (await operator.get_catalog_settings()).settings == pb.CatalogSettings()
    await producer.send(recipient_ids=[ada], type=f"{kind}.unheard", content={"title": "Hi"})


async def test_producers_read_and_change_nothing(producer: AsyncClient, kind: str) -> None:
    assert (await producer.get_type(name=kind)).type.name == kind
    assert (await producer.preview_template(type=kind)).data == pb.PreviewTemplateResponse(
        data={"project": "Apollo"}
    ).data
    for call in (
        producer.put_type(type={"name": kind}),
        producer.delete_type(name=kind),
        producer.send_test(type=kind, recipient_id="ada"),
        producer.update_catalog_settings(settings={}),
    ):
        with pytest.raises(errors.ScopeMissingError):
            await call
