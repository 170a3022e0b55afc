"""`asuc validate`: its numbers against computations of others, and sentences where there is none."""

from __future__ import annotations

import csv
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import concordance_index
from scipy.optimize import minimize
from scipy.stats import chi2, fisher_exact, mannwhitneyu

from asuc.cli import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

N = 40
WHOLE = ("--from", "ebe", "--bootstrap", "40", "--plan", "label")
QUICK = (*WHOLE, "--no-figures")


@dataclass(frozen=True)
class Made:
    """A cohort with the folder of its validation."""

    folder: Path
    cohort: Path
    events: list[tuple[str, float, int]]
    document: dict[str, Any]
    subjects: dict[str, np.ndarray]


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def write_events(file: Path, rows: list[tuple[str, float, int]]) -> Path:
    file.write_text("ID,TIME,EVENT\n" + "".join(f"{a},{b:g},{c}\n" for a, b, c in rows), encoding="utf-8")
    return file


def validate(cohort: Path, events: Path, out: Path, *more: str) -> int:
    return run(["validate", str(cohort), str(events), "--out", str(out), *(more or QUICK)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return the validation of a virtual cohort in which nobody is censored before day 90."""
    folder = tmp_path_factory.mktemp("validate")
    cohort, events = folder / "cohort.csv", folder / "events.csv"
    words = ["--out", str(cohort), "--events", str(events), "--n", str(N), "--seed", "3"]
    assert run(["cohort", "simulate", *words]) == 0
    rows = [(row["ID"], 90.0 if row["EVENT"] == "0" else float(row["TIME"]), int(row["EVENT"])) for row in read(events)]
    write_events(events, rows)
    assert validate(cohort, events, folder / "out", *WHOLE) == 0
    document = json.loads((folder / "out" / "validation.json").read_text())
    table = read(folder / "out" / "tables" / "subjects.csv")
    names = ("entry_day", "time_day", "event", "auc", "cl", "ln_auc_cl", "risk", "expected_events")
    subjects = {name: np.array([float(row[name]) for row in table]) for name in names}
    return Made(folder, cohort, rows, document, subjects)


@pytest.fixture(scope="module")
def few(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return some of the patients, three of them with the event; levels of fewer patients are predicted sooner."""
    with_event = [row for row in made.events if row[2]][:3]
    kept = [*with_event, *[row for row in made.events if not row[2]][:9]]
    names = {row[0] for row in kept}
    folder = tmp_path_factory.mktemp("few")
    head, *lines = made.cohort.read_text().splitlines()
    cohort = folder / "cohort.csv"
    cohort.write_text("\n".join([head, *(line for line in lines if line.split(",")[0] in names)]) + "\n")
    write_events(folder / "events.csv", kept)
    return Made(folder, cohort, kept, {}, {})


def test_risks_are_those_of_the_published_formula(made):
    own = made.subjects
    assert own["ln_auc_cl"] == pytest.approx(np.log(own["auc"] / own["cl"]), rel=1e-9)
    hazard = -math.log(0.8) * np.exp(-0.56 * (own["ln_auc_cl"] - 5.79))
    assert own["risk"] == pytest.approx(1.0 - np.exp(-hazard), rel=1e-6)
    assert own["expected_events"] == pytest.approx(hazard * (own["time_day"] / 90.0) ** 1.08, rel=1e-6)


def test_discrimination_is_that_of_rank_sums_and_of_lifelines(made):
    own, found = made.subjects, made.document["populations"]["all"]
    case = own["event"] == 1.0
    area = mannwhitneyu(own["risk"][case], own["risk"][~case]).statistic / (case.sum() * (~case).sum())
    assert found["discrimination"]["marker"]["auroc"]["value"] == pytest.approx(area, abs=1e-12)
    c = concordance_index(own["time_day"], -own["risk"], own["event"])
    assert found["discrimination"]["harrell_c"]["value"] == pytest.approx(c, abs=1e-12)
    # Nobody is censored before the horizon, so that weights change nothing.
    assert found["discrimination"]["marker"]["auc_at_horizon"]["value"] == pytest.approx(area, abs=1e-12)


def test_calibration_is_that_of_a_poisson_regression_by_another_optimiser(made):
    own, found = made.subjects, made.document["populations"]["all"]["calibration"]
    observed, expected = own["event"].sum(), own["expected_events"].sum()
    ratio = found["in_the_large"]["ratio"]
    assert ratio["value"] == pytest.approx(observed / expected)
    assert ratio["low"] == pytest.approx(0.5 * chi2.ppf(0.025, 2 * observed) / expected)
    assert ratio["high"] == pytest.approx(0.5 * chi2.ppf(0.975, 2 * observed + 2) / expected)
    lp = np.log(-np.log1p(-own["risk"]))
    lp = lp - lp.mean()

    def minus_log_likelihood(b: np.ndarray) -> float:
        shift = b[0] + b[1] * lp
        return float((own["expected_events"] * np.exp(shift)).sum() - (own["event"] * shift).sum())

    best = minimize(minus_log_likelihood, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    assert found["slope"]["intercept"]["value"] == pytest.approx(best[0], abs=1e-6)
    assert found["slope"]["slope"]["value"] == pytest.approx(1.0 + best[1], abs=1e-6)
    design = np.column_stack([np.ones(lp.size), lp])
    mean = own["expected_events"] * np.exp(design @ best)
    se = np.sqrt(np.diag(np.linalg.inv(design.T @ (design * mean[:, None]))))
    assert [found["slope"][key]["se"] for key in ("intercept", "slope")] == pytest.approx(se, rel=1e-5)


def test_the_mean_distance_of_the_curve_stands_with_its_interval_in_table_and_document(made):
    curve = made.document["populations"]["all"]["calibration"]["curve"]
    low, high = curve["ici_interval"]
    assert low < high
    row = next(row for row in read(made.folder / "out" / "tables" / "calibration.csv") if "ICI" in row["what"])
    found = [float(value) for name, value in row.items() if name.endswith((" low", " high")) and "all" in name]
    assert found == pytest.approx([100.0 * low, 100.0 * high])
    failed = next(
        row for row in read(made.folder / "out" / "tables" / "calibration.csv") if "without a curve" in row["what"]
    )
    assert f"{curve['n_failed']} of 40" in failed.values()
    assert any("ICI" in row["what"] for row in read(made.folder / "out" / "tables" / "summary.csv"))


def test_error_and_net_benefit_are_plain_sums_without_censoring(made):
    own, found = made.subjects, made.document["populations"]["all"]
    share = own["event"].mean()
    score = ((own["risk"] - own["event"]) ** 2).mean()
    assert found["brier"]["score"]["value"] == pytest.approx(score, abs=1e-12)
    assert found["brier"]["scaled"]["value"] == pytest.approx(1.0 - score / (share * (1.0 - share)), abs=1e-12)
    at = next(one for one in found["decision_curve"]["thresholds"] if one["threshold"] == pytest.approx(0.2))
    high = own["risk"] >= 0.2
    benefit = (own["event"][high].sum() - 0.25 * (1.0 - own["event"][high]).sum()) / high.size
    assert at["model"] == pytest.approx(benefit, abs=1e-12)
    assert at["n_above"] == high.sum()


def test_the_published_threshold_is_tested_as_scipy_and_lifelines_do(made):
    own = made.subjects
    high, case = own["ln_auc_cl"] < 5.79, own["event"] == 1.0
    rule = made.document["populations"]["all"]["threshold"]["given"][0]
    cells = [[(high & case).sum(), (high & ~case).sum()], [(~high & case).sum(), (~high & ~case).sum()]]
    table = np.array(cells, dtype=np.int64)
    assert [list(rule[key].values()) for key in ("high_risk", "low_risk")] == table.tolist()
    assert rule["fisher_p"] == pytest.approx(fisher_exact(table).pvalue)
    other = logrank_test(own["time_day"][high], own["time_day"][~high], own["event"][high], own["event"][~high])
    assert rule["log_rank"]["p"] == pytest.approx(other.p_value, rel=1e-9)


def test_the_landmark_has_the_risk_from_then_on_of_those_at_risk_after_it(made):
    own, found = made.subjects, made.document["populations"]["landmark"]
    kept = own["time_day"] > 28.0
    assert (found["n"], found["n_events"]) == (kept.sum(), own["event"][kept].sum())
    h = -np.log1p(-own["risk"][kept])
    risk = -np.expm1(-h * (1.0 - (28.0 / 90.0) ** 1.08))
    assert found["risk"]["mean"] == pytest.approx(risk.mean(), rel=1e-9)
    expected = (h * ((own["time_day"][kept] / 90.0) ** 1.08 - (28.0 / 90.0) ** 1.08)).sum()
    assert found["calibration"]["in_the_large"]["expected"] == pytest.approx(expected, rel=1e-9)
    assert found["risk_at_threshold"] == pytest.approx(0.147781, abs=1e-6)
    km = KaplanMeierFitter().fit(own["time_day"][kept], own["event"][kept])
    assert found["risk_seen"]["value"] == pytest.approx(1.0 - float(km.predict(90.0)), abs=1e-12)


def test_classes_move_by_the_difference_of_the_two_youden_indices(made):
    battat = next(
        one for one in made.document["populations"]["all"]["comparators"] if one["comparator"] == "cl_a_priori_battat"
    )
    rows = {row["id"]: row["cl_a_priori_battat"] for row in read(made.folder / "out" / "exposure" / "exposure.csv")}
    table = read(made.folder / "out" / "tables" / "subjects.csv")
    known = [row for row in table if rows[row["id"]]]
    marker = np.array([float(rows[row["id"]]) for row in known]) >= 0.627
    model = np.array([float(row["risk"]) for row in known]) >= 0.2
    case = np.array([row["event"] == "1" for row in known])

    def youden(high: np.ndarray) -> float:
        return float(high[case].mean() - high[~case].mean())

    assert battat["n"] == len(known)
    assert battat["n_without_comparator"] == len(table) - len(known)
    assert battat["reclassification"]["nri"]["value"] == pytest.approx(youden(model) - youden(marker), abs=1e-12)
    assert "idi" not in battat["reclassification"]


@pytest.mark.slow
def test_the_risk_over_the_posterior_is_that_of_a_forecast_of_the_same_patient(few, tmp_path, capsys):
    assert (
        validate(
            few.cohort,
            few.folder / "events.csv",
            tmp_path / "out",
            "--draws",
            "20000",
            "--bootstrap",
            "2",
            "--no-figures",
        )
        == 0
    )
    risk = {row["id"]: float(row["risk"]) for row in read(tmp_path / "out" / "tables" / "subjects.csv")}
    cohort = read(few.cohort)
    name = next(one for one, day, event in few.events if day == 90.0 and not event)
    rows = [row for row in cohort if row["ID"] == name]
    doses = [
        {"time_day": float(row["TIME"]), "amount_mg": float(row["AMT"]), "duration_hour": 24.0 * float(row["DUR"])}
        for row in rows
        if row["EVID"] == "1"
    ]
    samples = [sample_of(row) for row in rows if row["MDV"] == "0"]
    known = {"weight_kg": rows[0]["WT"], "crp_mg_per_L": rows[0]["CRP"]}
    covariates = {key: float(value) for key, value in known.items() if value != "."}
    now = max(one["time_day"] for one in (*doses, *samples))
    case = {"schema": "asuc-case/1", "doses": doses, "samples": samples, "covariates": covariates, "now_day": now}
    (tmp_path / "case.json").write_text(json.dumps(case))
    capsys.readouterr()
    assert len(covariates) == 2
    assert run(["forecast", str(tmp_path / "case.json"), "--json"]) == 0
    forecast = json.loads(capsys.readouterr().out)["posterior"]["risk_day90"]
    # The standard error of a mean over 20,000 draws.
    assert risk[name] == pytest.approx(forecast["mean"], abs=5.0 * forecast["sd"] / math.sqrt(20_000) + 1e-4)


def sample_of(row: dict[str, str]) -> dict[str, Any]:
    limits = {"lloq_mg_per_L": float(row["LLOQ"]), "uloq_mg_per_L": float(row["ULOQ"])}
    if row["CENS"] == "0":
        return {"time_day": float(row["TIME"]), "concentration_mg_per_L": float(row["DV"]), **limits}
    side = "below" if row["CENS"] == "1" else "above"
    limits["lloq_mg_per_L" if side == "below" else "uloq_mg_per_L"] = float(row["DV"])
    return {"time_day": float(row["TIME"]), "censored": side, **limits}


@pytest.mark.slow
def test_levels_are_predicted_as_asuc_performance_does(made, tmp_path):
    words = ["--model", "niyigena_2026_asuc", "--n", "40", "--no-figures", "--out", str(tmp_path / "out")]
    assert run(["performance", str(made.cohort), *words]) == 0
    other = json.loads((tmp_path / "out" / "performance.json").read_text())
    assert made.document["performance"]["forecast"] == other["forecast"]
    assert made.document["performance"]["a_priori"] == other["a_priori"]


def test_every_table_is_a_file_with_the_numbers_of_the_page(made):
    page = (made.folder / "out" / "report.html").read_text()
    names = re.findall(r'<table id="table-([\w-]+)"', page)
    assert len(names) == len(set(names)) > 14
    for name in names:
        assert read(made.folder / "out" / "tables" / f"{name}.csv"), name
    row = next(
        one for one in read(made.folder / "out" / "tables" / "summary.csv") if one["what"] == "Observed over expected"
    )
    ratio = made.document["populations"]["all"]["calibration"]["in_the_large"]["ratio"]
    key = f"all {N} subjects"
    assert [float(row[f"{key}{end}"]) for end in ("", " low", " high")] == pytest.approx(list(ratio.values()))
    shown = f"{ratio['value']:.2f} ({ratio['low']:.2f}\u00a0to\u00a0{ratio['high']:.2f})"
    assert f"<td>{shown}</td>" in page
    listed = json.loads((made.folder / "out" / "figures" / "figures.json").read_text())["figures"]
    for one in listed:
        assert f'id="figure-{one["name"]}"' in page
        for ending in ("svg", "html", "csv"):
            assert (made.folder / "out" / "figures" / f"{one['name']}.{ending}").is_file()


def test_subjects_of_one_file_only_are_listed_and_in_no_evaluation(few, tmp_path, capsys):
    rows = [("stranger", 50.0, 1), *few.events[3:]]
    out = tmp_path / "out"
    assert validate(few.cohort, write_events(tmp_path / "e.csv", rows), out) == 0
    document = json.loads((out / "validation.json").read_text())
    left_out = {one["code"]: one["ids"] for one in document["left_out"]}
    assert left_out == {"no_event_times": [row[0] for row in few.events[:3]], "not_in_cohort": ["stranger"]}
    assert document["n_subjects"] == len(few.events) - 3
    assert {row["id"] for row in read(out / "tables" / "subjects.csv")} == {row[0] for row in few.events[3:]}
    told = capsys.readouterr().err
    assert "stranger" in told
    page = (out / "report.html").read_text()
    assert "stranger" in page
    assert document["performance"]["n_subjects"] == len(few.events)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _, day: (90.0 if day == 90.0 else day, 0), "no_event"),
        (lambda k, day: (day, int(k == 1)), None),
        (lambda _, day: (day, 1), "all_events"),
        (lambda k, day: (min(day, 20.0 + 0.1 * k), int(day < 20.0)), "short_observation"),
    ],
)
def test_what_cannot_be_computed_is_a_sentence(
    few: Made, tmp_path: Path, change: Callable[[int, float], tuple[float, int]], code: str | None
):
    rows = [(name, *change(k, day)) for k, (name, day, _) in enumerate(few.events)]
    out = tmp_path / "out"
    assert validate(few.cohort, write_events(tmp_path / "e.csv", rows), out) == 0
    document = json.loads((out / "validation.json").read_text(), parse_constant=pytest.fail)
    assert code is None or code in {one["code"] for one in document["warnings"]}
    page = re.sub(r"<svg.*?</svg>", "", (out / "report.html").read_text(), flags=re.DOTALL)
    assert not re.search(r"\b(nan|NaN|None|inf)\b", page)
    for file in (out / "tables").glob("*.csv"):
        assert "nan" not in file.read_text().lower().replace("infinity", ""), file


