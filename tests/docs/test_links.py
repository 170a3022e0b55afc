"""Links in the documentation lead somewhere, and every page is reached."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, page

PAGES = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("path", PAGES)
def test_every_relative_link_leads_to_a_file(path: str):
    links = [link for link in LINK.findall(page(path)) if "://" not in link]
    missing = [link for link in links if not ((ROOT / path).parent / link).exists()]
    assert not missing


def test_the_index_names_every_page():
    linked = {((ROOT / "docs") / link).resolve() for link in LINK.findall(page("docs/README.md"))}
    pages = {path.resolve() for path in (ROOT / "docs").rglob("*.md")} - {(ROOT / "docs" / "README.md").resolve()}
    generated = {path for path in pages if "validation" in path.parts}
    assert pages - generated <= linked
