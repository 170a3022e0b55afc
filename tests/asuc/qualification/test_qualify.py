"""`asuc qualify`: a page and a document whose hash anybody can compute again, exit codes, and the table of requirements."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from asuc.cli import qualify, run
from asuc.qualification import installation, operation, reference_folders, speed, traceability
from asuc.qualification.document import hash_of, requirement_rows
from asuc.qualification.outcome import Outcome, Verdict, judged
from asuc.qualification.plain_focei import focei_objective
from asuc.qualification.plain_patient import PlainPatient
from asuc.qualification.requirements import requirements
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

PASSED = Outcome("OQ-99", "A check", "≤ 1", "0", Verdict.PASS, "by hand", ("PK-01",))


def few_steps(*outcomes: Outcome) -> Callable[[], tuple[Any, ...]]:
    return lambda: (("one", lambda: list(outcomes)),)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a qualification make one check and look at one package; each check has tests of its own."""
    monkeypatch.setattr(qualify, "_steps", few_steps(PASSED))
    needed = installation._needed()[0][:1]  # noqa: SLF001
    monkeypatch.setattr(installation, "_needed", lambda: (needed, []))


@pytest.mark.usefixtures("quick")
def test_the_document_holds_the_hash_of_its_own_canonical_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    assert run(["qualify", "--out", str(out), "--json"]) == 0
    text = (out / "qualification.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert document == json.loads(capsys.readouterr().out)
    # As anybody would do it with the standard library alone.
    stated = document.pop("sha256")
    plain = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(plain.encode()).hexdigest() == stated
    assert (
        text
        == json.dumps({**document, "sha256": stated}, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    )
    document["checks"][0]["found"] = "something else"
    assert hash_of(document) != stated
    page = (out / "qualification.html").read_text(encoding="utf-8")
    assert stated in page
    assert all(role in page for role in ("Performed by", "Reviewed by", "Approved by", "Signature"))
    assert sorted(file.name for file in out.iterdir()) == ["qualification.html", "qualification.json"]


@pytest.mark.usefixtures("quick")
def test_a_check_that_fails_or_breaks_ends_with_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def broken() -> list[Outcome]:
        raise ValueError("no such library")

    failed = replace(PASSED, verdict=Verdict.FAIL)
    monkeypatch.setattr(qualify, "_steps", lambda: (("one", lambda: [failed]), ("two", broken)))
    assert run(["qualify", "--out", str(tmp_path / "out")]) == 1
    assert "asuc 0.1.0: fail" in capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "qualification.json").read_text(encoding="utf-8"))
    assert document["failed"][:2] == ["OQ-99", "OQ-two"]
    assert {one["code"]: one["why"] for one in document["checks"]}["OQ-two"] == "ValueError: no such library"


