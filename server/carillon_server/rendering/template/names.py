"""What templates may name. Everything that is not here is refused."""

from __future__ import annotations

from jinja2 import nodes

RESERVED_VARIABLES = frozenset({"data", "recipient", "notification"})
RECIPIENT_MEMBERS = ("id", "locale", "time_zone", "attributes")
NOTIFICATION_MEMBERS = ("type", "category", "priority", "actor_id", "labels", "create_time")
LOOP_MEMBERS = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"}
)
FORBIDDEN_VARIABLES = frozenset({"self", "super", "caller", "varargs", "kwargs"})
"""Those mean something to the engine."""
LAYOUT_CONTENT = "content"
"""In a layout: what goes inside it."""

ZONE_FILTERS = frozenset({"date", "time", "datetime", "relative"})
LOCALE_FILTERS = frozenset({"number", "percent", "currency", "plural", "join_and"}) | ZONE_FILTERS
FILTERS = LOCALE_FILTERS | frozenset(
    {
        "abs", "capitalize", "default", "e", "escape", "first", "float", "int", "join", "last",
        "length", "lower", "map", "reject", "replace", "round", "select", "sort", "title", "tojson",
        "trim", "truncate", "unique", "upper", "urlencode",
    }
)  # fmt: skip
TESTS = frozenset(
    {
        "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "float", "ge",
        "greaterthan", "gt", "in", "integer", "le", "lessthan", "lt", "mapping", "ne", "none",
        "number", "odd", "sequence", "string", "true", "undefined", "==", "!=", "<", "<=", ">", ">=",
    }
)  # fmt: skip
NAMING_FILTERS = {"map": FILTERS, "select": TESTS, "reject": TESTS}
"""Their first argument names another filter, or a test."""

STATEMENTS: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.AssignBlock,
    nodes.Include,
)  # fmt: skip
EXPRESSIONS: tuple[type[nodes.Node], ...] = (
    nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Add, nodes.Sub,
    nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Concat, nodes.List,
    nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword,
)  # fmt: skip
ALLOWED_NODES = frozenset(STATEMENTS + EXPRESSIONS)
NODE_WORDS = {
    "Call": "calls of functions and methods",
    "Macro": "macros",
    "CallBlock": "call blocks",
    "FilterBlock": "filter blocks",
    "Import": "imports",
    "FromImport": "imports",
    "Extends": "extends",
    "Block": "blocks",
    "Pow": "powers (**)",
    "With": "with blocks",
    "NSRef": "namespaces",
}
