"""Links in a template's mail that are mere paths: from a mail they lead to the installation's site.

Templates know no host, so that the same ones serve every environment. Where the installation names no site,
links stay as they are.
"""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import urljoin

_PATH_LINK = re.compile(r'(\shref=")(/(?!/)[^"]*)"', re.IGNORECASE)


def complete_html(html: str, link_base_url: str) -> str:
    """The page with links that lead somewhere."""
    if not link_base_url:
        return html

    def complete(link: re.Match[str]) -> str:
        return f'{link[1]}{escape(urljoin(link_base_url, unescape(link[2])))}"'

    return _PATH_LINK.sub(complete, html)


def complete_text(text: str, html: str, link_base_url: str) -> str:
    """The same in the text: those in brackets that the page has too."""
    if not link_base_url:
        return text
    for path in {unescape(link[2]) for link in _PATH_LINK.finditer(html)}:
        text = text.replace(f"({path})", f"({urljoin(link_base_url, path)})")
    return text
