"""`asuc tte recalibrate` from a file of event times to a model that the app and the forecast read, and its refusals."""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asuc.cli import run
from asuc.cli.cohort_source import write_csv
from asuc.cli.exposure_scale import exposure_remarks
from pkpd.model import load_model
from tests.asuc.shell import TYPICAL
from tests.tte.recalibration.event_cohorts import X, cohort
from tte import load_event_model
from tte.recalibration.schema import TteRecalibration, recalibration_json_schema

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schema" / "tte-recalibrate-1.schema.json"
FAST = ("--n", "20", "--no-figures")


def write(file, events):
    rows = zip(events.ids, events.stop.tolist(), events.kind.tolist(), events.covariates[X].tolist(), strict=True)
    write_csv(file, ("ID", "TIME", "EVENT", X), rows)
    return str(file)


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    return write(tmp_path_factory.mktemp("events") / "events.csv", cohort(220, 14, factor=1.8, slope=-0.7))


def recalibrate(events, out, method, *more):
    return run(["tte", "recalibrate", events, "--method", method, "--out", str(out), *more])


@pytest.fixture(scope="module")
def folder(events, tmp_path_factory):
    out = tmp_path_factory.mktemp("bayes") / "out"
    assert recalibrate(events, out, "bayes", "--id", "my_hospital_2027", "--n", "20") == 0
    return out


def test_one_command_writes_model_card_document_tables_and_figures(folder):
    names = {file.name for file in folder.iterdir()}
    tables = {"parameters.csv", "updates.csv", "tests.csv", "risks.csv", "calibration.csv"}
    assert names == tables | {"my_hospital_2027.toml", "model_card.html", "recalibrate.json", "figures"}
    drawn = {one["name"] for one in json.loads((folder / "figures" / "figures.json").read_text())["figures"]}
    parts = ("risk-over-exposure", "calibration-before", "calibration-after")
    assert drawn == {f"{part}-{who}" for part in parts for who in ("all", "landmark-28")}
    page = (folder / "model_card.html").read_text(encoding="utf-8")
    assert "Research use only" in page
    assert "Bayesian" not in page  # the method is called by its name
    assert "Recalibrated (bayes) from niyigena_2026_asuc 1.0.0" in page
    assert page.count("<figure>") == 6
    assert "://" not in page


def test_the_document_is_as_its_schema_says_and_holds_both_groups_of_patients(folder):
    text = (folder / "recalibrate.json").read_text(encoding="utf-8")
    document = json.loads(text)
    TteRecalibration.model_validate(document)
    assert "NaN" not in text
    assert document["schema"] == "tte-recalibrate/1"
    assert document["beside"]["recalibration"]["from_day"] == 28.0
    assert document["model"]["sha256"] == load_event_model(folder / "my_hospital_2027.toml").sha256
    assert document["event_model"]["sha256"] == load_event_model().sha256
    assert document["threshold"]["source"] == "youden"


def test_the_json_schema_is_that_of_the_page():
    assert SCHEMA.read_text(encoding="utf-8") == recalibration_json_schema()


def test_tables_hold_old_and_new_side_by_side(folder):
    with (folder / "parameters.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["set"], row["parameter"], row["model"]) for row in rows} == {
        (who, name, model)
        for who in ("all", "landmark 28")
        for name in ("log_lambda", "shape", "beta", "log_hazard_day90")
        for model in ("old", "new")
    }
    with (folder / "tests.csv").open() as stream:
        tests = [row for row in csv.DictReader(stream) if row["set"] == "all" and row["procedure"] == "tests"]
    assert [(row["smaller"], row["larger"]) for row in tests] == [
        ("original", "refit"),
        ("intercept", "refit"),
        ("slope", "refit"),
    ]


def test_the_forecast_of_the_new_model_is_another_and_names_it(folder, capsys):
    model = str(folder / "my_hospital_2027.toml")
    assert run(["forecast", str(TYPICAL), "--json"]) == 0
    old = json.loads(capsys.readouterr().out)
    assert run(["forecast", str(TYPICAL), "--event-model", model, "--json"]) == 0
    new = json.loads(capsys.readouterr().out)
    assert new["event_model"]["name"] == "my_hospital_2027"
    assert new["risk"]["threshold_log_auc_cl"] == load_event_model(model).threshold != 5.79
    widths = [
        one["posterior"]["risk_day90_total"]["q95"] - one["posterior"]["risk_day90_total"]["q05"] for one in (old, new)
    ]
    assert widths[0] != pytest.approx(widths[1], abs=1e-3)


