"""Tables of a comparison: as files with every number, and as a person reads them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from asuc.validation.report_table import ReportTable
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asuc.validation.report_table import SortsBy
    from nonmem_ref.comparison.check import Check
    from nonmem_ref.comparison.compare import Comparison
    from nonmem_ref.comparison.record_tables import RecordNumbers

_DASH = "–"
# A table on a page is for looking something up; the file has all.
MOST_ROWS = 2000
_ETA_SORTS_BY: tuple[SortsBy, ...] = ("numbers", "sizes")


def check_table(one: Comparison, name: str) -> ReportTable:
    """Return the verdict on every quantity of a run."""
    rows = tuple(
        (
            check.quantity,
            number(check.nonmem, ".7g"),
            number(check.ours, ".7g"),
            number(check.difference, ".2g"),
            _tolerance(check),
            check.verdict.value,
            check.why or _DASH,
        )
        for check in one.checks
    )
    head = ("Quantity", "NONMEM", "Ours", "Difference", "Tolerance", "Verdict", "In a sentence")
    caption = f"{one.name}: every quantity. Of many numbers those are shown that differ most; differences are relative where tolerances are in %."
    return ReportTable(f"{name}-checks", caption, head, rows)


def subject_table(one: Comparison, name: str) -> ReportTable | None:
    """Return the subjects' objectives and random effects at NONMEM's estimates, those first whose objectives differ most."""
    numbers = one.subjects
    if numbers is None:
        return None
    difference = numbers.ofv_i - numbers.nonmem_ofv_i
    off = numbers.eta - numbers.nonmem_eta
    order: list[int] = np.argsort(-np.nan_to_num(np.abs(difference), nan=np.inf), kind="stable")[:MOST_ROWS].tolist()
    rows = tuple(
        (
            numbers.ids[i],
            number(float(numbers.nonmem_ofv_i[i]), ".5f"),
            number(float(numbers.ofv_i[i]), ".5f"),
            number(float(difference[i]), ".1e"),
            *(
                cell
                for k in range(len(numbers.etas))
                for cell in (number(float(numbers.eta[i, k]), ".4f"), number(float(off[i, k]), ".1e"))
            ),
        )
        for i in order
    )
    of_etas = tuple(title for eta in numbers.etas for title in (f"{eta}, ours", f"{eta}, difference"))
    n = len(numbers.ids)
    shown = counted(n, "subject") if n <= MOST_ROWS else f"{MOST_ROWS:,} of {counted(n, 'subject')}"
    caption = f"{one.name}: {shown}, those first whose objectives differ most. Press a head to sort; differences sort by size."
    return ReportTable(
        f"{name}-subjects",
        caption,
        ("Subject", "OBJ, NONMEM", "OBJ, ours", "OBJ, difference", *of_etas),
        rows,
        ("words", "numbers", "numbers", "sizes", *(_ETA_SORTS_BY * len(numbers.etas))),
    )


def element_table(one: Comparison, name: str) -> ReportTable | None:
    """Return estimates and standard errors of both optima, with their ratios."""
    if not one.elements:
        return None
    rows = tuple(
        (
            element.element,
            element.name,
            number(element.nonmem, ".6g"),
            number(element.ours, ".6g"),
            number(_ratio(element.ours, element.nonmem), ".5f"),
            number(element.nonmem_se, ".5g"),
            number(element.se, ".5g"),
            number(_ratio(element.se, element.nonmem_se), ".5f"),
        )
        for element in one.elements
    )
    head = ("Element", "Ours is called", "NONMEM", "Ours", "Ratio", "SE, NONMEM", "SE, ours", "Ratio of SE")
    return ReportTable(f"{name}-elements", f"{one.name}: estimates of both optima, in NONMEM's terms.", head, rows)


def file_tables(one: Comparison) -> Iterator[tuple[str, tuple[str, ...], list[list[object]]]]:
    """Yield name, head and rows of every table of a run, with every number."""
    if one.subjects is not None:
        etas = tuple(title for eta in one.subjects.etas for title in (f"{eta} nonmem", f"{eta} ours"))
        yield "subjects", ("id", "obj nonmem", "obj ours", *etas), list(map(list, _subject_rows(one)))
    for k, records in enumerate(one.records, start=1):
        titles = tuple(title for name in records.columns for title in (f"{name} nonmem", f"{name} ours"))
        name = "records" if k == 1 else f"records-{k}"
        yield name, ("id", "line", "time", *titles), list(map(list, _record_rows(records)))
    if one.elements:
        head = ("element", "name", "nonmem", "ours", "nonmem se", "ours se")
        rows: list[list[object]] = [
            [each.element, each.name, each.nonmem, each.ours, each.nonmem_se, each.se] for each in one.elements
        ]
        yield "elements", head, rows


def numbers_document(one: Comparison) -> dict[str, Any]:
    """Return the numbers of a run's tables: columns by name, null where there is none."""
    return {
        name: {
            title: [_finite(row[i]) for row in rows]
            for i, title in enumerate(title.replace(" ", "_") for title in head)
        }
        for name, head, rows in file_tables(one)
    }


def number(value: float | None, form: str) -> str:
    """Return a number as it is shown; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return _DASH
    text = f"{value:{form}}"
    return (text.lstrip("-") if float(text) == 0.0 else text).replace("-", "−")


def _subject_rows(one: Comparison) -> Iterator[tuple[object, ...]]:
    numbers = one.subjects
    assert numbers is not None, "asked before"  # noqa: S101 (file_tables)
    for i, name in enumerate(numbers.ids):
        pairs = zip(numbers.nonmem_eta[i].tolist(), numbers.eta[i].tolist(), strict=True)
        yield (
            name,
            float(numbers.nonmem_ofv_i[i]),
            float(numbers.ofv_i[i]),
            *(value for pair in pairs for value in pair),
        )


def _record_rows(records: RecordNumbers) -> Iterator[tuple[object, ...]]:
    columns = [column.tolist() for pair in records.columns.values() for column in pair]
    yield from zip(records.ids, records.lines.tolist(), records.time.tolist(), *columns, strict=True)


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _ratio(ours: float, theirs: float) -> float:
    return ours / theirs if theirs != 0.0 else math.nan


def _tolerance(check: Check) -> str:
    if check.tolerance is None:
        return _DASH
    return f"{100.0 * check.tolerance:g} %" if check.is_relative else f"{check.tolerance:g}"
