"""Who gets in, and what other sites can do with it: nothing."""

from __future__ import annotations

import pytest

from carillon import AsyncClient
from carillon.testing import FakeCarillon
from carillon_gateway.settings import Settings, SettingsError
from tests.gateway.browser import Browser


@pytest.fixture
def signed_in(gateway: int, service: FakeCarillon) -> Browser:
    """With the cookie, as a page of the gateway is."""
    return Browser(gateway, cookie=f"carillon_token={service.token('user', 'user-a')}")


async def test_the_cookie_is_as_good_as_the_header(signed_in: Browser) -> None:
    assert (await signed_in.get("/v1/counts")).status == 200


async def test_changes_with_the_cookie_come_from_our_own_page_only(signed_in: Browser) -> None:
    path, body = "/v1/notifications:markRead", {"all": True}
    own = f"http://{signed_in.headers['host']}"
    assert (await signed_in.wearing(origin=own).post(path, body)).status == 200
    for origin in ("http://evil.example", "null", own + "0", "http://127.0.0.1"):
        assert (await signed_in.wearing(origin=origin).post(path, body)).status == 403
    assert (await signed_in.post(path, body)).status == 403


async def test_changes_with_the_header_need_no_origin(user_a: Browser) -> None:
    assert (await user_a.post("/v1/notifications:markRead", {"all": True})).status == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/counts", "/v1/nothing", "/static/page.js"])
async def test_every_answer_is_protected(user_a: Browser, path: str) -> None:
    headers = (await user_a.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


async def test_choosing_a_user_leaves_a_cookie_that_scripts_cannot_read(gateway: int) -> None:
    answer = await Browser(gateway).get("/?user=user-a")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("carillon_token=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("user", ["operator", "nobody", "producer"])
async def test_only_the_people_of_the_demo_can_be_chosen(gateway: int, user: str) -> None:
    answer = await Browser(gateway).get(f"/?user={user}")
    assert "set-cookie" not in answer.headers


async def test_the_demo_answers_to_no_other_name(gateway: int) -> None:
    assert (await Browser(gateway).wearing(host="evil.example").get("/?user=user-a")).status == 400


@pytest.fixture
async def types(service: FakeCarillon) -> None:
    """Two types that can be sent, and one without an example."""
    async with AsyncClient(service.target, token=service.token("operator")) as operator:
        for name in ("scan.completed", "scan.failed"):
            await operator.put_type(type={"name": name, "sample_data": {"project": "Apollo"}})
            await operator.put_template(
                template={
                    "type": name,
                    "channel": "IN_APP",
                    "locale": "en",
                    "in_app": {"title": "{{ project }}"},
                }
            )
        await operator.put_type(type={"name": "scan.paused"})


async def test_without_types_there_is_no_sample(signed_in: Browser) -> None:
    own = signed_in.wearing(origin=f"http://{signed_in.headers['host']}")
    assert (await own.post("/demo/send", {"user": "user-a"})).status == 400


@pytest.mark.usefixtures("types")
async def test_the_types_of_the_tenant_are_the_samples(signed_in: Browser) -> None:
    own = signed_in.wearing(origin=f"http://{signed_in.headers['host']}")
    for _ in range(2):
        assert (await own.post("/demo/send", {"user": "user-a"})).status == 200
    listed = (await own.get("/v1/notifications")).document["notifications"]
    assert {each["type"] for each in listed} == {"scan.completed", "scan.failed"}
    assert {each["content"]["title"] for each in listed} == {"Apollo"}


@pytest.mark.usefixtures("types")
async def test_a_sample_arrives(signed_in: Browser) -> None:
    own = signed_in.wearing(origin=f"http://{signed_in.headers['host']}")
    assert (await own.get("/demo/users")).document == {
        "users": ["user-a", "user-b"],
        "user": "user-a",
        "canSend": True,
        "pages": {},
    }
    assert (await own.post("/demo/send", {"user": "user-a"})).status == 200
    assert (await own.get("/v1/counts")).document["counts"]["unreadCount"] == "1"
    assert (await own.post("/demo/send", {"user": "somebody"})).status == 400


@pytest.mark.parametrize("path", ["/", "/?user=user-a", "/demo/users", "/static/page.js", "/mail"])
async def test_without_demo_tokens_there_is_no_demo(plain_gateway: int, path: str) -> None:
    assert (await Browser(plain_gateway).get(path)).status == 404


async def test_health_needs_nobody(plain_gateway: int) -> None:
    assert (await Browser(plain_gateway).get("/healthz")).status == 200


@pytest.mark.parametrize(
    "environment",
    [
        {"CARILLON_HTTP_ADDRESS": "8080"},
        {"CARILLON_HTTP_ADDRESS": "127.0.0.1:http"},
        {"CARILLON_HTTP_ADDRESS": "127.0.0.1:70000"},
        {"CARILLON_DEMO_TOKENS": "user-a"},
        {"CARILLON_DEMO_TOKENS": '["user-a"]'},
        {"CARILLON_DEMO_TOKENS": '{"user-a": "t"}', "CARILLON_HTTP_ADDRESS": "0.0.0.0:8080"},
        {"CARILLON_DEMO_TOKENS": '{"user-a": "t"}', "CARILLON_HTTP_ADDRESS": "intranet:8080"},
    ],
)
def test_a_setting_that_cannot_be_used_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="CARILLON_"):
        Settings.from_environment(environment)


def test_settings_have_defaults() -> None:
    settings = Settings.from_environment({})
    assert (settings.target, settings.host, settings.port) == ("127.0.0.1:50051", "127.0.0.1", 8080)
    assert not settings.demo_tokens