@pytest.mark.usefixtures("quick")
def test_ctrl_c_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted() -> list[Outcome]:
        raise KeyboardInterrupt

    monkeypatch.setattr(qualify, "_steps", lambda: (("one", interrupted),))
    assert run(["qualify", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.endswith("asuc: interrupted.\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("quick")
def test_a_qualification_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["qualify", "--out", str(tmp_path)]) == 2
    assert "nothing is written over without --force" in capsys.readouterr().err
    assert run(["qualify", "--out", str(tmp_path), "--force"]) == 0


@pytest.mark.usefixtures("quick")
def test_what_is_recorded_is_said_neither_to_pass_nor_to_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["qualify", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "recorded" in said
    assert "Checks with another verdict than pass" in said
    page = (tmp_path / "out" / "qualification.html").read_text(encoding="utf-8")
    assert "Every check that has a verdict passed." in page


@pytest.mark.usefixtures("quick")
def test_the_page_has_no_barrier_and_no_number_that_is_none(tmp_path: Path, page: Page):
    assert run(["qualify", "--out", str(tmp_path / "out")]) == 0
    file = tmp_path / "out" / "qualification.html"
    page.goto(file.as_uri())
    for width in (1366, 390):
        page.set_viewport_size({"width": width, "height": 768})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    assert not re.search(r">(nan|NaN|None|inf)\b", file.read_text(encoding="utf-8"))


STEPS = dict(operation.steps())


@pytest.mark.parametrize("name", [pytest.param(name, id=name.replace(" ", "-")) for name in STEPS])
def test_every_operational_check_passes(name: str):
    found = STEPS[name]()
    assert found
    for one in found:
        assert one.verdict is Verdict.PASS, one
        assert set(one.requirements) <= set(requirements())


def test_a_wrong_model_would_be_found(monkeypatch: pytest.MonkeyPatch):
    def of_another(*words: Any) -> Any:
        model = load(*words)
        terms = (replace(model.terms[0], value=1.01 * model.terms[0].value), *model.terms[1:])
        return replace(model, terms=terms)

    load = operation.load_model
    monkeypatch.setattr(operation, "load_model", of_another)
    assert all(one.verdict is Verdict.FAIL for one in operation.shipped_models())


def test_speeds_are_ratios_to_a_plain_implementation(monkeypatch: pytest.MonkeyPatch):
    times = iter((0.001, 0.08))
    monkeypatch.setattr(speed, "_best_of", lambda repeats, run: next(times))  # noqa: ARG005
    monkeypatch.setattr(speed, "random_patients", lambda n, seed: drawn(2, seed=seed))  # noqa: ARG005
    drawn = operation.random_patients
    (one,) = speed.modes()
    # Of two patients on each side.
    assert one.found == "80 times (0.5 ms beside 40 ms)"
    assert one.verdict is Verdict.PASS
    assert {name for name, _ in speed.steps()} == {
        f"speed of {what}" for what in ("modes", "posteriors", "fits", "event times")
    }


def test_an_error_that_is_no_number_fails():
    given = {"tolerance": 1.0, "unit": "", "why": ""}
    assert judged("OQ-1", "x", error=float("nan"), **given).verdict is Verdict.FAIL
    assert judged("OQ-1", "x", error=1.0, **given).verdict is Verdict.PASS
    assert judged("OQ-1", "x", error=1.0000001, **given).verdict is Verdict.FAIL


def test_plain_foce_is_a_gaussian_integral_where_the_model_is_nearly_linear():
    """With a tiny residual error and one level the objective is -2 log of a density that is normal on the logarithmic scale."""
    dose, sample = Dose(0.0, 400.0, 1e-6), Sample(1.0, 30.0, Censoring.NONE, 0.4, 50.0)
    rows = (CovariateRow(0.0, {"weight_kg": 63.0, "crp_mg_per_L": 30.0}),)
    patient = PlainPatient(Subject((dose,), (sample,), rows))
    patient.proportional = 1e-3
    nodes = np.linspace(-6.0, 6.0, 3001)
    # By the trapezoidal rule over one effect of the other's conditional integral, which is normal.
    grid = np.meshgrid(np.linspace(-6.0, 6.0, 1201), nodes, indexing="ij")
    phi = patient.objective(*grid)
    least = float(phi.min())
    step = (12.0 / 1200) * (12.0 / 3000)
    exact = least - 2.0 * np.log(np.exp(-0.5 * (phi - least)).sum() * step / (2.0 * np.pi)) - np.log(2.0 * np.pi)
    assert focei_objective(patient) == pytest.approx(exact, abs=0.05)


def test_reference_folders_that_are_absent_are_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASUC_REFERENCE_DIR", str(tmp_path))
    found = [one for _, step in reference_folders.steps() for one in step()]
    assert {one.verdict for one in found} == {Verdict.ABSENT}
    assert len({one.code for one in found}) == len(found) == 9
    assert all(str(tmp_path) in one.found for one in found)


def test_reference_folders_that_are_there_are_used(reference_dir: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASUC_REFERENCE_DIR", str(reference_dir))
    monkeypatch.setattr(reference_folders, "_RUNS", ("infliximab_map_foce", "m3_laplace_ad3tr4"))
    found = {name: step()[0] for name, step in reference_folders.steps()}
    assert found["published models"].verdict is Verdict.PASS
    assert found["NONMEM run infliximab_map_foce"].verdict is Verdict.PASS
    assert found["NONMEM run m3_laplace_ad3tr4"].verdict is Verdict.RECORDED
    assert "Rounding errors ended the minimization" in found["NONMEM run m3_laplace_ad3tr4"].why
    assert found["NONMEM files"].expected == "14 files"


def test_files_that_changed_since_the_installation_are_named(monkeypatch: pytest.MonkeyPatch):
    package = installation.Package("thing", "1", "", 10, ("thing/a.py has changed",))
    found = installation._unchanged([package])  # noqa: SLF001
    assert (found.verdict, found.found) == (Verdict.FAIL, "1 of 10 files changed (thing: thing/a.py has changed)")
    monkeypatch.setattr(installation, "ROOT", installation.ROOT / "nowhere")
    assert installation._pinned([package]).verdict is Verdict.ABSENT  # noqa: SLF001


def test_the_combined_hash_is_that_of_sha256sum(tmp_path: Path):
    names = ("a.txt", "b.txt")
    for name in names:
        (tmp_path / name).write_text(name, encoding="utf-8")
    listed = subprocess.run(["sha256sum", *names], cwd=tmp_path, capture_output=True, check=True).stdout  # noqa: S603, S607
    files = {name: hashlib.sha256(name.encode()).hexdigest() for name in names}
    assert installation.combined_hash(files) == hashlib.sha256(listed).hexdigest()


def test_a_requirement_without_a_test_says_so_and_one_that_fails_fails():
    table = traceability.table_of(
        {
            "tests/a.py::test_x[1]": (("PK-01",), "passed"),
            "tests/a.py::test_x[2]": (("PK-01",), "failed"),
            "tests/b.py::test_y": (("PK-02",), "skipped"),
        },
        when="2026-01-01",
        software="asuc 0",
    )
    rows = {row["id"]: row for row in requirement_rows([replace(PASSED, requirements=("PK-03",))], table)}
    assert rows["PK-01"]["tests"] == {"tests/a.py::test_x": "fail"}
    assert [rows[name]["verdict"] for name in ("PK-01", "PK-02", "PK-03", "PK-04")] == [
        "fail",
        "not run",
        "pass",
        "no test",
    ]


def test_the_shipped_table_names_the_tests_that_are_marked_and_every_requirement_is_known():
    table = traceability.shipped_table()
    marked: dict[str, set[str]] = {}
    for file in traceability.marked_files():
        text = (traceability.ROOT / file).read_text(encoding="utf-8")
        for found in re.finditer(r"@pytest\.mark\.requirement\(([^)]*)\)\n(?:(?!def ).*\n)*?def (test_\w+)", text):
            marked[f"{file}::{found[2]}"] = set(re.findall(r'"([A-Z]+-\d\d)"', found[1]))
    assert {name: set(test["requirements"]) for name, test in table["tests"].items()} == marked, (
        "make traceability writes the table anew"
    )
    assert set().union(*marked.values()) <= set(requirements())
    assert not any(test["cases"]["failed"] for test in table["tests"].values())


def test_an_unknown_requirement_ends_the_collection(tmp_path: Path):
    file = tmp_path / "test_it.py"
    file.write_text('import pytest\n\n@pytest.mark.requirement("XX-99")\ndef test_it():\n    pass\n', encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "--rootdir",
        str(traceability.ROOT),
        str(file),
    ]
    done = subprocess.run(words, capture_output=True, text=True, cwd=traceability.ROOT, check=False)  # noqa: S603
    assert "XX-99 is no id of asuc/qualification/requirements.toml" in done.stdout + done.stderr


def test_tests_are_refused_where_there_is_no_source_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(traceability, "_TESTS", tmp_path)
    monkeypatch.setattr(qualify, "_steps", few_steps(PASSED))
    assert run(["qualify", "--out", str(tmp_path / "out"), "--tests"]) == 2
    assert "expected a source tree" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_share_that_is_done_is_what_pytest_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "conftest.py").touch()
    program = tmp_path / "pytest.py"
    program.write_text(
        "import sys\n"
        "print('...  [ 25%]', flush=True)\nprint('...  [100%]', flush=True)\n"
        "target = sys.argv[sys.argv.index('--traceability') + 1]\n"
        "open(target, 'w').write('{\"tests\": {}}')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(traceability, "_TESTS", tmp_path)
    monkeypatch.setattr(traceability, "ROOT", tmp_path)
    told: list[float] = []
    # Python looks for the module in the folder that it is started in first.
    assert traceability.run_tests(told.append) == {"tests": {}}
    assert told == [0.25, 1.0]
