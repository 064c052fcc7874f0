"""Recipients, endpoints and preferences."""

from __future__ import annotations

import pytest

from tests.cli.command import Run


def test_a_recipient_is_kept_listed_and_erased(carillon: Run) -> None:
    carillon("recipients", "upsert", "ada", "--locale", "de-CH", "--attributes", '{"team": "a"}')
    carillon("recipients", "upsert", "ada", "--time-zone", "Europe/Zurich")
    held = carillon("recipients", "get", "ada").document
    assert (held["locale"], held["time_zone"], held["attributes"]) == (
        "de-CH",
        "Europe/Zurich",
        {"team": "a"},
    )
    assert [recipient["recipient_id"] for recipient in carillon("recipients", "list").lines] == ["ada"]
    assert carillon("recipients", "delete", "ada", "--yes").exit_code == 0
    assert carillon("recipients", "get", "ada").exit_code == 1


def test_an_endpoint_is_added_and_removed(carillon: Run) -> None:
    added = carillon("endpoints", "put", "email", "a@example.com", "--label", "work").document
    assert carillon("endpoints", "list").lines == [added]
    assert added["channel"] == "CHANNEL_EMAIL"
    carillon("endpoints", "delete", added["id"])
    assert carillon("endpoints", "list").lines == []


def test_a_device_is_added_for_a_platform(carillon: Run) -> None:
    added = carillon("endpoints", "put", "push", "ab" * 32, "--platform", "fcm").document
    assert added["platform"] == "PUSH_PLATFORM_FCM"


def test_whether_an_address_was_checked_is_said_for_others_and_shown(carillon: Run) -> None:
    put = ("endpoints", "put", "email", "ada@example.com", "--recipient", "ada")
    assert carillon(*put).document["verification"] == "VERIFICATION_STATE_UNVERIFIED"
    assert carillon(*put, "--verified").document["verification"] == "VERIFICATION_STATE_VERIFIED"
    carillon(*put)
    [listed] = carillon("endpoints", "list", "--recipient", "ada").lines
    assert listed["verification"] == "VERIFICATION_STATE_VERIFIED"
    assert carillon(*put, "--failed").document["verification"] == "VERIFICATION_STATE_FAILED"


def test_an_address_given_with_a_recipient_becomes_an_endpoint(carillon: Run) -> None:
    carillon("recipients", "upsert", "ada", "--email", "ada@example.com")
    [endpoint] = carillon("endpoints", "list", "--recipient", "ada").lines
    assert endpoint["address"] == "ada@example.com"


def test_setting_one_preference_keeps_the_others(carillon: Run) -> None:
    carillon("preferences", "set", "--channel", "email=off", "--rule", "scan.completed:email=on")
    carillon("preferences", "set", "--channel", "in_app=on", "--rule", "scan.completed:email=off")
    held = carillon("preferences", "get").document
    channels = {switch["channel"]: switch.get("enabled", False) for switch in held["channels"]}
    assert channels == {"CHANNEL_EMAIL": False, "CHANNEL_IN_APP": True}
    assert held["rules"] == [{"type": "scan.completed", "channel": "CHANNEL_EMAIL"}]


@pytest.mark.parametrize(
    ("options", "target"),
    [
        (["--sender", "bob"], {"sender": "bob"}),
        (["--thread", "t1"], {"thread_key": "t1"}),
        (["--label", "folder=work"], {"label": {"key": "folder", "value": "work"}}),
        (["--type", "scan.completed"], {"type": "scan.completed"}),
    ],
)
def test_a_mute_is_set_and_taken_away(carillon: Run, options: list[str], target: dict[str, object]) -> None:
    [mute] = carillon("preferences", "mute", *options, "--for", "2h").document["mutes"]
    assert mute["target"] == target
    assert "until_time" in mute
    assert "mutes" not in carillon("preferences", "unmute", *options).document