def test_models_shows_the_card_of_the_new_model(folder, capsys):
    file = str(folder / "my_hospital_2027.toml")
    assert run(["models", file]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Recalibrated (bayes) from niyigena_2026_asuc 1.0.0" in said
    assert "Covariance matrix" in said
    assert run(["models", file, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["schema"] == "asuc-event-model-card/1"
    assert card["model"]["provenance"]["method"] == "bayes"


@pytest.mark.parametrize("method", ["intercept", "slope", "refit"])
def test_every_method_writes_a_model_that_is_read(method, events, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    assert recalibrate(events, tmp_path / "out", method, *FAST) == 0
    said = " ".join(capsys.readouterr().out.split())
    name = f"niyigena_2026_asuc_{method}"
    model: Any = load_event_model(tmp_path / "out" / f"{name}.toml")
    assert model.provenance.method == method
    assert f"asuc app --event-model {tmp_path / 'out' / name}.toml" in said
    assert "The closed testing procedure at 0.05 recommends" in said
    assert "Research use only" in said


def test_the_landmark_alone_has_nothing_beside_it(events, tmp_path, capsys):
    assert recalibrate(events, tmp_path / "out", "intercept", "--landmark", "28", "--json", *FAST) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["beside"], document["from_day"], document["landmark"]["day"]) == (None, 28.0, 28.0)
    content = tomllib.loads((tmp_path / "out" / document["model"]["file"]).read_text(encoding="utf-8"))
    assert content["provenance"]["from_day"] == 28.0
    assert "colectomies_before_week_4" not in content["facts"]


def test_the_same_seed_writes_the_same_model(events, tmp_path):
    for name in ("a", "b"):
        assert recalibrate(events, tmp_path / name, "bayes", *FAST) == 0
    file = "niyigena_2026_asuc_bayes.toml"
    assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_no_protective_association_writes_no_model_and_takes_an_old_one_away(events, tmp_path, capsys):
    out = tmp_path / "out"
    assert recalibrate(events, out, "slope", *FAST) == 0
    assert (out / "niyigena_2026_asuc_slope.toml").exists()
    other = write(tmp_path / "other.csv", cohort(200, 6, slope=0.3))
    capsys.readouterr()
    assert recalibrate(other, out, "slope", "--force", *FAST) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "these patients show no lower hazard with more exposure" in said
    assert "No event model was written; the rest is in" in said
    assert not (out / "niyigena_2026_asuc_slope.toml").exists()
    assert not (out / "model_card.html").exists()
    assert json.loads((out / "recalibrate.json").read_text())["model"] is None


def test_without_an_event_only_bayes_answers(tmp_path, capsys):
    file = write(tmp_path / "events.csv", cohort(30, 1, factor=1e-6))
    assert recalibrate(file, tmp_path / "out", "intercept", *FAST) == 2
    assert capsys.readouterr().err.endswith("holds no event; expected at least one row with EVENT 1\n")
    assert recalibrate(file, tmp_path / "out", "bayes", *FAST) == 0
    assert "There is no event among these patients" in capsys.readouterr().out
    model: Any = load_event_model(tmp_path / "out" / "niyigena_2026_asuc_bayes.toml")
    assert model.provenance.events == 0


REFUSALS = [
    (("intercept", "--covariate", "AUC"), "has no column AUC; it has ID, TIME, EVENT, LOG_AUC_CL"),
    (("intercept", "--event-model", "none.toml"), "none.toml: no such file"),
    (("intercept", "--level", "0.4"), "--level: 0.4 is not above 0.5 and below 1, such as 0.95"),
    (("bayes", "--penalize"), "--penalize: belongs to a likelihood without a prior; leave it out with --method bayes"),
    (
        ("slope", "--prior-weight", "0.5"),
        "--prior-weight, --shape-sd: belong to --method bayes; leave them out with slope",
    ),
    (("bayes", "--prior-weight", "2"), "--prior-weight: 2 is not above 0 and up to 1"),
    (("slope", "--id", "my hospital"), "--id: “my hospital” is no name; expected up to 80 letters"),
    (("slope", "--id", "niyigena_2026_asuc"), "--id: niyigena_2026_asuc is the name of the old or of a shipped model"),
]


@pytest.mark.parametrize(("words", "problem"), REFUSALS, ids=[problem[:30] for _, problem in REFUSALS])
def test_what_does_not_fit_together_is_refused(words, problem, events, tmp_path, capsys):
    assert recalibrate(events, tmp_path / "out", *words, *FAST) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_event_model_of_another_hazard_is_refused(events, tmp_path, capsys):
    shipped = Path(load_event_model.__code__.co_filename).parents[1] / "library" / "niyigena_2026_asuc.toml"
    other = tmp_path / "gompertz.toml"
    other.write_text(shipped.read_text(encoding="utf-8").replace('hazard = "weibull"', 'hazard = "gompertz"'))
    assert recalibrate(events, tmp_path / "out", "slope", "--event-model", str(other), *FAST) == 2
    assert capsys.readouterr().err == f"{other}, hazard: 'gompertz', expected 'weibull'.\n"


def test_an_area_instead_of_its_logarithm_is_refused(tmp_path, capsys):
    found = cohort(50, 3)
    rows = zip(found.ids, found.stop.tolist(), found.kind.tolist(), np.exp(found.covariates[X]).tolist(), strict=True)
    write_csv(tmp_path / "events.csv", ("ID", "TIME", "EVENT", "AUC"), rows)
    assert recalibrate(str(tmp_path / "events.csv"), tmp_path / "out", "slope", "--covariate", "auc", *FAST) == 2
    assert "expected ln(AUC/CL), the column LOG_AUC_CL of asuc exposure" in capsys.readouterr().err


def test_the_document_of_the_exposure_is_held_against_the_model(tmp_path):
    spec, model = load_model("niyigena_2026_asuc"), load_event_model()
    from pkpd.model.population import population_parameters  # noqa: PLC0415

    values = {one.name: one.value for one in population_parameters(spec)}
    document = {"schema": "asuc-exposure/1", "model_sha256": spec.sha256, "values": values}

    def remarks(**changes):
        (tmp_path / "exposure.json").write_text(json.dumps(document | changes))
        return list(exposure_remarks(tmp_path / "events.csv", model))

    assert remarks() == []
    assert "computed with another pharmacokinetic model" in remarks(model_sha256="0" * 64)[0]
    assert "with other values of cl (exposure.json)" in remarks(values=values | {"cl": 0.6})[0]
    assert "a hypothetical regimen, label" in remarks(hypothetical_regimen="label")[0]
    assert remarks(schema="other/1") == []
    assert list(exposure_remarks(tmp_path / "nowhere" / "events.csv", model)) == []
