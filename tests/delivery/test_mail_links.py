"""Links of templates that are mere paths: from a mail they lead to the installation's site."""

from __future__ import annotations

import pytest

from carillon_server.delivery.providers.email.mail_links import complete_html, complete_text

BASE = "https://app.example.com"


@pytest.mark.parametrize(
    ("link", "completed"),
    [
        ('<a href="/jobs/7">', '<a href="https://app.example.com/jobs/7">'),
        ('<a class="x" href="/a?b=1&amp;c=2">', '<a class="x" href="https://app.example.com/a?b=1&amp;c=2">'),
        ('<a href="https://a.example/x">', '<a href="https://a.example/x">'),
        ('<a href="//a.example/x">', '<a href="//a.example/x">'),
        ('<a href="mailto:a@b.example">', '<a href="mailto:a@b.example">'),
        ('<a href="#top">', '<a href="#top">'),
        ('<p>href="no link</p>', '<p>href="no link</p>'),
    ],
)
def test_paths_become_addresses_and_all_else_stays(link: str, completed: str) -> None:
    assert complete_html(link, BASE) == completed


def test_the_text_leads_where_the_page_does() -> None:
    page = '<a href="/jobs/7?a=1&amp;b=2">See it</a>'

    text = complete_text("See it (/jobs/7?a=1&b=2), or not (/elsewhere)", page, BASE)

    assert text == "See it (https://app.example.com/jobs/7?a=1&b=2), or not (/elsewhere)"


def test_without_a_site_everything_stays() -> None:
    page = '<a href="/jobs/7">See it</a>'
    assert complete_html(page, "") == page
    assert complete_text("See it (/jobs/7)", page, "") == "See it (/jobs/7)"
