"""Writes configuration.md, cli.md, providers.md and catalog-files.md in docs/reference, and the schemas of
catalogs, from the code that they describe.

Run `python tools/generate_docs.py` after changing a setting, a command or a kind of providers; a test fails
while they differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.main import get_command

from carillon_server.cli.connection import CONNECTION
from carillon_server.cli.program import program
from carillon_server.config import Settings
from carillon_server.delivery.providers.describe import describe_kind
from carillon_server.delivery.providers.kinds import KINDS
from carillon_server.domain.provider_kind import ProviderField, ProviderKindInfo

# Also when run as a script, which finds only what lies beside it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import catalog_files

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"

_CONFIGURATION_HEAD = """\
# Configuration

Every setting of `carillon serve` and `carillon worker`, read from the environment once at start. Both
processes take the same settings. A setting that is missing or wrong ends the process with a sentence that
names it. `carillon up` sets all of them by itself.

The [browser gateway](../how-to/use-the-browser-gateway.md) has a few of its own.

This page is generated from `server/carillon_server/config.py` by `tools/generate_docs.py`.

| setting | default | meaning |
|---|---|---|
"""

_CLI_HEAD = """\
# The command line

`carillon` is installed by the server's package; in a checkout it is `.venv/bin/carillon`. Every command has
`--help`, and `carillon --install-completion` teaches your shell to complete them.

On a terminal, commands print tables. Where the output is no terminal, or with `--json`, they print JSON, one
object a line, with the field names of the protos. It is the proto3 mapping: 64-bit numbers are strings, and
fields that are empty or zero are left out.

| exit code | means |
|---|---|
| 0 | done |
| 1 | refused by the service; standard error names the reason |
| 2 | wrong usage or settings; nothing was called |
| 3 | not reachable, overloaded or too late; the same command can be run again |
| 4 | a fault of the service |
| 130 | ended with Ctrl-C |

Errors end in a sentence. With `CARILLON_TRACEBACK=1` they show where they happened.

This page is generated from the commands themselves by `tools/generate_docs.py`.

## Connection options

Commands that call the service find it by `--target` and `--token`. Without them they use the service that
`carillon up` runs here: `--data-dir` names its data, and `--as` chooses one of its development tokens. Where
neither is given, `send`, `cancel` and `recipients` call as the producer (`recipients delete` as the
operator), and all others as `user-a`, or as the gateway where `--recipient` names somebody.

"""

_PROVIDERS_HEAD = """\
# Kinds of providers

A provider is a row of a tenant: a name, a *kind* (the code that talks to the service), a channel, and the
settings of that kind. [Configure providers](../how-to/configure-providers.md) tells how to put one, and what
holds for all of them. `carillon providers kinds` lists the same as here, by the service that you call.

*Needs* are the settings without a default. *At most once*: an attempt whose fate is not known ends as
UNKNOWN, and is not repeated. *Callbacks*: what the service tells afterwards
[can be taken](../how-to/take-provider-callbacks.md).

This page is generated from `server/carillon_server/delivery/providers/kinds.py` by `tools/generate_docs.py`.

| kind | channels | needs | at most once | callbacks |
|---|---|---|---|---|
"""

_FIELDS_HEAD = "| setting | type | default | meaning |\n|---|---|---|---|\n"
_OPTIONS_HEAD = "| option | default | meaning |\n|---|---|---|\n"
_SEE_CONNECTION = "Takes the [connection options](#connection-options) too.\n"

_VALUE_NAMES: dict[object, str] = {
    int: "N",
    Path: "PATH",
    timedelta: "DURATION",
    datetime: "TIME",
}


def configuration() -> str:
    """The page of all settings."""
    rows = (_setting(name, field) for name, field in Settings.model_fields.items())
    return _CONFIGURATION_HEAD + "".join(rows)


def command_line() -> str:
    """The page of all commands."""
    commands = command_tree()
    shared = next(_connection_options(command) for _, command in commands if _connection_options(command))
    sections = (_command(names, command) for names, command in commands)
    return _CLI_HEAD + _options_table(shared) + "".join(sections)


def providers() -> str:
    """The page of all kinds of providers."""
    kinds = [describe_kind(KINDS[name]) for name in sorted(KINDS)]
    return _PROVIDERS_HEAD + "".join(map(_kind_row, kinds)) + "".join(map(_kind_section, kinds))


def command_tree() -> list[tuple[tuple[str, ...], Any]]:
    """Every command under its names."""
    return list(_commands(get_command(program)))


def pages() -> dict[Path, str]:
    """What every generated page should hold."""
    return {
        REFERENCE / "configuration.md": configuration(),
        REFERENCE / "cli.md": command_line(),
        REFERENCE / "providers.md": providers(),
        **catalog_files.pages(),
    }


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a setting."""
    alias = field.validation_alias
    choices: list[Any] = getattr(alias, "choices", [])
    return str(choices[0]) if choices else f"{Settings.model_config['env_prefix']}{name.upper()}"


