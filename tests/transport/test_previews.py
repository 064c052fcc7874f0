"""How types read, shown and tried out."""

from __future__ import annotations

from typing import Any

from carillon.v1 import catalog_service_pb2 as pb
from carillon.v1.types_pb2 import (
    CHANNEL_CHAT,
    CHANNEL_EMAIL,
    CHANNEL_IN_APP,
    CHANNEL_PUSH,
    CHANNEL_SMS,
    CHANNEL_WEBHOOK,
)
from tests.transport.catalogs import preview, put_layout, put_template, put_type
from tests.transport.conftest import House
from tests.transport.requests import build

_EVERY = [{"channel": number, "enabled": True} for number in range(1, 7)]


async def test_channels_without_a_template_make_do_with_the_inbox(house: House) -> None:
    await put_type(house.operator, channels=_EVERY)
    await put_template(house.operator, in_app={"title": "{{ project }} done", "body": "Look."})
    await put_template(house.operator, push={"title": "{{ project }}!", "data": {"screen": "{{ project }}"}})
    shown = await preview(house.operator)
    assert set(shown) == {CHANNEL_IN_APP, CHANNEL_EMAIL, CHANNEL_PUSH, CHANNEL_SMS, CHANNEL_CHAT}
    assert dict(shown[CHANNEL_PUSH].content.push.data) == {"screen": "Apollo"}
    assert (shown[CHANNEL_EMAIL].content.email.subject, shown[CHANNEL_EMAIL].locale) == ("Apollo done", "")
    assert shown[CHANNEL_SMS].content.sms.text == "Apollo done\nLook."
    assert CHANNEL_WEBHOOK not in shown


async def test_a_mail_is_shown_as_it_goes_out(house: House) -> None:
    await put_type(house.operator)
    frame = "<html><body><h1>Acme</h1>{{ content }}</body></html>"
    await put_layout(house.operator, "frame", frame)
    mail = {"subject": "{{ project }}", "markdown": "**{{ project }}** & done", "layout": "frame"}
    await put_template(house.operator, email=mail)
    shown = (await preview(house.operator, data={"project": "<b>"}))[CHANNEL_EMAIL].content.email
    assert shown.subject == "<b>"
    assert "<h1>Acme</h1>" in shown.html
    assert "<strong>&lt;b&gt;</strong>" in shown.html
    assert not shown.markdown
    assert shown.text


async def test_a_preview_is_as_the_recipient_would_see_it(house: House) -> None:
    await put_type(house.operator)
    name = "{{ recipient.attributes.name | default('friend') }}"
    await put_template(house.operator, sms={"text": f"{name} in {{{{ recipient.time_zone }}}}"})
    await put_template(house.operator, "de", sms={"text": f"{name}, fertig"})
    profile = {"recipient_id": "ada", "locale": "de-CH", "time_zone": "Europe/Zurich"}
    profile |= {"attributes": {"name": "Ada"}}
    await house.operator.call("UpsertRecipient", build("UpsertRecipient", {"recipient": profile}))
    only: dict[str, Any] = {"channels": [CHANNEL_SMS]}
    for fields, text in (
        ({}, "friend in UTC"),
        ({"time_zone": "Asia/Tokyo"}, "friend in Asia/Tokyo"),
        ({"recipient_id": "ada"}, "Ada, fertig"),
        ({"recipient_id": "ada", "locale": "en"}, "Ada in Europe/Zurich"),
    ):
        assert (await preview(house.operator, **only, **fields))[CHANNEL_SMS].content.sms.text == text
    request = build("PreviewTemplate", {"recipient_id": "nobody"})
    assert (await house.operator.refusal("PreviewTemplate", request)).reason == "RECIPIENT_NOT_FOUND"


async def test_a_draft_has_problems_instead_of_refusals(house: House) -> None:
    await put_type(house.operator)
    await put_template(house.operator, in_app={"title": "{{ project }}"})
    draft = {"type": "scan.completed", "locale": "en"}
    shown = await preview(house.operator, template={**draft, "sms": {"text": "{% if %}"}})
    assert "sms.text" in shown[CHANNEL_SMS].problem
    assert not shown[CHANNEL_IN_APP].problem
    shown = await preview(house.operator, template={**draft, "sms": {"text": "{{ project }}!"}})
    assert (shown[CHANNEL_SMS].content.sms.text, shown[CHANNEL_SMS].version) == ("Apollo!", 0)
    assert not (await house.operator.call("ListTemplates", pb.ListTemplatesRequest(channel=4))).templates


async def test_another_version_can_be_shown(house: House) -> None:
    await put_type(house.operator)
    for text in ("one", "two"):
        await put_template(house.operator, sms={"text": text})
    shown = await preview(house.operator, channels=[CHANNEL_SMS], version=1)
    assert (shown[CHANNEL_SMS].content.sms.text, shown[CHANNEL_SMS].version) == ("one", 1)
    request = build("PreviewTemplate", {"channels": [CHANNEL_SMS], "version": 3})
    assert (await house.operator.refusal("PreviewTemplate", request)).reason == "TEMPLATE_NOT_FOUND"


async def test_data_that_breaks_the_schema_is_refused(house: House) -> None:
    await put_type(house.operator)
    request = pb.PreviewTemplateRequest(type="scan.completed", data={"project": 3})  # type: ignore[arg-type]
    assert (await house.operator.refusal("PreviewTemplate", request)).fields == ["data.project"]


async def test_a_test_is_read_in_the_locale_that_is_asked_for(house: House) -> None:
    await put_type(house.operator)
    await put_template(house.operator, in_app={"title": "{{ project }} is done"})
    await put_template(house.operator, "de", in_app={"title": "{{ project }} ist fertig"})
    await house.operator.call("UpsertRecipient", build("UpsertRecipient"))
    test = pb.SendTestRequest(
        type="scan.completed", recipient_id="ada", locale="de-AT", channels=[CHANNEL_IN_APP]
    )
    answer = await house.operator.call("SendTest", test)
    (decision,) = answer.result.decisions
    assert decision.channel == CHANNEL_IN_APP
    got = await house.user().call(
        "Get", build("Get", {"id": answer.result.notification_id, "recipient_id": None})
    )
    assert got.notification.content.title == "Apollo ist fertig"
