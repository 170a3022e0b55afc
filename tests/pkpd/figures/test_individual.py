"""Individual plots: every subject once, with its levels, limits, doses and courses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.records import Censoring
from pkpd.diagnostics.courses import SubjectCourse
from pkpd.figures.individual import individual_pages
from tests.pkpd.figures.levels import drawn_marks, path_numbers


def course(name: str = "A1") -> SubjectCourse:
    times = np.linspace(0.0, 60.0, 61)
    return SubjectCourse(
        id=name,
        times=times,
        pred=50.0 * np.exp(-0.05 * times),
        ipred=60.0 * np.exp(-0.1 * times),
        dose_time=np.array([0.0, 14.0]),
        dose_amount=np.array([300.0, 300.0]),
        sample_time=np.array([10.0, 20.0, 30.0, 60.0]),
        level=np.array([20.0, 9.0, np.nan, np.nan]),
        lower=np.array([np.nan, np.nan, np.nan, 0.4]),
        upper=np.array([np.nan, np.nan, 5.0, np.nan]),
        censoring=np.array([Censoring.NONE, Censoring.NONE, Censoring.ABOVE, Censoring.BELOW], dtype=np.int64),
    )


@pytest.mark.parametrize(("n", "on_pages"), [(1, [1]), (12, [12]), (13, [12, 1]), (25, [12, 12, 1])])
def test_every_subject_has_one_panel_with_its_levels_limits_and_doses(n: int, on_pages: list[int]):
    pages = list(individual_pages([course(f"S{i}") for i in range(n)], n_subjects=n))

    assert [drawn_marks(page.svg, "ipred") for page in pages] == on_pages
    assert [drawn_marks(page.svg, "pred") for page in pages] == on_pages
    assert [drawn_marks(page.svg, "levels") for page in pages] == [2 * count for count in on_pages]
    assert [drawn_marks(page.svg, "below") for page in pages] == on_pages
    assert [drawn_marks(page.svg, "above") for page in pages] == on_pages
    assert [drawn_marks(page.svg, "doses") for page in pages] == [2 * count for count in on_pages]
    assert all(f">S{i}<" in pages[i // 12].svg for i in range(n))
    assert len({page.name for page in pages}) == len(pages)
    assert "not drawn" not in pages[-1].caption


def test_who_is_not_drawn_is_counted_on_the_last_page():
    pages = list(individual_pages([course(f"S{i}") for i in range(14)], n_subjects=20))
    assert pages[0].title == "Individual plots, subjects 1 to 12 of 20"
    assert "not drawn" not in pages[0].caption
    assert pages[-1].caption.endswith("6 further subjects are not drawn.")


def test_nobody_gives_no_page():
    assert list(individual_pages([], n_subjects=5)) == []


def test_subjects_without_doses_levels_or_predictions_are_drawn():
    nothing = np.zeros(0)
    bare = replace(
        course("bare"),
        times=np.zeros(1),
        pred=np.zeros(1),
        ipred=np.zeros(1),
        dose_time=nothing,
        dose_amount=nothing,
        sample_time=nothing,
        level=nothing,
        lower=nothing,
        upper=nothing,
        censoring=np.zeros(0, dtype=np.int64),
    )
    for courses in ([bare], [bare, course()]):
        (page,) = individual_pages(courses, n_subjects=len(courses))
        assert ">bare<" in page.svg
        assert not {word for word in path_numbers(page.svg) if "nan" in word.lower() or "inf" in word.lower()}


def test_predictions_that_underflow_leave_gaps_and_no_number_that_is_none():
    ipred = course().ipred.copy()
    ipred[40:] = 0.0
    (page,) = individual_pages([replace(course(), ipred=ipred)], n_subjects=1)
    assert not {word for word in path_numbers(page.svg) if "nan" in word.lower() or "inf" in word.lower()}


def test_the_same_subjects_give_the_same_page_and_long_names_are_cut():
    name = "A very long name of a subject indeed"
    pages = [next(individual_pages([course(name)], n_subjects=1)) for _ in range(2)]
    assert pages[0].svg == pages[1].svg
    assert f">{name[:23]}…<" in pages[0].svg


def test_the_table_holds_doses_levels_and_curves():
    (page,) = individual_pages([course()], n_subjects=1)
    kinds = [row[1] for row in page.table.rows]
    assert (kinds.count("dose"), kinds.count("level"), kinds.count("curve")) == (2, 4, 61)
