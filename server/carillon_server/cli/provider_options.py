"""How a provider is to be: the options of `carillon providers put`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli.values import parse_pairs

if TYPE_CHECKING:
    from carillon.v1.delivery_service_pb2 import Provider, ProviderKind

ROUTING = "When it is asked"
SETTINGS = "Its settings"
_STANDARD_INPUT = "-"


def _routing(name: str, meaning: str, **more: Any) -> Any:
    return typer.Option(name, help=meaning, rich_help_panel=ROUTING, **more)


def _setting(name: str, meaning: str, metavar: str) -> Any:
    return typer.Option(name, help=meaning, rich_help_panel=SETTINGS, metavar=metavar)


@dataclass(frozen=True, slots=True)
class ProviderOptions:
    """When the provider is asked, and how much it gets."""

    enabled: Annotated[
        bool | None, _routing("--enabled/--disabled", "Whether it is asked at all. Default: it is.")
    ] = None
    priority: Annotated[int | None, _routing("--priority", "The lowest is asked first. Default: 100.")] = None
    weight: Annotated[int | None, _routing("--weight", "Its share among equal priorities. Default: 1.")] = (
        None
    )
    rate: Annotated[
        float | None, _routing("--rate", "Messages a second from one worker; 0: as many as there are.")
    ] = None
    burst: Annotated[int | None, _routing("--burst", "How many at once after a pause. Default: 1.")] = None
    concurrency: Annotated[
        int | None, _routing("--concurrency", "Calls at once from one worker. Default: 10.")
    ] = None

    def apply(self, provider: Provider) -> None:
        """Changes what was named."""
        for name, value in (
            ("enabled", self.enabled),
            ("priority", self.priority),
            ("weight", self.weight),
            ("burst", self.burst),
            ("max_concurrency", self.concurrency),
        ):
            if value is not None:
                setattr(provider, name, value)
        if self.rate:
            provider.rate_per_second = self.rate
        elif self.rate is not None:
            provider.ClearField("rate_per_second")


@dataclass(frozen=True, slots=True)
class SettingOptions:
    """The settings of its kind."""

    setting: Annotated[
        list[str] | None,
        _setting("--setting", "A setting; repeatable. Lists and maps as JSON.", "NAME=VALUE"),
    ] = None
    secret_file: Annotated[
        list[str] | None,
        _setting("--secret-file", "A secret from a file, or - for the standard input.", "NAME=PATH"),
    ] = None
    secret_env: Annotated[
        list[str] | None,
        _setting("--secret-env", "A secret from a variable of the environment.", "NAME=VARIABLE"),
    ] = None

    def apply(self, provider: Provider, kind: ProviderKind) -> None:
        """Changes what was named."""
        fields = {field.name: field for field in kind.fields}
        given = parse_pairs(self.setting or (), "--setting")
        for name in given:
            if name in fields and fields[name].secret:
                raise typer.BadParameter(
                    f"{name} is a secret: pass it with --secret-file or --secret-env.", param_hint="--setting"
                )
        given |= _read_files(self.secret_file or ()) | _read_environment(self.secret_env or ())
        values = {
            name: _parse(text, fields[name].type if name in fields else "") for name, text in given.items()
        }
        provider.settings.update(values)


def _read_files(pairs: Sequence[str]) -> dict[str, str]:
    return {name: _read(path) for name, path in parse_pairs(pairs, "--secret-file").items()}


def _read(path: str) -> str:
    if path == _STANDARD_INPUT:
        return sys.stdin.read().strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} cannot be read: {error}", param_hint="--secret-file") from None


def _read_environment(pairs: Sequence[str]) -> dict[str, str]:
    found = {}
    for name, variable in parse_pairs(pairs, "--secret-env").items():
        if variable not in os.environ:
            raise typer.BadParameter(f"{variable} is not set.", param_hint="--secret-env")
        found[name] = os.environ[variable]
    return found


def _parse(text: str, kind: str) -> Any:
    """As the field wants it: text as it is, lists also as lines, everything else as JSON."""
    kinds = kind.split("|")
    if "string" in kinds:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text.split() if "array" in kinds else text