def test_events_in_intervals_are_taken_in_the_middle_and_said(few, tmp_path):
    who = next(name for name, day, event in few.events if event and day > 12.0)
    lines = [
        f"{name},{day - 4.0 if name == who else day:g},{event},{day if name == who else ''}"
        for name, day, event in few.events
    ]
    file = tmp_path / "e.csv"
    file.write_text("ID,TIME,EVENT,TIME2\n" + "\n".join(lines) + "\n")
    assert validate(few.cohort, file, tmp_path / "out") == 0
    document = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert any(f"taken to lie in its middle: {who}." in note for note in document["notes"])
    table = {row["id"]: float(row["time_day"]) for row in read(tmp_path / "out" / "tables" / "subjects.csv")}
    day = next(day for name, day, _ in few.events if name == who)
    assert table[who] == pytest.approx(day - 2.0)


def test_a_column_of_the_event_times_is_compared_in_the_direction_given(few, tmp_path):
    values = dict(zip([row[0] for row in few.events], np.linspace(5.0, 40.0, len(few.events)), strict=True))
    lines = [f"{name},{day:g},{event},{values[name]:g}" for name, day, event in few.events]
    file = tmp_path / "e.csv"
    file.write_text("ID,TIME,EVENT,LACTATE\n" + "\n".join(lines) + "\n")
    words = ("--marker", "lactate:lower", "--at", "lactate=12", *QUICK)
    assert validate(few.cohort, file, tmp_path / "out", *words) == 0
    found = json.loads((tmp_path / "out" / "validation.json").read_text())["populations"]["all"]["comparators"]
    one = next(one for one in found if one["comparator"] == "LACTATE")
    # The first three have the event, and the lowest values.
    assert one["auroc"]["value"] == 1.0
    assert one["words"] == "LACTATE < 12"
    assert one["reclassified"] == "class"
    assert one["n_without_comparator"] == 0


