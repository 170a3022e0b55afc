from __future__ import annotations

import pytest

from asuc.cli.layout import Sheet, laid_out

SHEET = Sheet(
    "Regimens",
    ("infusions", "drug", "chance", "why"),
    (
        ("1. 700 mg d14 + 400 mg d42", "700 mg", "33 in 100", "nearest to the target; no regimen within reaches it"),
        ("2. none", "0 mg", "", "does not reach the target"),
    ),
    wraps=3,
)


@pytest.mark.parametrize("width", [1, 20, 40, 60, 70, 80, 100, 140, 300])
def test_every_word_is_there_at_every_width_and_no_line_is_longer(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    text = laid_out([SHEET, "Nothing is cut."])
    words = " ".join(text.split())
    for cell in ("1. 700 mg d14 + 400 mg d42", "700 mg", "33 in 100", "2. none", "Nothing is cut."):
        assert cell in words
    for row in SHEET.rows:
        assert all(word in words for word in row[3].split())
    assert max(map(len, text.splitlines())) <= max(width, 20)
    assert "…" not in text


def test_a_wide_terminal_gets_a_table_and_a_narrow_one_a_paragraph_for_each_row(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert laid_out([SHEET]).splitlines()[1].split() == ["infusions", "drug", "chance", "why"]
    monkeypatch.setenv("COLUMNS", "60")
    assert laid_out([SHEET]) == (
        "Regimens\n"
        "1. 700 mg d14 + 400 mg d42\n"
        "   drug: 700 mg; chance: 33 in 100;\n"
        "   why: nearest to the target; no regimen within reaches it\n"
        "2. none\n"
        "   drug: 0 mg; why: does not reach the target\n"
    )


def test_cells_and_sentences_cannot_command_a_terminal_or_the_layout(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    evil = "a\x1b[2J\r[bold]b[/bold]:smile:\x07\x9b"
    text = laid_out([Sheet("Title", ("head",), ((evil,),)), evil])
    assert text.count(r"a\x1b[2J [bold]b[/bold]:smile:\x07\x9b") == 2
    assert all(character.isprintable() for line in text.splitlines() for character in line)


def test_blank_lines_never_follow_each_other():
    assert "\n\n\n" not in laid_out([SHEET, SHEET, "End."])


def test_a_sentence_in_a_cell_has_no_point_before_the_next_cell(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    said = laid_out(
        [
            Sheet(
                "Areas",
                ("", "all", "landmark"),
                (("AUROC", "Nobody has the event by then at all.", "Nobody was left by then."),),
                wraps=0,
            )
        ]
    )
    assert "all: Nobody has the event by then at all; landmark: Nobody was left by then." in " ".join(said.split())
