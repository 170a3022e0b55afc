"""`asuc tte joint`: what it writes, what it says of planned doses, and what it refuses."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from asuc.cli import run
from tests.asuc.shell import ROOT
from tte.joint.document import SUBJECT_HEAD

if TYPE_CHECKING:
    from pathlib import Path

MODEL = ["--model", "niyigena_2026_asuc", "--hazard", "weibull", "--reference", "LOG_AUC_CL=6.5"]
BETA = "lambda:LOG_AUC_CL"
# Event days of patients of the example cohort, made up. From the estimate, a step of all parameters at once to an effect
# of 0.41 ended at a variance of the clearance of zero, 3.3 above the minimum, and the profile went on there.
_EVENTS = {8: 15.8, 18: 22.3, 26: 40.7, 32: 78.1, 35: 53.4, 36: 50.6, 44: 2.1, 47: 33.1, 62: 12.5, 66: 55.9, 68: 21.1}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("cohort") / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "14", "--seed", "3"]) == 0
    return str(file)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return event times of all but the last patient."""
    day = np.random.default_rng(5).uniform(20.0, 90.0, 13).round(1)
    event = np.array([1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0])
    group = np.arange(13) % 2
    file = tmp_path_factory.mktemp("events") / "events.csv"
    rows = zip(range(1, 14), day.tolist(), event.tolist(), group.tolist(), [7.0] * 13, strict=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("ID", "TIME", "EVENT", "Z", "LOG_AUC_CL"), *rows])
    return str(file)


