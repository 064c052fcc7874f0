"""Which variables a template asks for, against what there can be: the schema's and the reserved ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import nodes

from carillon_server.rendering.template import names
from carillon_server.rendering.template.schema_view import ANYTHING, View

_SAME_KIND = frozenset({"sort", "unique", "select", "reject", "default", "replace"})
_ITEM = frozenset({"first", "last"})

_OPEN_OBJECT = {"type": "object", "additionalProperties": True}
_TEXT = {"type": "string"}
_RESERVED_SCHEMA: Mapping[str, Any] = {
    "recipient": {
        "type": "object",
        "properties": dict.fromkeys(names.RECIPIENT_MEMBERS, _TEXT) | {"attributes": _OPEN_OBJECT},
    },
    "notification": {
        "type": "object",
        "properties": dict.fromkeys(names.NOTIFICATION_MEMBERS, _TEXT) | {"labels": _OPEN_OBJECT},
    },
}
_RESERVED = {name: View([schema], {}) for name, schema in _RESERVED_SCHEMA.items()}
_LOOP = View([{"type": "object", "properties": dict.fromkeys(names.LOOP_MEMBERS, True)}], {})

Scope = dict[str, View]
Problem = tuple[int, str]


class VariableReader:
    """Reads one part, with the partials that it includes."""

    def __init__(self, data: View, partials: Mapping[str, nodes.Template], *, is_layout: bool) -> None:
        self._data = data
        self._partials = partials
        self._read_partials: set[str] = set()
        self._problems: dict[Problem, None] = {}
        self._globals: Scope = {**_RESERVED, "data": data} | ({"content": ANYTHING} if is_layout else {})
        self._line = 0
        """Of the include that led into a partial; 0: in the part itself."""

    def read(self, tree: nodes.Template) -> Iterator[Problem]:
        """Lines and what is wrong there."""
        self._statements(tree.body, {})
        yield from self._problems

    def _statements(self, body: list[nodes.Node], scope: Scope) -> None:
        for node in body:
            self._statement(node, scope)

    def _statement(self, node: nodes.Node, scope: Scope) -> None:
        if isinstance(node, nodes.For):
            self._loop(node, scope)
        elif isinstance(node, nodes.If):
            self._expression(node.test, scope)
            for body in (node.body, node.elif_, node.else_):
                self._statements(list(body), scope)
        elif isinstance(node, nodes.Assign):
            self._bind(node.target, self._expression(node.node, scope), scope)
        elif isinstance(node, nodes.AssignBlock):
            self._statements(node.body, scope)
            self._bind(node.target, ANYTHING, scope)
        elif isinstance(node, nodes.Include):
            self._include(node, scope)
        else:
            for child in node.iter_child_nodes():
                self._expression(child, scope)

    def _loop(self, node: nodes.For, scope: Scope) -> None:
        value = self._expression(node.iter, scope)
        items = value.items()
        if items is None:
            self._report(node, f"{_path(node.iter) or 'this'} is no list")
        inner = dict(scope)
        self._bind(node.target, items or ANYTHING, inner)
        inner["loop"] = _LOOP
        if node.test is not None:
            self._expression(node.test, inner)
        self._statements(node.body, inner)
        self._statements(node.else_, dict(scope))

    def _bind(self, target: nodes.Node, view: View, scope: Scope) -> None:
        if isinstance(target, nodes.Name):
            scope[target.name] = view
        else:
            scope.update({name.name: ANYTHING for name in target.find_all(nodes.Name)})

    def _include(self, node: nodes.Include, scope: Scope) -> None:
        name = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(name, str) or name not in self._partials or name in self._read_partials:
            return
        self._read_partials.add(name)
        outer, self._line = self._line, self._line or node.lineno
        self._statements(self._partials[name].body, dict(scope))
        self._line = outer

    def _expression(self, node: nodes.Node, scope: Scope) -> View:
        """What the expression may be; what it asks for in vain is noted."""
        if isinstance(node, nodes.Name):
            return self._name(node, scope)
        if isinstance(node, nodes.Getattr):
            return self._member(node, self._expression(node.node, scope), node.attr)
        if isinstance(node, nodes.Getitem):
            return self._item(node, scope)
        if isinstance(node, nodes.Filter):
            return self._filter(node, scope)
        for child in node.iter_child_nodes():
            self._expression(child, scope)
        return ANYTHING

    def _name(self, node: nodes.Name, scope: Scope) -> View:
        for known in (scope, self._globals):
            if node.name in known:
                return known[node.name]
        found = self._data.member(node.name)
        if found is None:
            self._report(node, f"there is no variable {node.name}")
        return found or ANYTHING

    def _member(self, node: nodes.Node, container: View, name: str) -> View:
        found = container.member(name)
        if found is None:
            self._report(node, f"there is no variable {_path(node) or name}")
        return found or ANYTHING

    def _item(self, node: nodes.Getitem, scope: Scope) -> View:
        container = self._expression(node.node, scope)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._member(node, container, node.arg.value)
        self._expression(node.arg, scope)
        return container if isinstance(node.arg, nodes.Slice) else container.items() or ANYTHING

    def _filter(self, node: nodes.Filter, scope: Scope) -> View:
        value = ANYTHING if node.node is None else self._expression(node.node, scope)
        for argument in (*node.args, *node.kwargs):
            self._expression(argument, scope)
        self._attribute(node, value)
        if node.name in _ITEM:
            return value.items() or ANYTHING
        return value if node.name in _SAME_KIND else ANYTHING

    def _attribute(self, node: nodes.Filter, value: View) -> None:
        """`map(attribute="project.name")`."""
        for pair in node.kwargs:
            if pair.key != "attribute" or not isinstance(pair.value, nodes.Const):
                continue
            view = value.items() or ANYTHING
            for step in str(pair.value.value).split("."):
                view = self._member(node, view, step) if not step.isdigit() else view.items() or ANYTHING

    def _report(self, node: nodes.Node, description: str) -> None:
        self._problems[self._line or node.lineno, description] = None


def _path(node: nodes.Node) -> str:
    """How the source calls it; empty where it is more than a name."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        above = _path(node.node)
        return f"{above}.{node.attr}" if above else ""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        above = _path(node.node)
        return f"{above}.{node.arg.value}" if above else ""
    return ""
