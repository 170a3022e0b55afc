"""`asuc nonmem compare`: reference runs agree with the engine number by number, and what differs says why."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from asuc.cli import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def compared(capsys: pytest.CaptureFixture[str]):
    def of(folder: Path, *words: str) -> dict[str, Any]:
        assert run(["nonmem", "compare", str(folder), "--json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    return of


def checks_of(document: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {one["quantity"]: one for one in document["checks"] if one["run"] == name}


def test_pheno_agrees_in_every_quantity(reference_dir: Path, compared):
    document = compared(reference_dir / "nonmem" / "pheno_focei")
    assert (document["schema"], document["verdict"]) == ("asuc-nonmem-compare/1", "agree")
    assert [one["verdict"] for one in document["runs"]] == ["agree", "agree"]
    checks = checks_of(document, "pheno_real")
    # The tolerances that the project promises at printed estimates, and of a free fit.
    promised = {
        "ofv at NONMEM's estimates": 1e-3,
        "objective of each subject": 1e-3,
        "eta": 5e-4,
        "conditional variances of eta (ETC)": 1e-4,
        "CWRES": 5e-4,
        "ofv of a free fit": 0.01,
        "THETA3 (v_apgr_lt_5)": 0.005,
        "SE of SIGMA(1,1) (sandwich)": 0.03,
    }
    for quantity, tolerance in promised.items():
        assert checks[quantity]["verdict"] == "pass", checks[quantity]
        assert abs(checks[quantity]["difference"]) <= tolerance
        assert checks[quantity]["tolerance"] <= tolerance
    assert checks["ofv at NONMEM's estimates"]["nonmem"] == pytest.approx(586.276056, abs=1e-5)
    assert {one["verdict"] for one in checks.values()} == {"pass", "skipped"}
    assert checks["shrinkage"]["why"] == "There is no .shk file."


def test_a_run_of_infusions_agrees_with_its_shrinkage_and_its_cwresi(reference_dir: Path, compared):
    document = compared(reference_dir / "nonmem" / "inf1cpt_focei_N012")
    assert document["verdict"] == "agree"
    checks = checks_of(document, "runN012")
    assert all(one["verdict"] == "pass" for one in checks.values())
    assert {"ETASHRINKSD", "ETASHRINKVR", "EBVSHRINKVR", "EBVSHRINKSD", "EPSSHRINKSD", "CWRESI"} <= set(checks)


def test_a_run_that_did_not_converge_is_compared_subject_by_subject_and_its_verdict_is_no_verdict(
    reference_dir: Path, compared
):
    document = compared(reference_dir / "nonmem" / "m3_laplace_ad3tr4")
    assert document["verdict"] == "not comparable"
    (one,) = document["runs"]
    assert "Rounding errors ended the minimization (code 134)" in one["reason"]
    checks = checks_of(document, "ad3tr4_loqb_lap")
    assert checks["objective of each subject"]["why"] == (
        "1 of 100 subjects differ: 10. The Hessian of 10 is nearly singular: its determinant is noise."
    )
    assert checks["PRED"]["verdict"] == "pass"


@pytest.mark.parametrize("folder", ["infliximab_map_foce", "tte_exponential_tte100"])
def test_a_run_without_a_control_stream_is_not_comparable(reference_dir: Path, compared, folder: str):
    document = compared(reference_dir / "nonmem" / folder)
    assert document["verdict"] == "not comparable"
    assert (
        document["runs"][0]["reason"]
        == "There is no control stream and no listing that echoes one (--control names one)."
    )


@pytest.fixture
def pheno(reference_dir: Path, tmp_path: Path) -> Path:
    source, folder = reference_dir / "nonmem" / "pheno_focei", tmp_path / "run"
    folder.mkdir()
    for name in ("pheno.lst", "pheno.ext", "pheno.phi", "pheno.dta"):
        shutil.copy(source / name, folder / name)
    return folder


def changed(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_other_numbers_of_nonmem_differ_and_say_where(pheno: Path, compared):
    final = next(
        line for line in (pheno / "pheno.ext").read_text(encoding="utf-8").splitlines() if "-1000000000" in line
    )
    # Another clearance in the final row: all that is computed there differs, the optimum does not.
    changed(pheno / "pheno.ext", final, final.replace("5.81756E-03", "5.91756E-03"))
    document = compared(pheno)
    checks = checks_of(document, "pheno")
    assert document["verdict"] == "differ"
    assert checks["ofv at NONMEM's estimates"]["verdict"] == "fail"
    assert checks["objective of each subject"]["why"].endswith("and more.")
    assert checks["THETA1 (cl)"]["verdict"] == "fail"
    assert checks["ofv of a free fit"]["verdict"] == "pass"


def test_a_better_optimum_of_ours_is_said_with_its_difference(pheno: Path, compared):
    text = (pheno / "pheno.ext").read_text(encoding="utf-8")
    final = next(line for line in text.splitlines() if "-1000000000" in line)
    changed(pheno / "pheno.ext", final, final.replace(final.split()[-1], "731.5"))
    check = checks_of(compared(pheno), "pheno")["ofv of a free fit"]
    assert check["verdict"] == "pass"
    assert check["why"].startswith("Our optimum is lower by 0.6053: NONMEM's run ended above it.")


def test_an_unsupported_run_gives_each_reason(pheno: Path, compared):
    changed(pheno / "pheno.lst", "ADVAN1", "ADVAN5")
    document = compared(pheno)
    assert document["verdict"] == "not comparable"
    assert "ADVAN5" in document["runs"][0]["reason"]
    assert document["checks"][0]["verdict"] == "skipped"


def test_a_cut_ext_file_is_not_comparable(pheno: Path, compared):
    text = (pheno / "pheno.ext").read_text(encoding="utf-8")
    (pheno / "pheno.ext").write_text(text[: text.index("-1000000000")], encoding="utf-8")
    document = compared(pheno)
    assert document["runs"][0]["reason"].startswith("The .ext file has no final estimates.")


def test_a_folder_without_runs_and_an_unknown_run_are_refused(
    pheno: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    for words, message in (
        ((str(tmp_path / "empty"),), "holds no .ext file, control stream or listing"),
        ((str(tmp_path / "none"),), "is no folder; expected the folder of a run"),
        ((str(pheno), "--run", "run9"), "--run: is run9; expected one of pheno"),
    ):
        assert run(["nonmem", "compare", *words]) == 2
        assert message in capsys.readouterr().err
