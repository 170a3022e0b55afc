"""Rows pasted from a spreadsheet: nothing is read as a number, and nothing is lost."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosing_app.decision.pasted_cells import delimiter_of, lines_of
from dosing_app.decision.pasted_columns import Area, columns_of_header
from dosing_app.decision.pasted_rows import LEFT_OUT, PastedRows, read_pasted_rows
from dosing_app.language import render

SAMPLE = {"day": "6.9", "level": "<0.4", "lloq": "0.4", "uloq": "20", "exclude": "drawn late"}


def keys(pasted: PastedRows) -> list[str]:
    return [note.key for note in pasted.notes]


def doses(text: str) -> list[dict[str, str]]:
    pasted = read_pasted_rows(text, "doses")
    assert not pasted.notes
    return [dict(row) for row in pasted.rows]


def samples(text: str) -> list[dict[str, str]]:
    pasted = read_pasted_rows(text, "samples")
    assert not pasted.notes
    return [dict(row) for row in pasted.rows]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("tail", ["", "\n", "\r\n\t\t\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_tabs_any_line_end_a_mark_and_empty_lines(end: str, tail: str, mark: str):
    assert doses(f"{mark}0\t600\t2\tgiven{end}7\t600\t\tplanned{tail}") == [
        {"day": "0", "mg": "600", "hours": "2", "status": "given"},
        {"day": "7", "mg": "600", "status": "planned"},
    ]


@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_cells_of_samples_by_position(delimiter: str):
    assert samples(delimiter.join(SAMPLE.values())) == [SAMPLE]


@pytest.mark.parametrize(
    "header",
    [
        "Day\tLevel mg/L\tLower limit\tUpper limit\tNot used because",
        "Tag\tSpiegel (mg/L)\tUntere Grenze\tObere Grenze\tGrund",
    ],
)
def test_a_header_names_the_columns_in_english_and_german(header: str):
    cells = header.split("\t")
    backwards = "\t".join(reversed(cells)) + "\n" + "\t".join(reversed(SAMPLE.values()))

    assert samples(header + "\n" + "\t".join(SAMPLE.values())) == [SAMPLE]
    assert samples(backwards) == [SAMPLE]


@pytest.mark.parametrize(
    "header", ["Day;Dose mg;Infusion h;Status", "Tag;Dosis (mg);Infusion h;Status", "time;amount;duration (h);given"]
)
def test_a_header_of_doses(header: str):
    assert doses(f"{header}\n0;600;2;gegeben\n14;600;2;Geplant") == [
        {"day": "0", "mg": "600", "hours": "2", "status": "given"},
        {"day": "14", "mg": "600", "hours": "2", "status": "planned"},
    ]


def test_a_dose_may_be_for_each_kilogram():
    assert doses("0\t10 mg/kg\n7\t600 mg") == [{"day": "0", "per_kg": "10 mg/kg"}, {"day": "7", "mg": "600 mg"}]
    assert doses("Day\tmg/kg\n0\t10") == [{"day": "0", "per_kg": "10"}]


@pytest.mark.parametrize("date", ["2026-01-05", "2026-01-05T10:00", "05.01.2026 10:00", "1/5/2026"])
def test_a_date_is_no_day(date: str):
    assert doses(f"{date}\t600") == doses(f"Date\tDose\n{date}\t600") == [{"date": date, "mg": "600"}]


def test_a_time_of_day_belongs_to_its_date():
    assert samples("Datum;Uhrzeit;Spiegel\n05.01.2026;10:30;9,1") == [{"date": "05.01.2026 10:30", "level": "9,1"}]
    assert samples("Date\tTime\tLevel\n2026-01-05\t10:30\t9.1") == [{"date": "2026-01-05 10:30", "level": "9.1"}]
    assert keys(read_pasted_rows("Uhrzeit\tSpiegel\n10:30\t9.1", "samples")) == ["paste.extra_cell"]


def test_decimal_commas_stay_as_they_are():
    assert samples("6,9\t9,1") == samples("6,9;9,1") == samples('"6,9","9,1"') == [{"day": "6,9", "level": "9,1"}]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("6.9,9.1", ","),
        ("day,mg\n0,600\n7,600", ","),
        ("2026-01-05,600", ","),
        ("2026-01-05 10:00,600", ","),
        ("05.01.2026,600", ","),
        ("0, 600", ","),
        ("0;600,5", ";"),
        ("0\t600;5", "\t"),
        ("6.9,9.1\n7.9,8.1\n8.9,7.1,late; again", ","),
        ("6,9", None),
        ("0,600,2", None),
        ("6,9, 9,1", None),
        ("05.01.2026,9,1", None),
        ("day,level\n6,9,9,1", None),
        ("600", None),
    ],
)
def test_a_comma_separates_only_where_it_can_be_no_decimal_one(text: str, delimiter: str | None):
    assert delimiter_of(text) == delimiter


def test_unclear_commas_are_noted():
    pasted = read_pasted_rows("6,9,9,1\n7,9,8,1", "samples")

    assert [dict(row) for row in pasted.rows] == [{"day": "6,9,9,1"}, {"day": "7,9,8,1"}]
    assert keys(pasted) == ["paste.unclear_commas"]


@pytest.mark.parametrize("cell", ["=1+1", "+5", "-5", "@SUM(A1)"])
def test_what_starts_like_a_formula_is_text(cell: str):
    assert samples(f"{cell}\t{cell}") == [{"day": cell, "level": cell}]


def test_quotes_of_a_spreadsheet_are_no_part_of_the_cell():
    assert samples('1\t9.1\t\t\t"drawn ""late"",\nsecond line"') == [
        {"day": "1", "level": "9.1", "exclude": 'drawn "late", second line'}
    ]


def test_a_quote_that_is_never_closed_takes_nothing_with_it():
    assert len(samples('1\t"9.1\n2\t8.1')) == 2


def test_cells_without_a_column_are_named():
    pasted = read_pasted_rows("0\t600\t2\tgiven\tnurse A\n7\t600", "doses")

    assert len(pasted.rows) == 2
    assert [str(note) for note in pasted.notes] == ["Line 1: “nurse A” has no column and is not read."]


def test_columns_that_no_field_knows_are_named_with_their_cells():
    pasted = read_pasted_rows("Day\tWard\tLevel\tLevel\n1\tA\t9\t8\n2\tB\t7", "samples")

    assert [dict(row) for row in pasted.rows] == [{"day": "1", "level": "9"}, {"day": "2", "level": "7"}]
    assert [note.values for note in pasted.notes] == [
        {"column": "Ward", "cells": "A | B"},
        {"column": "Level", "cells": "8"},
    ]
    assert keys(read_pasted_rows("Day\t\tLevel\n1\tA\t9", "samples")) == ["paste.unnamed_column"]


@pytest.mark.parametrize(
    ("text", "expected"), [("", "paste.nothing"), (" \n\t\n", "paste.nothing"), ("Day\tLevel", "paste.no_rows")]
)
def test_nothing_is_said_to_be_nothing(text: str, expected: str):
    assert keys(read_pasted_rows(text, "samples")) == [expected]


def test_a_line_with_a_digit_is_no_header():
    assert columns_of_header(("day 0", "600 mg", "2 h"), "doses") is None


def test_a_very_long_cell_is_kept():
    assert samples("1\t9\t\t\t" + "x" * 200_000) == [{"day": "1", "level": "9", "exclude": "x" * 200_000}]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=6) | st.sampled_from(
    ["0", "6,9", "6.9", "<0.4", "=A1", '"', "2026-01-05", "10:30", "Day", "Level", "mg", "10 mg/kg", "given", "|"]
)
AREAS = st.sampled_from(["doses", "samples"])


ANSWERS = {"yes", "no", "true", "false", "x", "1", "0", "-", "–", "ja", "nein", "none", "done", "completed"}


def assert_nothing_is_lost(text: str, area: Area) -> None:
    """Check that every cell outside the words of a header stands in a row or in a note."""
    pasted = read_pasted_rows(text, area)
    said = [str(value) for note in pasted.notes for value in note.values.values()]
    kept = [*(cell for row in pasted.rows for cell in row.values()), *said]
    lines = lines_of(text, delimiter_of(text))
    header = columns_of_header(lines[0].cells, area) if lines else None
    words = [cell for cell, column in zip(lines[0].cells, header, strict=True) if column] if header else []
    cells = [cell for line in lines for cell in line.cells if cell]
    for word in words:
        cells.remove(word)
    lost = [cell for cell in cells if not any(cell in part for part in kept)]
    # In the columns of a header a yes or a no answers it.
    assert [cell for cell in lost if not (header and cell.lower() in ANSWERS)] == []
    assert all(render(note, language) for note in pasted.notes for language in ("en", "de"))


@settings(deadline=None, max_examples=400)
@given(st.lists(st.lists(CELLS, max_size=7), max_size=5), st.sampled_from("\t;,"), AREAS)
def test_every_cell_of_a_spreadsheet_is_in_a_row_or_a_note(table: list[list[str]], delimiter: str, area: Area):
    written = StringIO()
    csv.writer(written, delimiter=delimiter).writerows(table)

    assert_nothing_is_lost(written.getvalue(), area)


@settings(deadline=None, max_examples=400)
@given(st.text(), AREAS)
def test_every_cell_of_any_text_is_in_a_row_or_a_note(text: str, area: Area):
    assert_nothing_is_lost(text, area)


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from('0,.;\t\n" ax'), max_size=30))
def test_no_letter_or_digit_is_lost(text: str):
    lines = lines_of(text, delimiter_of(text))
    kept = "".join(cell for line in lines for cell in line.cells)

    assert [sign for sign in kept if sign in "0ax"] == [sign for sign in text if sign in "0ax"]


@pytest.mark.parametrize(
    ("text", "area", "expected"),
    [
        ("Day\tDose\tStatus\n7\t600\tGiven\n14\t600\tPlanned", "doses", [("status", "given"), ("status", "planned")]),
        ("Day\tDose\tGiven\n7\t600\tyes\n14\t600\tno", "doses", [("status", "given"), ("status", "planned")]),
        ("Day\tDose\tStatus\n7\t600\tperhaps", "doses", [("status", "perhaps")]),
        ("Day\tDose (g)\n7\t0.6", "doses", [("mg", "0.6 g")]),
        ("Day\tDose\tDuration (min)\n7\t600\t120", "doses", [("hours", "120 min")]),
        ("time (weeks)\tDose\n2\t600", "doses", [("day", "2 weeks")]),
        ("05.01.2026\t08:30\t600\t2", "doses", [("date", "05.01.2026 08:30")]),
        ("Collection date\tLevel (ng/mL)\n2026-01-12\t9100", "samples", [("level", "9100 ng/mL")]),
        ("Tag nach 1. Gabe\tIFX-Spiegel\n7\t9,1", "samples", [("day", "7")]),
        ("Day\tLevel\tExcluded\n7\t9.1\tno\n8\t9.2\tyes", "samples", [("exclude", None), ("exclude", LEFT_OUT)]),
    ],
)
def test_what_the_words_of_a_spreadsheet_mean(text: str, area: Area, expected: list[tuple[str, str | None]]):
    rows = read_pasted_rows(text, area).rows
    assert [(column, row.get(column)) for row, (column, _) in zip(rows, expected, strict=True)] == expected


def test_a_comment_leaves_no_sample_out():
    pasted = read_pasted_rows("Day\tLevel\tComment\n6.9\t3.1\ttrough\n13\t1.2\tok", "samples")
    assert [row.get("exclude") for row in pasted.rows] == [None, None]
    assert "trough | ok" in str(pasted.notes[0])