@pytest.mark.slow
def test_another_pharmacokinetic_model_is_warned_of(few, tmp_path):
    words = ("--model", "fasanmade_2011_pediatric", *QUICK)
    assert validate(few.cohort, few.folder / "events.csv", tmp_path / "out", *words) == 0
    document = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert "other_exposure_scale" in {one["code"] for one in document["warnings"]}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            ("--planned", "p.csv", "--plan", "label"),
            "--plan: label is given beside --planned p.csv; expected one of the two",
        ),
        (("--landmark", "95"), "--landmark: is 95; expected a day before the horizon 90, or 0 for none"),
        (("--event-model", "none.toml"), "none.toml"),
        (("--planned", "none.csv"), "none.csv: cannot be read"),
        (("--at", "5"), "--at: “5” is given without --marker"),
        (("--marker", "crp:lower"), "expected at least one marker"),
        (("--from", "ebe", "--draws", "10"), "--draws: 10 are asked for beside --from ebe; expected --from posterior"),
    ],
)
def test_wrong_options_are_refused(few, tmp_path, capsys, more, said):
    capsys.readouterr()
    assert validate(few.cohort, few.folder / "events.csv", tmp_path / "out", *more) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_exists_is_not_written_over(made, capsys):
    assert validate(made.cohort, made.folder / "events.csv", made.folder / "out") == 2
    assert "--force" in capsys.readouterr().err


def test_the_page_stands_alone_and_has_no_barrier(made: Made, page: Page):
    file = made.folder / "out" / "report.html"
    text = file.read_text()
    assert not re.search(r"<script|<link|<img|\ssrc=|href=\"(?!#)|@import", text)
    for width in (1366, 390):
        page.set_viewport_size({"width": width, "height": 768})
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # On a telephone captions are whole, and letters of figures stay legible: what does not fit is scrolled in its own box.
    page.set_viewport_size({"width": 390, "height": 844})
    right = "all => all.map(one => one.getBoundingClientRect().right)"
    assert max(page.locator("caption span").evaluate_all(right)) <= 390
    letters = page.locator("[role=img] svg text").evaluate_all(
        "all => all.map(one => [one.getScreenCTM(), getComputedStyle(one).fontSize])"
        ".map(one => [Math.hypot(one[0].a, one[0].b), parseFloat(one[1])]).map(one => one[0] * one[1])"
    )
    assert min(letters) > 8.5
    # A4 less its margins; on paper nothing can be scrolled.
    page.set_viewport_size({"width": 695, "height": 900})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 695
    page.emulate_media(media="screen")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.get_by_role("table").count() == text.count("<caption>")
    assert page.locator("[role=img]").count() == text.count("<figure")
