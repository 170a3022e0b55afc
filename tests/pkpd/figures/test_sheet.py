"""The pen: one text for one figure, nothing from elsewhere, and the data beside the picture."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from pkpd.figures.sheet import Table, figure_page, inside_page, marks, svg, with_titles

ADDRESS = re.compile(r"(?:https?:)?//[^\s\"'<]+")
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def drawn(name: str = "test") -> str:
    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.plot([1.0, 2.0, 3.0], [1.0, 4.0, 9.0], "o", gid=marks("levels"))
        axes.set_xlabel("5 % < 95 % & $x$")

    return svg(draw, width_mm=80.0, height_mm=60.0, name=name)


def test_the_same_figure_is_the_same_text():
    assert drawn() == drawn()


def test_a_figure_is_a_file_of_its_own():
    root = ET.fromstring(drawn())  # noqa: S314 - of our own making
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert set(ADDRESS.findall(drawn())) == NAMESPACES
    assert "DejaVu" not in drawn()
    assert "$x$" in drawn()


def test_marks_are_named_and_every_other_id_is_pointed_at():
    (group,) = re.findall(r'<g data-marks="levels">.*?</g>\s*</g>', drawn(), flags=re.DOTALL)
    assert group.count("<use ") == 3
    ids = re.findall(r' id="([^"]*)"', drawn())
    assert ids
    assert all(f"#{identifier}" in drawn() for identifier in ids)


def test_marks_say_their_titles_in_order_and_other_marks_none():
    titled = with_titles(drawn(), "levels", ["a < b", "2", "3"])
    root = ET.fromstring(titled)  # noqa: S314 - of our own making
    assert [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")] == ["a < b", "2", "3"]
    assert re.sub(r"><title>.*?</title></use>", "/>", titled) == drawn()
    with pytest.raises(ValueError, match="99 titles are given for fewer marks"):
        with_titles(drawn(), "levels", ["one"] * 99)


def test_figures_of_two_names_share_no_id():
    ids = [set(re.findall(r' id="([^"]*)"', drawn(name))) for name in ("one", "two")]
    assert not ids[0] & ids[1]


def test_within_a_page_a_figure_has_no_namespace():
    assert not ADDRESS.search(inside_page(drawn()))


def test_a_page_holds_figure_caption_and_data_and_nothing_from_elsewhere():
    rows = ((1.0, "a<b", float("nan")), (0.1234567, "c", 3))
    page = figure_page("Title & more", "What <it> shows.", drawn(), Table(("x", "group", "y"), rows))

    assert "<h1>Title &amp; more</h1>" in page
    assert "<figcaption>What &lt;it&gt; shows.</figcaption>" in page
    assert '<tr><th scope="row">1</th><td>a&lt;b</td><td></td></tr>' in page
    assert '<tr><th scope="row">0.123457</th><td>c</td><td>3</td></tr>' in page
    assert not ADDRESS.search(page)
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_of_a_long_table_the_page_shows_the_first_rows_and_says_so():
    page = figure_page("t", "c", drawn(), Table(("x",), tuple((i,) for i in range(2001))))
    assert page.count('<th scope="row">') == 2000
    assert "The first 2,000 of 2,001 rows" in page


@pytest.mark.parametrize("module", ["pkpd.figures.sheet", "asuc.cli"])
def test_matplotlib_is_loaded_only_to_draw(module: str):
    code = f"import sys, {module}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - the interpreter itself
