"""Payloads of webhooks: JSON with values in it, each written by `tojson`, so that none can break out."""

from __future__ import annotations

from jinja2 import nodes

from carillon_server.rendering.template.failure import forbidden


def check_payload(tree: nodes.Template) -> None:
    """Raises a fault for a value that is printed as it is."""
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            written = isinstance(node, nodes.Filter) and node.name == "tojson"
            if not written and not isinstance(node, nodes.TemplateData):
                raise forbidden("values in a payload end in the filter tojson", node.lineno)
