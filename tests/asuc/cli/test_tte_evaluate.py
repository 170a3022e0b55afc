"""`asuc tte evaluate`: a fit against its own subjects and against others."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from asuc.cli import run
from tests.tte.estimation.event_data import weibull_times

if TYPE_CHECKING:
    from pathlib import Path

HORIZON = 6.0


LAST = 30.0


def times(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return event times of which the last is a censored one."""
    return tuple(np.append(part, end) for part, end in zip(weibull_times(n - 1), (LAST, 0.0, 0.0), strict=True))  # type: ignore[return-value]


def write(file: Path, n: int, shift: float = 0.0) -> Path:
    time, event, x = times(n)
    lines = [f"{i},{t:.6f},{int(e)},{v + shift:.6f}" for i, (t, e, v) in enumerate(zip(time, event, x, strict=True), 1)]
    file.write_text("ID,TIME,EVENT,X\n" + "\n".join(lines) + "\n")
    return file


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    events = write(folder / "events.csv", 60)
    words = ["--hazard", "weibull", "--covariate", "X", "--out", str(folder / "fit")]
    assert run(["tte", "fit", str(events), *words]) == 0
    return folder


def evaluate(folder: Path, out: Path, *more: str, events: Path | None = None) -> int:
    words = ["--fit", str(folder / "fit"), "--horizon", f"{HORIZON:g}", "--n", "20", "--out", str(out)]
    return run(["tte", "evaluate", str(events or folder / "events.csv"), *words, *more])


def test_a_fit_is_calibrated_on_its_own_subjects_and_its_optimism_is_taken_off(fitted, tmp_path):
    # Up to the last day the likelihood's own equations say that events are those expected.
    assert evaluate(fitted, tmp_path / "out", "--horizon", f"{LAST:g}", "--optimism", "30", "--no-figures") == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert document["own_subjects"]
    large, slope = (document["calibration"][key] for key in ("in_the_large", "slope"))
    assert large["ratio"]["value"] == pytest.approx(1.0, abs=1e-5)
    assert slope["slope"]["value"] == pytest.approx(1.0, abs=1e-4)
    assert slope["intercept"]["value"] == pytest.approx(0.0, abs=1e-4)
    measures = document["optimism"]["measures"]
    assert measures["c"]["apparent"] == pytest.approx(document["discrimination"]["harrell_c"]["value"])
    assert measures["brier"]["apparent"] == pytest.approx(document["brier"]["score"]["value"])
    for one in measures.values():
        assert one["corrected"] == pytest.approx(one["apparent"] - one["optimism"])
    assert measures["c"]["n_used"] > 20


def test_distances_of_the_curve_have_intervals_in_table_and_document(fitted, tmp_path, capsys):
    assert evaluate(fitted, tmp_path / "out", "--optimism", "0", "--no-figures") == 0
    printed = capsys.readouterr().out
    curve = json.loads((tmp_path / "out" / "evaluation.json").read_text())["calibration"]["curve"]
    low, high = curve["ici_interval"]
    assert 0.0 < low < high < 1.0
    assert curve["n_draws"] == 20
    with (tmp_path / "out" / "evaluation.csv").open() as stream:
        rows = {row["what"]: row for row in csv.DictReader(stream)}
    for name in ("ici", "e50", "e90"):
        row = next(row for label, row in rows.items() if name.upper() in label)
        ends = (row["60 subjects low"], row["60 subjects high"])
        assert [float(end) / 100.0 for end in ends] == pytest.approx(curve[f"{name}_interval"])
    shown = f"{100 * curve['ici']:.1f} ({100 * low:.1f} to {100 * high:.1f})"
    assert shown in next(line for line in printed.splitlines() if "ICI" in line)
    assert f"{curve['n_failed']} of 20" in next(line for line in printed.splitlines() if "Draws of subjects" in line)


def test_risks_are_those_of_the_weibull_formula(fitted, tmp_path):
    time, event, x = times(60)
    estimates = json.loads((fitted / "fit" / "fit.json").read_text())["parameters"]
    rate, shape, beta = (estimates[name]["estimate"] for name in ("lambda", "shape", "lambda:X"))
    hazard = rate * np.exp(beta * x)
    assert evaluate(fitted, tmp_path / "out", "--optimism", "0") == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert document["optimism"] is None
    assert document["risk"]["mean"] == pytest.approx((1.0 - np.exp(-hazard * HORIZON**shape)).mean(), rel=1e-5)
    expected = (hazard * np.minimum(time, HORIZON) ** shape).sum()
    assert document["calibration"]["in_the_large"]["expected"] == pytest.approx(expected, rel=1e-5)
    case = event.astype(bool) & (time <= HORIZON)
    free = time > HORIZON
    area = mannwhitneyu(hazard[case], hazard[free]).statistic / (case.sum() * free.sum())
    assert document["discrimination"]["marker"]["auroc"]["value"] == pytest.approx(area, abs=1e-9)
    names = {one["name"] for one in json.loads((tmp_path / "out" / "figures" / "figures.json").read_text())["figures"]}
    assert {"calibration-all", "decision-curve-all", "cox-snell-all", "schoenfeld-1-all", "roc-all"} <= names
    with (tmp_path / "out" / "evaluation.csv").open() as stream:
        rows = {row["what"]: row for row in csv.DictReader(stream)}
    assert float(rows["AUROC (DeLong)"]["60 subjects"]) == pytest.approx(area, abs=1e-9)


