"""The example cohort that documentation and examples use."""

from __future__ import annotations

from pathlib import Path

from asuc.cli import run

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "virtual_asuc.csv"


def test_the_command_in_the_documentation_draws_the_example_cohort_to_the_last_byte(tmp_path, capsys):
    page = (EXAMPLE.parents[1] / "docs" / "how-to" / "fit-a-cohort.md").read_text(encoding="utf-8")
    assert "`asuc cohort simulate --out cohort.csv --n 72 --seed 4`" in page
    file = tmp_path / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "72", "--seed", "4"]) == 0
    assert "72 patients, 157 doses, 152 levels, 69 of them censored" in capsys.readouterr().out
    assert file.read_bytes() == EXAMPLE.read_bytes()


def test_the_example_has_centres_gaps_and_censored_levels():
    head, *rows = EXAMPLE.read_text(encoding="utf-8").splitlines()
    cells = [dict(zip(head.split(","), row.split(","), strict=True)) for row in rows]
    assert {row["CENTRE"] for row in cells} == {f"centre_{i + 1}" for i in range(7)}
    assert sum(row["CENS"] in ("1", "-1") and row["MDV"] == "0" for row in cells) == 69
    assert len({row["ID"] for row in cells if row["CRP"] == "."}) == 6


def test_a_model_with_errors_by_assay_has_levels_of_its_own_assays(tmp_path, capsys):
    file = tmp_path / "cohort.csv"
    assert run(["cohort", "simulate", "--model", "zhao_2026_pediatric", "--out", str(file), "--n", "20"]) == 0
    head, *rows = file.read_text(encoding="utf-8").splitlines()
    cells = [dict(zip(head.split(","), row.split(","), strict=True)) for row in rows]
    assert {row["ASSAY"] for row in cells if row["MDV"] == "0"} == {"Sanquin", "Immundiagnostik", "Caltag"}
    capsys.readouterr()
    assert run(["data", "check", str(file), "--model", "zhao_2026_pediatric"]) == 0
