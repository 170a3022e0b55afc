"""Those at the day-28 landmark beside all: what is found of them, and what is said where they cannot stand there."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from asuc.cli import run
from asuc.cli.tte_landmark import populations, side_by_side
from pkpd.errors import input_error
from tests.asuc.shell import ROOT
from tte.data.events import events_of

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = str(ROOT / "examples" / "virtual_events.csv")
MODEL = ["--hazard", "weibull", "--covariate", "LOG_AUC_CL"]
COMMANDS = {
    "fit": ([*MODEL, "--no-figures"], "fit", "parameters.csv"),
    "compare": (["--covariate", "LOG_AUC_CL", "--no-figures"], "comparison", "compare.csv"),
    "bootstrap": ([*MODEL, "--n", "20", "--no-figures"], "bootstrap", "parameters.csv"),
    "vpc": ([*MODEL, "--n", "30", "--by", "LOG_AUC_CL", "--at", "5.79", "--no-figures"], "check", "vpc.csv"),
    "scm": ([*MODEL, "--covariate", "CRP", "--form", "linear"], "search", "trace.csv"),
}


def asked(
    command: str, events: str, out: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[dict[str, Any], str]:
    capsys.readouterr()
    assert run(["tte", command, events, *more, "--out", str(out), "--json"]) == 0
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("command", COMMANDS)
def test_beside_all_stands_what_the_landmark_alone_gives(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words, key, file = COMMANDS[command]
    both, _ = asked(command, EVENTS, tmp_path / "both", capsys, *words)
    alone, said = asked(command, EVENTS, tmp_path / "alone", capsys, *words, "--landmark", "28")
    assert alone["beside"] is None
    assert both["beside"]["sentence"] in said
    assert both["beside"]["landmark"]["left_out"] == ["27", "33", "47", "48", "56"]
    beside = both["beside"][key]
    assert beside == {name: alone[name] for name in beside}
    rows = table(tmp_path / "both" / file)
    assert list(dict.fromkeys(row["set"] for row in rows)) == ["all", "landmark 28"]
    assert [row for row in rows if row["set"] == "landmark 28"] == table(tmp_path / "alone" / file)


def test_an_evaluation_at_the_landmark_stands_beside_that_of_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    fit = str(tmp_path / "fit")
    asked("fit", EVENTS, tmp_path / "fit", capsys, *MODEL, "--no-figures", "--no-profile")
    words = ["--fit", fit, "--n", "20", "--optimism", "10", "--no-figures"]
    both, _ = asked("evaluate", EVENTS, tmp_path / "both", capsys, *words)
    alone, _ = asked("evaluate", EVENTS, tmp_path / "alone", capsys, *words, "--landmark", "28")
    beside = both["beside"]["evaluation"]
    assert beside == {name: alone[name] for name in beside}
    assert (beside["landmark_day"], both["landmark_day"], alone["beside"]) == (28.0, None, None)
    assert (both["optimism"] is None, beside["optimism"]) == (False, None)
    # The risk from day 28 to 90 of Weibull's formula.
    rate, shape, beta = (
        json.loads((tmp_path / "fit" / "fit.json").read_text())["parameters"][name]["estimate"]
        for name in ("lambda", "shape", "lambda:LOG_AUC_CL")
    )
    out = set(both["beside"]["landmark"]["left_out"])
    x = np.array(
        [float(row["LOG_AUC_CL"]) for row in table(ROOT / "examples" / "virtual_events.csv") if row["ID"] not in out]
    )
    risk = 1.0 - np.exp(-rate * np.exp(beta * x) * (90.0**shape - 28.0**shape))
    assert beside["risk"]["mean"] == pytest.approx(risk.mean(), rel=1e-5)
    assert (tmp_path / "both" / "evaluation-landmark-28.csv").exists()
    # A horizon before the landmark has nobody beside, which is said.
    early, said = asked("evaluate", EVENTS, tmp_path / "both", capsys, *words, "--horizon", "20", "--force")
    assert early["beside"] is None
    assert "Not evaluated in those at day 28: --horizon: is 20; expected a day after the landmark 28" in said
    assert not (tmp_path / "both" / "evaluation-landmark-28.csv").exists()


def written(file: Path, days: list[float], events: list[int], x: list[float] | None = None) -> str:
    values = x or [0.5 * (i % 5) for i in range(len(days))]
    rows = zip(range(1, 1 + len(days)), days, events, values, strict=True)
    lines = [",".join(map(str, row)) for row in rows]
    file.write_text("\n".join(["ID,TIME,EVENT,LOG_AUC_CL", *lines]) + "\n", encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("command", ["fit", "compare", "bootstrap", "vpc", "scm"])
def test_where_nobody_has_the_event_after_the_landmark_one_sentence_says_so(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = {**COMMANDS, "vpc": ([*MODEL, "--n", "30", "--no-figures"], "", ""), "scm": (MODEL, "", "")}[command][0]
    folder, early = tmp_path / "out", [3.0, 5.0, 8.0, 12.0, 20.0, 26.0]
    asked(command, EVENTS, folder, capsys, *words)
    events = written(tmp_path / "early.csv", [*early, *[60.0] * 6], [1] * 6 + [0] * 6)
    document, said = asked(command, events, folder, capsys, *words, "--force")
    assert document["beside"] is None
    assert said.count("those at day 28: none of the 6 at risk then has the event later.") == 1
    # What an earlier run wrote of those beside is none of this one's.
    assert [file.name for file in folder.glob("*-landmark-28.*")] == []
    events = written(tmp_path / "short.csv", [*early, *[26.0] * 6], [1] * 6 + [0] * 6)
    document, said = asked(command, events, folder, capsys, *words, "--force")
    assert document["beside"] is None
    assert said.count("those at day 28: nobody is left at day 28; the last is seen on day 26") == 1


def test_a_landmark_that_cannot_be_fitted_is_said_and_all_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    # The exposure is the same of all who are left at day 28.
    days = [3.0, 5.0, 8.0, 12.0, 20.0, 26.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]
    events = written(tmp_path / "same.csv", days, [1, 1, 0, 1, 0, 1] * 2, [5.0, 6.5, 5.5, 7.0, 6.1, 6.6] + [6.0] * 6)
    document, said = asked("fit", events, tmp_path / "fit", capsys, *MODEL, "--no-figures")
    assert (document["status"], document["beside"]) == ("converged", None)
    assert said.count("Not fitted to those at day 28: ") == 1
    assert "LOG_AUC_CL" in said


def test_the_share_done_covers_both_and_a_failure_of_all_is_raised(capsys: pytest.CaptureFixture[str]):
    events = events_of([10.0, 40.0, 60.0], [1, 1, 0])
    told: list[float] = []
    people = populations(events, None, refusal="Not done for")
    assert [(one.name, one.events.n_subjects, one.is_beside) for one in people] == [
        ("all", 3, False),
        ("landmark 28", 2, True),
    ]
    assert people[1].events.start.tolist() == [28.0, 28.0]

    def half(one: Any, tell: Any) -> str:
        tell(0.5)
        return one.name

    found = side_by_side(people, half, refusal="Not done for", tell=told.append)
    assert [name for _, name in found] == ["all", "landmark 28"]
    assert told == [0.25, 0.5, 0.75, 1.0]

    def only(failing: str) -> Any:
        def fail(one: Any, _: Any) -> str:
            if one.name == failing:
                raise input_error("here", "it fails")
            return one.name

        return fail

    assert [name for _, name in side_by_side(people, only("landmark 28"), refusal="Not done for")] == ["all"]
    assert capsys.readouterr().err == "Not done for those at day 28: here: it fails\n"
    with pytest.raises(ValueError, match="it fails"):
        side_by_side(people, only("all"), refusal="Not done for")