def test_other_subjects_are_an_external_validation_without_optimism(fitted, tmp_path, capsys):
    other = write(tmp_path / "other.csv", 40, shift=0.5)
    assert evaluate(fitted, tmp_path / "out", "--no-figures", events=other) == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert not document["own_subjects"]
    assert document["optimism"] is None
    assert document["warnings"] == []
    assert "other event times than those of the fit" in capsys.readouterr().err


def test_another_landmark_of_the_same_file_is_no_ground_for_optimism(fitted, tmp_path):
    assert evaluate(fitted, tmp_path / "out", "--landmark", "1", "--no-figures") == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert [one["code"] for one in document["warnings"]] == ["apparent", "optimism"]
    assert document["landmark_day"] == 1.0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--horizon", "0"), "--horizon: is 0; expected a day after the landmark 0, or after 0"),
        (("--horizon", "1e6"), "but observation ends on day"),
    ],
)
def test_a_horizon_that_is_none_is_refused(fitted, tmp_path, capsys, more, said):
    capsys.readouterr()
    assert evaluate(fitted, tmp_path / "out", *more) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_fit_is_refused(fitted, tmp_path, capsys):
    words = ["--fit", str(tmp_path), "--out", str(tmp_path / "out")]
    assert run(["tte", "evaluate", str(fitted / "events.csv"), *words]) == 2
    assert "cannot be read as a fit of event times" in capsys.readouterr().err


def by_visits(file: Path, n: int) -> Path:
    """Write `times` as they are known of subjects who are examined on days 3, 6, 12 and 30."""
    time, event, x = times(n)
    visits = np.array([0.0, 3.0, 6.0, 12.0, LAST])
    place = np.searchsorted(visits, time)
    rows = [
        f"{i},{visits[k - 1]:g},1,{visits[k]:g},{v:.6f}" if e else f"{i},{t:.6f},0,,{v:.6f}"
        for i, (t, e, k, v) in enumerate(zip(time, event, place.tolist(), x, strict=True), 1)
    ]
    file.write_text("ID,TIME,EVENT,TIME2,X\n" + "\n".join(rows) + "\n")
    return file


def test_events_known_by_an_interval_are_evaluated_where_nobodys_holds_the_horizon(tmp_path, capsys):
    events = by_visits(tmp_path / "events.csv", 60)
    words = ["--hazard", "weibull", "--covariate", "X", "--out", str(tmp_path / "fit")]
    assert run(["tte", "fit", str(events), *words, "--no-figures"]) == 0
    assert evaluate(tmp_path, tmp_path / "out", "--horizon", f"{LAST:g}", "--optimism", "5") == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    # The likelihood of the fit is that of the calibration, so that neither factor nor slope can make it greater.
    assert document["calibration"]["in_the_large"]["ratio"]["value"] == pytest.approx(1.0, abs=1e-5)
    assert document["calibration"]["slope"]["slope"]["value"] == pytest.approx(1.0, abs=1e-4)
    assert "this needs the day of each" in document["calibration"]["curve"]["status_text"]
    assert "this needs the day of each" in document["residuals"]["schoenfeld_trend"]["status_text"]
    assert all(one["low"] is None for one in document["residuals"]["cox_snell"]["points"])
    assert document["optimism"]["measures"]["c"]["n_used"] == 5
    assert [one["code"] for one in document["warnings"]] == ["apparent", "intervals"]
    assert (tmp_path / "out" / "figures" / "cox-snell-all.svg").exists()
    # On a visit the status of everybody who is not censored before is known.
    assert evaluate(tmp_path, tmp_path / "six", "--no-figures", "--optimism", "0") == 0
    at_six = json.loads((tmp_path / "six" / "evaluation.json").read_text())
    time, event, _ = times(60)
    assert at_six["n_events"] == int((event.astype(bool) & (time <= HORIZON)).sum())
    capsys.readouterr()
    assert evaluate(tmp_path, tmp_path / "seven", "--horizon", "7") == 2
    said = capsys.readouterr().err
    assert "day 7 lies inside the interval of subject" in said
    assert "such as 6 or 12" in said
    assert not (tmp_path / "seven").exists()
