"""What the syntax tree of a template may hold: an allow-list, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from carillon_server.rendering.template import names
from carillon_server.rendering.template.failure import TemplateFault, forbidden


def find_faults(tree: nodes.Template) -> Iterator[TemplateFault]:
    """Everything in the tree that templates may not have, in the order of the source."""
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        yield from _check(node)
        waiting.extend(reversed(list(node.iter_child_nodes())))


def _check(node: nodes.Node) -> Iterator[TemplateFault]:
    kind = type(node)
    if kind not in names.ALLOWED_NODES:
        word = names.NODE_WORDS.get(kind.__name__, f"{kind.__name__.lower()} expressions")
        yield forbidden(f"{word} are not allowed", node.lineno)
    elif isinstance(node, nodes.Filter):
        yield from _check_filter(node)
    elif isinstance(node, nodes.Test) and node.name not in names.TESTS:
        yield forbidden(f"there is no test {node.name!r}", node.lineno)
    elif isinstance(node, nodes.Name):
        yield from _check_name(node)
    elif isinstance(node, nodes.Getattr):
        yield from _check_member(node.attr, node.lineno)
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        yield from _check_member(node.arg.value, node.lineno)
    elif isinstance(node, nodes.For) and node.recursive:
        yield forbidden("recursive loops are not allowed", node.lineno)
    elif isinstance(node, nodes.Include):
        yield from _check_include(node)


def _check_filter(node: nodes.Filter) -> Iterator[TemplateFault]:
    if node.name not in names.FILTERS:
        yield forbidden(f"there is no filter {node.name!r}", node.lineno)
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        yield forbidden("arguments are written one by one", node.lineno)
    known = names.NAMING_FILTERS.get(node.name)
    if known is None or not node.args:
        return
    first = node.args[0]
    if not isinstance(first, nodes.Const) or first.value not in known:
        yield forbidden(f"{node.name} takes the name of a filter or test that is allowed", node.lineno)


def _check_name(node: nodes.Name) -> Iterator[TemplateFault]:
    if node.name.startswith("_"):
        yield forbidden(f"{node.name!r}: names cannot begin with an underscore", node.lineno)
    elif node.name in names.FORBIDDEN_VARIABLES:
        yield forbidden(f"{node.name!r} is not for templates", node.lineno)
    elif node.ctx == "store" and node.name in names.RESERVED_VARIABLES:
        yield forbidden(f"{node.name!r} cannot be set", node.lineno)


def _check_member(name: object, line: int) -> Iterator[TemplateFault]:
    if isinstance(name, str) and name.startswith("_"):
        yield forbidden(f"{name!r}: names cannot begin with an underscore", line)


def _check_include(node: nodes.Include) -> Iterator[TemplateFault]:
    if not isinstance(node.template, nodes.Const) or not isinstance(node.template.value, str):
        yield forbidden("include takes the name of a partial in quotes", node.lineno)
    if node.ignore_missing or not node.with_context:
        yield forbidden("include takes no more than a name", node.lineno)
