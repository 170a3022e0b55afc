"""The page on the command line says what the commands do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.docs.pages import ROOT, blocks, page, run_line

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("docs/how-to/command-line.md")


def test_the_examples_write_one_document_each_and_the_page_names_its_keys(tmp_path: Path):
    for line in blocks(PAGE, "sh")[0].splitlines():
        done = run_line(line.replace("dosing_app/", f"{ROOT}/dosing_app/"), tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    forecast = json.loads((tmp_path / "forecast.json").read_text(encoding="utf-8"))
    regimens = json.loads((tmp_path / "regimens.json").read_text(encoding="utf-8"))
    card = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert card["model"]["id"] == "niyigena_2026_asuc"
    missing = {key for key in (*forecast, *regimens) if f"`{key}`" not in PAGE}
    assert missing <= {"schema"}
    named = [key for key in regimens["regimens"][0]["risk_day90"] if f"`{key}`" in PAGE]
    assert named == ["plug_in", "mean", "q05", "q95"]


def test_a_wrong_case_gives_exit_code_2_and_one_line_for_each_problem(tmp_path: Path):
    done = run_line(
        """echo '{"schema": "asuc-case/1", "covariates": {}}' | .venv/bin/asuc forecast - --json""", tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "standard input: doses: missing; expected a list of the infusions given, at least one, each an object"
    ]