def _setting(name: str, field: FieldInfo) -> str:
    meaning = " ".join([field.description or "", *_limits(field)]).strip()
    return f"| `{variable(name, field)}` | {_default(field)} | {_cell(meaning)} |\n"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default in ("", None, ()):
        return "none"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def _limits(field: FieldInfo) -> Iterator[str]:
    for limit in field.metadata:
        match limit:
            case Ge():
                yield f"At least {limit.ge}."
            case Gt():
                yield f"More than {limit.gt}."
            case Le():
                yield f"At most {limit.le}."
            case Lt():
                yield f"Less than {limit.lt}."


def _commands(group: Any, names: tuple[str, ...] = ("carillon",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        path = (*names, name)
        if hasattr(command, "commands"):
            yield from _commands(command, path)
        else:
            yield path, command


def _command(names: Iterable[str], command: Any) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    shared = _connection_options(command)
    own = [option for option in _options(command) if option not in shared]
    usage = " ".join([*names, *(_argument(argument) for argument in arguments)])
    parts = (
        f"\n## `{usage}`\n",
        "\n\n".join(part.strip() for part in (command.help or "").split("\n\n")) + "\n",
        "".join(f"- `{_argument(argument)}`: {argument.help}\n" for argument in arguments),
        _options_table(own),
        _SEE_CONNECTION if shared else "",
    )
    return "\n".join(part for part in parts if part)


def _options(command: Any) -> list[Any]:
    return [
        parameter
        for parameter in command.params
        if parameter.param_type_name == "option" and parameter.name != "help"
    ]


def _connection_options(command: Any) -> list[Any]:
    return [option for option in _options(command) if option.rich_help_panel == CONNECTION]


def _options_table(options: Iterable[Any]) -> str:
    rows = "".join(_option(option) for option in options)
    return _OPTIONS_HEAD + rows if rows else ""


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    name = f"{name}..." if argument.nargs == -1 else name
    return str(name if argument.required else f"[{name}]")


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    value = "" if option.is_flag else f" {_value(option)}"
    variable_note = f" Also `{option.envvar}`." if option.envvar else ""
    default = "required" if option.required else _shown(option.default)
    return f"| {names}{value} | {default} | {_cell((option.help or '') + variable_note)} |\n"


def _value(option: Any) -> str:
    kinds = get_args(option.type_descriptor.annotation) or (option.type_descriptor.annotation,)
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return _cell(f"`{'|'.join(kind)}`")
    return _cell(f"`{option.metavar or _VALUE_NAMES.get(kinds[0], 'TEXT')}`")


def _shown(default: object) -> str:
    if default in (None, "", False, [], ()):
        return ""
    return f"`{getattr(default, 'value', default)}`"


def _kind_row(kind: ProviderKindInfo) -> str:
    channels = ", ".join(channel.name for channel in kind.channels)
    needs = ", ".join(f"`{field.name}`" for field in kind.fields if field.required)
    marks = " | ".join("yes" if mark else "" for mark in (kind.at_most_once, kind.has_callbacks))
    return f"| [`{kind.name}`](#{kind.name}) | {channels} | {needs or 'nothing'} | {marks} |\n"


def _kind_section(kind: ProviderKindInfo) -> str:
    rows = "".join(map(_field_row, kind.fields))
    return f"\n## `{kind.name}`\n\n" + (_FIELDS_HEAD + rows if rows else "It has no settings.\n")


def _field_row(field: ProviderField) -> str:
    kind = f"{field.type}, secret" if field.secret else field.type
    default = f"`{field.default}`" if field.default not in ("", '""', "[]", "{}") else ""
    default = "required" if field.required else default
    return f"| `{field.name}` | {_cell(kind)} | {_cell(default)} | {_cell(field.description)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Writes the pages; with `--check` only says which are out of date."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(REFERENCE.parents[1])} is out of date")
    if "--check" in sys.argv[1:]:
        return int(bool(stale))
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages()[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
