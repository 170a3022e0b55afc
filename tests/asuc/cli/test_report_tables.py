"""`asuc report DIR`: tables of other commands in the folder of a fit are bound in once, and those of something else are not."""

from __future__ import annotations

import html
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from asuc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

MODEL = ("--model", "niyigena_2026_asuc")
QUICK = ("--method", "focei", "--censored", "drop", "--fix", "omega2_v=0.57", "--no-figures")
ERRORS = "Performance: errors of the quantified levels (performance/errors.csv)"
COVERAGE = "Performance: levels inside prediction intervals (performance/coverage.csv)"


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a fit, with the performance on its own cohort inside."""
    folder = tmp_path_factory.mktemp("fitted")
    cohort = folder / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(cohort), "--n", "20", "--seed", "5"]) == 0
    assert run(["fit", str(cohort), *MODEL, *QUICK, "--out", str(folder / "fit")]) == 0
    line = ["performance", str(cohort), *MODEL, "--fit", str(folder / "fit"), "--n", "20", "--no-figures"]
    assert run([*line, "--out", str(folder / "fit" / "performance")]) == 0
    return folder / "fit"


@pytest.fixture
def fit(fitted: Path, tmp_path: Path) -> Path:
    """Return a folder of a fit that a test may change."""
    return shutil.copytree(fitted, tmp_path / "fit")


def page_of(folder: Path) -> str:
    out = folder.parent / "report.html"
    assert run(["report", str(folder), "--out", str(out), "--force"]) == 0
    return out.read_text(encoding="utf-8")


def tables_of(page: str) -> dict[str, list[list[str]]]:
    """Return the rows of the bound tables by what stands above them."""
    found = re.findall(r'<h3>([^<]*)</h3>\s*<div class="wide"><table class="bound">(.*?)</table>', page, re.DOTALL)
    return {
        title: [
            [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        for title, table in found
    }


def beside(fit: Path, name: str, schema: str, **changes: Any) -> Path:
    """Write the document of another command into a folder inside."""
    own = json.loads((fit / "fit.json").read_text(encoding="utf-8"))
    origin = {"model_sha256": own["model"]["sha256"], "data_sha256": own["data"]["sha256"], **changes}
    folder = fit / name
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"schema": schema, "settings": origin}), encoding="utf-8")
    return folder


def profile(fit: Path, **changes: Any) -> None:
    folder = beside(fit, "profile", "asuc-profile/1", **changes)
    text = (
        "parameter,estimate,se,lower,lower_status,upper,upper_status,wald_lower,wald_upper,interval_ratio\n"
        "cl,0.51234567,0.05,0.4,found,,at_bound,-0.41,0.61,\n"
    )
    (folder / "intervals.csv").write_text(text, encoding="utf-8")


def test_performance_stands_in_the_report_as_in_its_tables(fit: Path):
    found = tables_of(page_of(fit))
    errors = found[ERRORS]
    document = json.loads((fit / "performance" / "performance.json").read_text(encoding="utf-8"))
    assert errors[0][:4] == ["Predictions", "At", "Levels", "Bias (mg/L)"]
    assert errors[1][:3] == ["a priori", "point", str(document["a_priori"]["n_quantified"])]
    bias = document["a_priori"]["point"]["bias_mg_per_L"]
    told = f"{bias['value']:.4g} ({bias['low']:.4g} to {bias['high']:.4g})"
    assert errors[1][3] == told.replace("-", "−")
    coverage = found[COVERAGE]
    assert len(coverage) == 1 + sum(
        len(document[stage]["coverage"]) for stage in ("a_priori", "a_priori_of_forecast", "forecast")
    )
    assert "Performance: levels beyond limits (performance/beyond_limits.csv)" in found


def test_profiles_resampling_and_search_are_bound_in_once(fit: Path):
    profile(fit)
    sir = beside(fit, "sir", "asuc-sir/1")
    (sir / "sir.csv").write_text(
        "parameter,estimate,fixed,mean,se,q025,q05,q50,q95,q975\ncl,0.5,0,0.51,0.05,0.4,0.42,0.5,0.6,0.62\nv,11,1,,,,,,,\n",
        encoding="utf-8",
    )
    scm = beside(fit, "scm", "asuc-scm/1")
    (scm / "final.csv").write_text(
        "parameter,estimate,base_estimate,effect_parameter,effect_covariate,effect_form,effect_reference\n"
        "cl,0.4,0.5,,,,\ncl_crp_mg_per_L,0.2,,cl,crp_mg_per_L,hockey_stick,30.0\n",
        encoding="utf-8",
    )
    page = page_of(fit)
    found = tables_of(page)
    assert found["Likelihood profiles (profile/intervals.csv)"][1] == [
        *("cl", "0.5123", "0.4", "found", "", "at bound", "−0.41", "0.61", ""),
    ]
    assert found["Sampling importance resampling (sir/sir.csv)"][1:] == [
        ["cl", "0.5", "0.51", "0.05", "0.4", "0.5", "0.62"]
    ]
    assert found["Covariate search: final model (scm/final.csv)"][2] == [
        *("cl_crp_mg_per_L", "", "0.2", "cl", "crp_mg_per_L", "hockey stick", "30"),
    ]
    assert "Covariate search: full model (scm/full.csv)" not in found
    assert page.count("Likelihood profiles") == 1
    assert page.count('<table class="estimates">') == 1


@pytest.mark.parametrize(
    ("changes", "other"), [({"model_sha256": "0"}, "another model"), ({"data_sha256": "0"}, "other data")]
)
def test_tables_of_something_else_are_named_and_not_bound_in(fit: Path, changes: dict[str, str], other: str):
    profile(fit, **changes)
    page = page_of(fit)
    assert "Likelihood profiles (profile/intervals.csv)" not in tables_of(page)
    assert f"profile/intervals.csv is of {other} and not bound in." in page


def test_performance_on_other_data_is_bound_in_and_a_table_that_is_not_there_is_named(fit: Path):
    file = fit / "performance" / "performance.json"
    document = json.loads(file.read_text(encoding="utf-8")) | {"data_sha256": "0"}
    file.write_text(json.dumps(document), encoding="utf-8")
    (fit / "performance" / "coverage.csv").unlink()
    page = page_of(fit)
    assert ERRORS in tables_of(page)
    assert "performance/coverage.csv is not there: performance.json is of an older version." in page


def test_a_document_of_another_kind_with_the_same_name_binds_nothing(fit: Path):
    folder = beside(fit, "scm", "tte-scm/1")
    (folder / "final.csv").write_text("parameter,estimate\nshape,1\n", encoding="utf-8")
    page = page_of(fit)
    assert not any(title.startswith("Covariate search") for title in tables_of(page))
    assert "scm/final.csv" not in page


def test_a_table_with_a_fault_is_refused(fit: Path, capsys: pytest.CaptureFixture[str]):
    profile(fit)
    (fit / "profile" / "intervals.csv").write_text("parameter,estimate\ncl\n", encoding="utf-8")
    capsys.readouterr()
    assert run(["report", str(fit), "--out", str(fit.parent / "no.html")]) == 2
    assert "row 2: 1 cells; expected 2" in capsys.readouterr().err
    assert not (fit.parent / "no.html").exists()