def joined(line: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    assert run(["tte", "joint", *line, "--json"]) == 0
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


def refused(line: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["tte", "joint", *line]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_all_fits_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out, examples = tmp_path / "joint", ROOT / "examples"
    fewer = tmp_path / "events.csv"
    lines = [f"{i},{_EVENTS.get(i, 90)},{int(i in _EVENTS)},7" for i in range(1, 72)]
    fewer.write_text("\n".join(["ID,TIME,EVENT,LOG_AUC_CL", *lines]), encoding="utf-8")
    line = [str(examples / "virtual_asuc.csv"), str(fewer), *MODEL, "--plan", "label"]
    document, said = joined([*line, "--out", str(out)], capsys)
    assert document == json.loads((out / "joint.json").read_text(encoding="utf-8"))
    assert document["schema"] == "tte-joint/1"
    assert (document["n_subjects"], document["n_with_event_times"], document["n_events"]) == (72, 71, 11)
    fits = document["fits"]
    assert list(fits) == ["plug_in", "regression_calibration", "pk_held", "joint"]
    for key, one in fits.items():
        assert one["status"] == "converged", key
        beta = one["parameters"][BETA]
        assert beta["interval"][0] < beta["estimate"] < beta["interval"][1]
        assert beta["profile_interval"][0] < beta["estimate"] < beta["profile_interval"][1]
        assert np.isfinite(one["event_log_likelihood"])
        assert (one["log_likelihood"] is None) == (key in ("plug_in", "regression_calibration"))
    assert fits["joint"]["log_likelihood"] > fits["pk_held"]["log_likelihood"]
    # 26 % of the variance of the exposures is open, and the effect is small: the intervals are about the same.
    ends = [fits[key]["parameters"][BETA]["profile_interval"] for key in ("pk_held", "joint")]
    np.testing.assert_allclose(ends[1], ends[0], atol=0.05)
    pk = document["pk_parameters"]
    assert pk["cl"]["held"] == pk["cl"]["alone"]["estimate"]
    assert pk["cl"]["joint"]["se"] > 0.0
    assert pk["v_weight_kg"]["fixed"]
    assert "Levels of 1 subject without event time" in said
    assert "column LOG_AUC_CL is not read" in said
    rows = table(out / "parameters.csv")
    assert {row["fit"] for row in rows} == {*fits, "levels_alone"}
    subjects = table(out / "subjects.csv")
    assert list(subjects[0]) == list(SUBJECT_HEAD)
    assert [row["id"] for row in subjects] == [str(i + 1) for i in range(72)]
    assert [row["id"] for row in subjects if row["planned"] == "1"] == document["planned_subjects"]
    assert subjects[71]["event"] == ""
    # Without an event time nothing more is known of an exposure.
    assert float(subjects[71]["x_mean_held"]) == pytest.approx(float(subjects[71]["x_mean_levels"]), abs=1e-6)
    assert {row["fit"] for row in table(out / "profile.csv")} == {"modes", "means", "held", "joint"}
    names = {file.name for file in (out / "figures").iterdir()}
    figures = [f"{name}{who}" for name in ("effect", "exposure", "profiles") for who in ("", "-landmark-28")]
    assert {f"{name}.{kind}" for name in figures for kind in ("csv", "html", "svg")} < names
    # Five have the event by day 28; their levels stay.
    beside = document["beside"]["joint"]
    assert document["beside"]["landmark"]["left_out"] == ["8", "18", "44", "62", "68"]
    assert (beside["n_subjects"], beside["n_with_event_times"], beside["n_events"]) == (72, 66, 6)
    assert beside["pk_parameters"]["cl"]["alone"] == pk["cl"]["alone"]
    for key, one in beside["fits"].items():
        beta = one["parameters"][BETA]
        assert beta["interval"][0] < beta["estimate"] < beta["interval"][1], key
        assert beta["profile_interval"][0] < beta["estimate"] < beta["profile_interval"][1], key
    later = table(out / "subjects-landmark-28.csv")
    assert [row["id"] for row in later if row["event"] == ""] == ["8", "18", "44", "62", "68", "72"]
    assert later[7]["x_mean_levels"] == subjects[7]["x_mean_levels"]
    # Without the event time the posterior is that of the levels.
    assert float(later[7]["x_mean_held"]) == pytest.approx(float(later[7]["x_mean_levels"]), abs=1e-6)
    assert {row["set"] for row in rows} == {row["set"] for row in table(out / "profile.csv")} == {"all", "landmark 28"}


def test_pharmacokinetics_can_be_held_at_the_estimates_of_a_fit(
    cohort: str, events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    fit = tmp_path / "fit"
    entries = {name: {"estimate": value} for name, value in (("cl", 0.4), ("v", 11.0))}
    fit.mkdir()
    (fit / "fit.json").write_text(json.dumps({"theta": entries, "omega": {}, "sigma": {}}), encoding="utf-8")
    line = [cohort, events, *MODEL, "--plan", "label", "--pk", "fixed", "--fit", str(fit), "--no-figures"]
    document, _ = joined([*line, "--covariate", "Z", "--fix", "shape=1", "--out", str(tmp_path / "joint")], capsys)
    assert document["fits"]["joint"] is None
    assert document["pk_alone"] is None
    assert document["pk_parameters"]["cl"]["held"] == 0.4
    assert document["pk_held_from"] == str(fit)
    held = document["fits"]["pk_held"]
    assert held["parameters"]["shape"] == {**held["parameters"]["shape"], "estimate": 1.0, "fixed": True, "se": None}
    assert held["parameters"]["lambda:Z"]["se"] > 0.0
    assert held["parameters"]["lambda:Z"]["profile_interval"] is None


def test_the_landmark_beside_is_what_the_landmark_alone_gives(
    cohort: str, events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    line = [cohort, events, "--model", "niyigena_2026_asuc", "--hazard", "exponential", "--plan", "label"]
    line += ["--pk", "fixed", "--no-profile", "--no-figures"]
    both, _ = joined([*line, "--out", str(tmp_path / "both")], capsys)
    alone, said = joined([*line, "--landmark", "28", "--out", str(tmp_path / "alone")], capsys)
    assert (both["landmark"], alone["beside"]) == (None, None)
    assert both["beside"]["landmark"] == alone["landmark"]
    assert both["beside"]["sentence"] in said
    beside = both["beside"]["joint"]
    assert beside == {key: alone[key] for key in beside}
    assert beside["n_with_event_times"] < both["n_with_event_times"] == 13
    assert table(tmp_path / "both" / "subjects-landmark-28.csv") == table(tmp_path / "alone" / "subjects.csv")


def test_without_an_event_after_the_landmark_all_stand_alone(
    few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "times.csv").write_text("ID,TIME,EVENT\na,25,1\nb,90,0\nc,6,1\n", encoding="utf-8")
    document, said = joined([*few, "--out", str(tmp_path / "joint")], capsys)
    assert document["beside"] is None
    assert "Not fitted to those at day 28: none of the 1 at risk then has the event later." in said


@pytest.fixture
def few(tmp_path: Path) -> list[str]:
    """Return four patients, the third with an event before the window, the fourth without a dose before it ends."""
    doses = {"a": (0, 14), "b": (0, 7, 21), "c": (0, 4), "d": (30, 44)}
    levels = {"a": (13, 4), "b": (30, 9), "c": (5, 14), "d": (50, 8)}
    lines = ["ID,TIME,AMT,DUR,DV,WT,CRP"]
    for name, days in doses.items():
        rows = [(day, f"{name},{day},400,0.083,.,60,20") for day in days]
        rows.append((levels[name][0], f"{name},{levels[name][0]},.,.,{levels[name][1]},60,20"))
        lines += [line for _, line in sorted(rows)]
    (tmp_path / "few.csv").write_text("\n".join(lines), encoding="utf-8")
    times = "ID,TIME,EVENT\na,60,1\nb,90,0\nc,6,1\n"
    (tmp_path / "times.csv").write_text(times, encoding="utf-8")
    words = ["--pk", "fixed", "--no-profile", "--no-figures"]
    return [str(tmp_path / "few.csv"), str(tmp_path / "times.csv"), *MODEL, *words]


def test_planned_doses_of_a_file_are_named(few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    planned = tmp_path / "planned.csv"
    planned.write_text("ID,TIME,AMT,DUR\na,0,400,0.1\na,90,400,0.1\nc,5,400,0.1\nc,14,400,0.1\n", encoding="utf-8")
    document, said = joined([*few, "--planned", str(planned), "--out", str(tmp_path / "joint")], capsys)
    assert document["planned_subjects"] == ["c"]
    assert document["plan"] == {"source": str(planned), "n_left_out": 2}
    assert "2 planned doses are left out, since the records go on beyond them (a, c)." in said
    assert "Planned doses before day 28 stand in the exposure of 1 subject: c." in said
    # They change the exposure of that patient alone.
    bare, _ = joined([*few, "--out", str(tmp_path / "bare")], capsys)
    assert bare["planned_subjects"] == []
    with_plan, without = (table(tmp_path / name / "subjects.csv") for name in ("joint", "bare"))
    changed = [a["id"] for a, b in zip(with_plan, without, strict=True) if a["x_mode"] != b["x_mode"]]
    assert changed == ["c"]
    # One without event times needs no drug in the window.
    assert without[3]["x_mode"] == ""


def test_the_label_goes_on_after_records_and_event(few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    document, _ = joined([*few, "--plan", "label", "--out", str(tmp_path / "joint")], capsys)
    assert document["planned_subjects"] == ["c"]
    assert document["plan"] == {"source": "label", "n_left_out": 0}


def test_a_patient_without_drug_in_the_window_is_named(
    few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "times.csv").write_text("ID,TIME,EVENT\na,60,1\nb,90,0\nd,80,1\n", encoding="utf-8")
    assert (
        "subject d: has no drug from day 14 to 28, expected some; give the doses planned for that time, or leave the subject out"
        in refused([*few, "--out", str(tmp_path / "joint")], capsys)
    )


def test_a_column_of_clearance_needs_no_window(
    cohort: str, events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    line = [cohort, events, "--model", "niyigena_2026_asuc", "--hazard", "exponential", "--predictor", "log_cl"]
    document, _ = joined([*line, "--pk", "fixed", "--no-figures", "--out", str(tmp_path / "joint")], capsys)
    assert document["effect"] == "lambda:LOG_CL"
    assert document["fits"]["pk_held"]["status"] == "converged"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--window", "28", "14"], "--window: 28 to 14 is no window; expected two days, the earlier first"),
        (["--level", "1.5"], "--level: 1.5 is not above 0.5 and below 1, such as 0.95"),
        (["--covariate", "LOG_CL"], "covariate: LOG_AUC_CL and LOG_CL; expected one exposure among"),
        (["--covariate", "AGE"], "has no column AGE"),
        (["--fix", "omega=1"], "fixed value: “omega” is no parameter of the model; it has lambda, shape"),
        (["--fix", "shape=1e10"], "fixed value: shape is 1e+10; expected a number from 0.001 to 1000"),
        (["--fix", "LOG_AUC_CL=1e4"], "lambda:LOG_AUC_CL is 10000; expected at most 500 in size for each unit of a"),
        (["--reference", "LOG_AUC_CL=1e6"], "reference: LOG_AUC_CL is 1e+06; expected a logarithm, from -250 to 250"),
        (
            ["--plan", "label", "--planned", "p.csv"],
            "--plan: label is given beside --planned p.csv; expected one of the two",
        ),
        (["--planned", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["--model", "fasanmade_2011_pediatric"], "has 3 random effects of a subject; expected one or two"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(
    words: list[str], sentence: str, cohort: str, events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "joint"
    assert sentence in refused([cohort, events, *MODEL, *words, "--out", str(out)], capsys)
    assert not out.exists()


def test_nothing_is_written_over_without_force(
    cohort: str, events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert "exists; nothing is written over" in refused([cohort, events, *MODEL, "--out", str(tmp_path)], capsys)


def test_held_values_that_leave_no_likelihood_are_named_with_their_values(cohort, events, tmp_path, capsys):
    line = [cohort, events, "--model", "niyigena_2026_asuc", "--plan", "label", "--pk", "fixed", "--landmark", "0"]
    line += ["--no-figures", "--no-profile"]
    levels = [*line, "--hazard", "weibull", "--fix", "omega2_cl=1e6", "--out", str(tmp_path / "levels")]
    assert "omega2_cl = 1e+06: the levels of 1, 2, 3, 4, 5 and " in refused(levels, capsys)
    times = [*line, "--hazard", "gompertz", "--fix", "gamma=100", "--out", str(tmp_path / "times")]
    document, _ = joined(times, capsys)
    for key in ("plug_in", "regression_calibration", "pk_held"):
        assert document["fits"][key]["status"] == "no_finite_start"
        assert document["fits"][key]["status_text"].endswith("It concerns gamma = 100.")
    assert any(one["text"].startswith("Joint, PK held: ") for one in document["warnings"])


def test_a_steep_shape_that_is_held_has_a_likelihood(cohort, events, tmp_path, capsys):
    line = [cohort, events, *MODEL, "--plan", "label", "--pk", "fixed", "--landmark", "0", "--fix", "shape=900"]
    document, _ = joined([*line, "--no-figures", "--no-profile", "--out", str(tmp_path / "out")], capsys)
    assert all(fit["log_likelihood"] or fit["event_log_likelihood"] for fit in document["fits"].values() if fit)
