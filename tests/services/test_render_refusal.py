"""Whose fault it is that a Send cannot be rendered."""

from __future__ import annotations

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldsInvalid, Reason
from carillon_server.domain.rendering import RenderFailure
from carillon_server.services.render_refusal import refuse


@pytest.mark.parametrize(
    ("variable", "field"), [("project.name", "data.project.name"), ("data.project", "data.project")]
)
def test_what_is_missing_in_the_data_is_the_senders_field(variable: str, field: str) -> None:
    refusal = refuse(RenderFailure("undefined", "is missing", Channel.EMAIL, "subject", variable), "en")
    assert isinstance(refusal, FieldsInvalid)
    assert [violation.field for violation in refusal.violations] == [field]


@pytest.mark.parametrize("variable", ["recipient.attributes.name", "notification.actor_id", ""])
def test_what_else_is_missing_is_the_templates_fault(variable: str) -> None:
    refusal = refuse(RenderFailure("undefined", "is missing", Channel.EMAIL, "subject", variable), "de")
    assert refusal.reason is Reason.TEMPLATE_FAILED
    told = {"channel": "EMAIL", "part": "subject", "locale": "de", "problem": "undefined"}
    assert refusal.metadata == told | ({"variable": variable} if variable else {})


@pytest.mark.parametrize("problem", ["time", "memory", "output", "forbidden", "invalid"])
def test_a_limit_is_never_the_senders_fault(problem: str) -> None:
    refusal = refuse(RenderFailure(problem, "too much", Channel.SMS, "text", "project"), "en")
    assert (refusal.reason, refusal.metadata["problem"]) == (Reason.TEMPLATE_FAILED, problem)
