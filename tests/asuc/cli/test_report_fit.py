"""`asuc report DIR`: the report of a fit says what its files say, and nothing is bound in that is of another fit."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from asuc.cli import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

MODEL = ("--model", "niyigena_2026_asuc")
QUICK = ("--method", "focei", "--censored", "drop", "--fix", "omega2_v=0.57")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path id="a" d="M 0 0 L 9 9"/><use href="#a"/></svg>'


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a fit with standard errors, beside the cohort."""
    folder = tmp_path_factory.mktemp("fitted")
    cohort = folder / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(cohort), "--n", "30", "--seed", "5"]) == 0
    assert run(["fit", str(cohort), *MODEL, *QUICK, "--out", str(folder / "fit")]) == 0
    return folder


@pytest.fixture
def fit(fitted: Path, tmp_path: Path) -> Path:
    """Return a folder of a fit that a test may change."""
    return shutil.copytree(fitted / "fit", tmp_path / "fit")


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that runs a report that must be refused, and returns its lines."""

    def refused(folder: Path, *options: str) -> list[str]:
        out = tmp_path / "refused.html"
        capsys.readouterr()
        assert run(["report", str(folder), "--out", str(out), *options]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert not out.exists()
        return printed.err.splitlines()

    return refused


def report_of(folder: Path, *options: str) -> str:
    out = folder.parent / "report.html"
    assert run(["report", str(folder), "--out", str(out), "--force", *options]) == 0
    return out.read_text(encoding="utf-8")


def rows_of(page: str, kind: str) -> dict[str, list[str]]:
    """Return the rows of a table by their heads."""
    (table,) = re.findall(rf'<table class="{kind}">(.*?)</table>', page, flags=re.DOTALL)
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', table, flags=re.DOTALL)
    return {name: [html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", cells)] for name, cells in rows}


def change(file: Path, path: str, value: object) -> None:
    """Set one field of a JSON document; `...` takes it away."""
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    *outer, last = path.split(".")
    place = document
    for name in outer:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    file.write_text(json.dumps(document), encoding="utf-8")


def bootstrap(folder: Path, fit: Path) -> Path:
    """Write a bootstrap of a fit."""
    folder.mkdir(exist_ok=True)
    document = json.loads((fit / "fit.json").read_text(encoding="utf-8"))
    spread = {
        "estimate": 0.5,
        "fixed": False,
        "mean": 0.51,
        "bias": 0.01,
        "se": 0.06,
        "q025": 0.4,
        "q50": 0.5,
        "q975": 0.62,
    }
    content = {
        "schema": "asuc-bootstrap/1",
        "method": document["method"],
        "n": 20,
        "n_used": 19,
        "statuses": {"converged": 19, "gradient_not_small": 1},
        "parameters": {"cl": spread, "v": {**spread, "fixed": True}},
        "warnings": [{"code": "fits_not_converged", "text": "1 of 20 fits did not converge."}],
        "settings": {"model_sha256": document["model"]["sha256"], "data_sha256": document["data"]["sha256"]},
    }
    (folder / "bootstrap.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_a_fit_draws_its_figures_as_files_and_the_same_fit_draws_the_same(fitted: Path, tmp_path: Path):
    again = tmp_path / "again"
    assert run(["fit", str(fitted / "cohort.csv"), *MODEL, *QUICK, "--out", str(again)]) == 0

    first = fitted / "fit" / "figures"
    listed = json.loads((first / "figures.json").read_text(encoding="utf-8"))
    names = [entry["name"] for entry in listed["figures"]]
    assert listed["schema"] == "asuc-figures/1"
    assert {"dv-pred", "dv-ipred", "cwres-time", "npde-distribution", "individuals-001", "individuals-003"} <= set(
        names
    )
    expected = {"figures.json", *(f"{name}.{ending}" for name in names for ending in ("svg", "html", "csv"))}
    assert {file.name for file in first.iterdir()} == expected
    for file in first.iterdir():
        assert (again / "figures" / file.name).read_bytes() == file.read_bytes()


def test_no_figures_are_drawn_where_none_are_wanted(fitted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["fit", str(fitted / "cohort.csv"), *MODEL, *QUICK, "--maxeval", "0"]
    capsys.readouterr()
    assert run([*arguments, "--out", str(tmp_path / "none"), "--no-figures"]) == 0
    assert "figures drawn" not in capsys.readouterr().out
    assert not (tmp_path / "none" / "figures").exists()

    assert run([*arguments, "--out", str(tmp_path / "some"), "--individuals", "13"]) == 0
    assert re.search(r"\n11 figures drawn in \d+\.\d\d s\.\n", capsys.readouterr().out)
    last = (tmp_path / "some" / "figures" / "individuals-002.html").read_text(encoding="utf-8")
    assert "17 further subjects are not drawn." in last

    assert run([*arguments, "--out", str(tmp_path / "some"), "--no-figures", "--force"]) == 0
    assert not (tmp_path / "some" / "figures" / "figures.json").exists()
    assert "--no-figures" in report_of(tmp_path / "some")


def test_individuals_that_are_no_number_are_refused(fitted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["fit", str(fitted / "cohort.csv"), *MODEL, "--out", str(tmp_path / "fit"), "--individuals"]
    capsys.readouterr()
    assert run([*arguments, "few"]) == 2
    assert "--individuals: “few” is neither a whole number from 0 on nor “all”" in capsys.readouterr().err


def test_estimates_are_those_of_the_fit(fit: Path):
    document = json.loads((fit / "fit.json").read_text(encoding="utf-8"))
    shown = rows_of(report_of(fit), "estimates")

    entries = {name: entry for group in ("theta", "omega", "sigma") for name, entry in document[group].items()}
    assert list(shown) == list(entries)
    for name, entry in entries.items():
        estimate, se, rse, interval, cv, shrinkage, remark = (cell.replace("−", "-") for cell in shown[name])
        assert float(estimate) == pytest.approx(entry["estimate"], rel=1e-4)
        assert remark == ("fixed" if entry["fixed"] else "")
        if entry["se"] is None:
            assert (se, rse, interval) == ("–", "–", "–")
        else:
            assert float(se) == pytest.approx(entry["se"], rel=1e-3)
            assert float(rse) == pytest.approx(entry["rse_pct"], abs=0.051)
            low, high = map(float, interval.split(" to "))
            ends = np.array([-1.96, 1.96]) * entry["se"]
            if name.startswith(("omega2", "sigma")):
                expected = np.exp(np.log(entry["estimate"]) + ends / entry["estimate"])
            else:
                expected = entry["estimate"] + ends
            assert [low, high] == pytest.approx(expected, rel=1e-3, abs=1e-4)
        for cell, key in ((cv, "cv_pct"), (shrinkage, "shrinkage_pct")):
            assert cell == "–" if entry.get(key) is None else float(cell) == pytest.approx(entry[key], abs=0.051)


def test_model_data_method_and_how_it_ended_are_those_of_the_fit(fit: Path):
    document = json.loads((fit / "fit.json").read_text(encoding="utf-8"))
    page = report_of(fit)
    facts = {name: cells[0] for name, cells in rows_of(page, "facts").items()}

    assert facts["SHA-256 of the model"] == document["model"]["sha256"]
    assert facts["SHA-256 of the data"] == document["data"]["sha256"]
    assert "FOCE-I" in facts["Method"]
    assert facts["Censored levels"] == "left out (M1)"
    assert float(facts["Objective (without log 2π)"]) == pytest.approx(document["ofv"], abs=1e-4)
    assert float(facts["Condition number"]) == pytest.approx(document["condition_number"], rel=1e-3)
    assert html.escape(document["status_text"]) in page
    assert "Research use only." in page


def test_residuals_are_summed_up_from_the_table(fit: Path):
    with (fit / "table.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    shown = rows_of(report_of(fit), "residuals")
    for name in ("iwres", "cwres", "npde"):
        values = [float(row[name]) for row in rows if row[name]]
        n, mean, sd = (cell.replace("−", "-") for cell in shown[name.upper()])
        assert int(n) == len(values)
        assert float(mean) == pytest.approx(statistics.fmean(values), abs=6e-4)
        assert float(sd) == pytest.approx(statistics.stdev(values), abs=6e-4)


def test_every_figure_is_inside_and_nothing_comes_from_elsewhere(fit: Path):
    listed = json.loads((fit / "figures" / "figures.json").read_text(encoding="utf-8"))["figures"]
    page = report_of(fit)

    assert re.findall(r"<h3>(.*?)</h3>", page) == [html.escape(entry["title"]) for entry in listed]
    assert page.count("<svg") == len(listed)
    assert not re.search(r"(?:https?:)?//[a-z]|<script|<link|src=", page)
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', page)) <= set(ids)
    assert report_of(fit) == page


def test_the_page_opens_without_a_complaint_and_does_not_scroll_sideways(fit: Path, page: Page):
    report_of(fit)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto((fit.parent / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    page.goto((fit / "figures" / "dv-pred.html").as_uri())
    page.get_by_text("Data", exact=True).click()
    assert page.get_by_role("columnheader", name="pred").is_visible()
    assert said == []


def test_what_is_not_there_is_named(fit: Path):
    (fit / "table.csv").unlink()
    (fit / "etas.csv").unlink()
    shutil.rmtree(fit / "figures")
    page = report_of(fit)
    for words in (
        "table.csv is not there",
        "etas.csv is not there",
        "figures/figures.json is not there",
        "No bootstrap",
    ):
        assert words in page
    assert rows_of(page, "estimates")


def test_a_bootstrap_is_bound_in_from_a_folder_inside_or_one_that_is_named(fit: Path, tmp_path: Path):
    outside = bootstrap(tmp_path / "boot", fit)
    assert "<h2>Bootstrap</h2>" not in report_of(fit)
    page = report_of(fit, "--bootstrap", str(outside))
    bootstrap(fit / "boot", fit)

    assert report_of(fit) == page
    assert rows_of(page, "bootstrap") == {"cl": ["0.5", "0.51", "0.01", "0.06", "0.4", "0.5", "0.62"]}
    assert (
        "20 fits to subjects drawn with replacement: 19 converged, 1 gradient not small; 19 are in the intervals."
        in page
    )
    assert "<li>1 of 20 fits did not converge.</li>" in page


def test_a_bootstrap_of_something_else_is_refused(fit: Path, tmp_path: Path, refusal: Callable[..., list[str]]):
    folder = bootstrap(tmp_path / "boot", fit)
    option = ("--bootstrap", str(folder))
    change(folder / "bootstrap.json", "settings.data_sha256", "of others")
    (line,) = refusal(fit, *option)
    assert line.startswith(f"{folder}/bootstrap.json, data: of others; expected ")

    bootstrap(folder, fit)
    change(folder / "bootstrap.json", "method", "exact")
    assert refusal(fit, *option) == [f"{folder}/bootstrap.json, method: exact; expected focei, as in the fit"]

    (line,) = refusal(fit, "--bootstrap", str(tmp_path))
    assert line == f"{tmp_path}: holds no bootstrap.json; expected the folder of a bootstrap"

    bootstrap(fit / "one", fit)
    bootstrap(fit / "two", fit)
    assert refusal(fit) == [f"{fit}: holds 2 bootstraps; --bootstrap DIR says which one is meant"]


def test_figures_of_other_folders_are_bound_in_with_their_captions(fit: Path):
    vpc = fit / "vpc"
    vpc.mkdir()
    for name in ("listed", "beside", "bare"):
        (vpc / f"{name}.svg").write_text(SVG, encoding="utf-8")
    entry = {"name": "listed", "title": "The VPC", "caption": "Of 1,000 cohorts."}
    (vpc / "vpc.json").write_text(json.dumps({"schema": "asuc-vpc/1", "figures": [entry]}), encoding="utf-8")
    (vpc / "beside.json").write_text(json.dumps({"caption": "Beside <it>."}), encoding="utf-8")

    page = report_of(fit)
    assert "<h3>The VPC</h3>" in page
    assert "<figcaption>Of 1,000 cohorts.</figcaption>" in page
    assert "<figcaption>Beside &lt;it&gt;.</figcaption>" in page
    assert "<h3>vpc: bare</h3>" in page
    assert page.count('id="vpc-') == 3


def test_figures_beside_the_fit_and_in_folders_of_figures_are_bound_in(fit: Path):
    entry = {"name": "a", "title": "The VPC", "caption": ""}
    for place in (fit, fit / "tail" / "figures"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "a.svg").write_text(SVG, encoding="utf-8")
    (fit / "vpc.json").write_text(json.dumps({"figures": [entry]}), encoding="utf-8")

    page = report_of(fit)
    assert "<h3>The VPC</h3>" in page
    assert "<h3>tail/figures: a</h3>" in page
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<a href="https://example.org">x</a>',
        '<path onclick="x()" d="M 0 0"/>',
        "<style>@import 'x';</style>",
        '<g fill="url(http://example.org/x)"/>',
        '<image href="data:image/png;base64,AA"/>',
    ],
)
def test_a_picture_with_a_program_or_something_from_elsewhere_is_refused(
    fit: Path, refusal: Callable[..., list[str]], inside: str
):
    (fit / "vpc").mkdir()
    (fit / "vpc" / "x.svg").write_text(SVG.replace("</svg>", f"{inside}</svg>"), encoding="utf-8")
    (line,) = refusal(fit)
    assert line.startswith(f"{fit}/vpc/x.svg: holds ")


def test_a_picture_that_is_cut_off_or_gone_is_refused(fit: Path, refusal: Callable[..., list[str]]):
    file = fit / "figures" / "dv-pred.svg"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole[:-20], encoding="utf-8")
    assert refusal(fit) == [f"{file}: is no whole SVG; expected the figure as it was written"]
    file.unlink()
    (line,) = refusal(fit)
    assert line.startswith(f"{file}: cannot be read (")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("schema", "asuc-forecast/1", ', schema: "asuc-forecast/1"; expected "asuc-fit/1"'),
        ("ofv", "low", ', ofv: "low"; expected a number'),
        ("theta.cl.fixed", 0, ", theta.cl.fixed: 0; expected true or false"),
        ("model.sha256", ..., ", model.sha256: missing; expected a text"),
        ("theta.cl.se", "small", ', theta.cl.se: "small"; expected a number'),
        ("theta.cl", 0.5, ", theta.cl: 0.5; expected an object"),
        ("sigma", [], ", sigma: []; expected an object"),
        ("warnings", ["x"], ", warnings: is no list of objects with a text; expected one"),
    ],
)
def test_a_fit_with_a_fault_is_refused_with_its_field(
    fit: Path, refusal: Callable[..., list[str]], path: str, value: object, said: str
):
    change(fit / "fit.json", path, value)
    assert refusal(fit) == [f"{fit}/fit.json{said}"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"schema": ', "is not JSON (line 1, column 12); "),
        (b"[1]", "is no JSON object; "),
        (b"\xff\xfe", "is not text in UTF-8; "),
        (b"", "is not JSON (line 1, column 1); "),
    ],
)
def test_a_broken_document_is_refused_in_one_sentence(
    fit: Path, refusal: Callable[..., list[str]], content: bytes, said: str
):
    (fit / "fit.json").write_bytes(content)
    assert refusal(fit) == [f"{fit}/fit.json: {said}expected what `asuc fit` writes (asuc-fit/1)"]


def test_a_folder_without_a_fit_is_refused(tmp_path: Path, refusal: Callable[..., list[str]]):
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty") == [
        f"{tmp_path}/empty: holds no fit.json; expected a patient case (asuc-case/1), or the folder that `asuc fit` wrote"
    ]


def test_a_table_with_a_fault_is_refused(fit: Path, refusal: Callable[..., list[str]]):
    file = fit / "table.csv"
    lines = file.read_text(encoding="utf-8").splitlines()

    file.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    (line,) = refusal(fit)
    assert "they are of different fits" in line

    file.write_text("\n".join([lines[0].replace("npde", "other"), *lines[1:]]) + "\n", encoding="utf-8")
    (line,) = refusal(fit)
    assert line.startswith(f"{file}: column npde missing among id, line, time")

    wrong = lines[1].split(",")
    wrong[lines[0].split(",").index("cwres")] = "x"
    file.write_text("\n".join([lines[0], ",".join(wrong), *lines[2:]]) + "\n", encoding="utf-8")
    assert refusal(fit) == [f'{file}, row 2, cwres: "x"; expected a number, or nothing']

    file.write_text("\n".join([*lines, "1,2"]) + "\n", encoding="utf-8")
    (line,) = refusal(fit)
    assert line.endswith(": 2 cells; expected 12, as many as in the head")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--language", "de"), '--language: "de"; the report of a fit is in English (en)'),
        (
            ("--event-model", "x.toml"),
            "--event-model: the report of a fit holds no risk; expected a patient case before it",
        ),
    ],
)
def test_options_of_a_case_are_refused(
    fit: Path, refusal: Callable[..., list[str]], options: tuple[str, ...], said: str
):
    assert refusal(fit, *options) == [said]


def test_a_pdf_of_a_fit_is_refused_and_a_file_is_kept_unless_forced(
    fit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["report", str(fit), "--out", str(tmp_path / "x.pdf")]) == 2
    assert "is no .html; the report of a fit is a web page" in capsys.readouterr().err
    out = tmp_path / "kept.html"
    out.write_text("kept", encoding="utf-8")
    assert run(["report", str(fit), "--out", str(out)]) == 2
    assert out.read_text(encoding="utf-8") == "kept"


def test_a_bootstrap_beside_a_case_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["report", "case.json", "--out", str(tmp_path / "x.html"), "--bootstrap", str(tmp_path)]
    assert run(arguments) == 2
    assert capsys.readouterr().err.startswith("--bootstrap: only the report of a fit holds one")
