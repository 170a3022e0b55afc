"""`asuc nonmem import`: a control stream becomes a model file and a cohort, whose objective is NONMEM's; or each reason why not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from asuc.cli import run
from pkpd.model import load_model
from pkpd.model.population import population_parameters

if TYPE_CHECKING:
    from pathlib import Path

CONTROL = """$PROBLEM an oral drug
$INPUT ID TIME AMT DV CMT WT SEX
$DATA data.csv IGNORE=@
$SUBROUTINES ADVAN2 TRANS2
$PK
TVCL = THETA(1)*(WT/70)**0.75
IF (SEX.EQ.1) TVCL = TVCL*(1+THETA(4))
CL = TVCL*EXP(ETA(1))
V = THETA(2)*EXP(ETA(2))
KA = THETA(3)
S2 = V/1000
$ERROR
W = SQRT(THETA(5)**2+THETA(6)**2*F**2)
Y = F + W*EPS(1)
$THETA (0,2,10) ; clearance
$THETA (0,30) 1.5 FIX (-0.9,0.2,2) (0,5) (0,0.2)
$OMEGA BLOCK(2) 0.1
0.02 0.2
$SIGMA 1 FIX
$ESTIMATION METHOD=1 INTERACTION
"""
DATA = """ID,TIME,AMT,DV,CMT,WT,SEX
1,0,100,.,1,70,0
1,1,.,1500,2,70,0
1,8,.,1100,2,70,0
1,8,50,.,1,70,0
2,0,100,.,1,60,1
2,2,.,1400,2,60,1
2,24,.,300,2,60,1
"""


@pytest.fixture
def control(tmp_path: Path) -> Path:
    file = tmp_path / "run1.ctl"
    file.write_text(CONTROL, encoding="utf-8")
    (tmp_path / "data.csv").write_text(DATA, encoding="utf-8")
    return file


def imported(control: Path, *words: str) -> tuple[Path, Path, int]:
    model, cohort = control.parent / "model.toml", control.parent / "cohort.csv"
    code = run(["nonmem", "import", str(control), "--out", str(model), "--data-out", str(cohort), *words])
    return model, cohort, code


def objective(model: Path, cohort: Path, method: str) -> float:
    out = model.parent / "fit"
    words = ("--method", method, "--maxeval", "0", "--covariance", "none", "--no-figures", "--force")
    assert run(["fit", str(cohort), "--model", str(model), "--out", str(out), *words]) == 0
    return json.loads((out / "fit.json").read_text(encoding="utf-8"))["ofv"]


def test_what_a_control_stream_says_stands_in_the_model_file(control: Path, capsys: pytest.CaptureFixture[str]):
    model, cohort, code = imported(control)
    assert code == 0
    said = capsys.readouterr().out
    assert "one compartment, cl, v, ka; numbers in the units of the run." in said
    assert "2 individuals, 7 records." in said
    spec = load_model(model)
    found = {one.name: one for one in population_parameters(spec)}
    assert (spec.route, spec.has_own_units) == ("oral", True)
    assert {name: one.value for name, one in found.items()} == pytest.approx(
        {
            "cl": 2.0,
            "cl_wt": 0.75,
            "cl_sex_eq_1": 0.2,
            "v": 30.0,
            "ka": 1.5,
            "omega2_cl": 0.1,
            "omega2_v": 0.2,
            "omega2_v_cl": 0.02,
            "sigma_additive": 5.0,
            "sigma_proportional": 0.2,
        }
    )
    assert {name for name, one in found.items() if one.is_fixed} == {"cl_wt", "ka"}
    assert (found["cl"].lower, found["cl"].upper) == (0.0, 10.0)
    assert (found["cl_sex_eq_1"].lower, found["cl_sex_eq_1"].upper) == (-0.9, 2.0)
    rows = cohort.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "ID,TIME,AMT,DUR,EVID,MDV,ADDL,II,SS,CMT,DV,CENS,WT,SEX_EQ_1"
    # S2 = V/1000: amounts are thousand times as large in the unit of the levels.
    assert rows[1].split(",")[2] == "100000.0"


@pytest.mark.parametrize(
    ("listing", "method"),
    [
        ("pheno_focei/pheno.lst", "focei"),
        ("pheno_focei/pheno_real.lst", "focei"),
        ("inf1cpt_focei_N012/runN012.lst", "focei"),
    ],
)
def test_the_objective_of_an_imported_run_is_nonmem_s(reference_dir: Path, tmp_path: Path, listing: str, method: str):
    source = reference_dir / "nonmem" / listing
    model, cohort = tmp_path / "model.toml", tmp_path / "cohort.csv"
    assert run(["nonmem", "import", str(source), "--out", str(model), "--data-out", str(cohort)]) == 0
    first = source.with_suffix(".ext").read_text(encoding="utf-8").splitlines()[2].split()
    assert objective(model, cohort, method) == pytest.approx(float(first[-1]), abs=1e-4)


def test_doses_by_addl_have_the_covariates_of_the_record_that_follows(tmp_path: Path):
    """The same doses written out, each with the covariates of the next record, as PREDPP has them."""
    code = CONTROL.replace("ADVAN2", "ADVAN1").replace("KA = THETA(3)\n", "").replace("S2 = V/1000", "S1 = V")
    code = code.replace("AMT DV CMT", "AMT DV ADDL II").replace("(0,5) (0,0.2)", "(0,0.5) (0,0.2)")
    short = "ID,TIME,AMT,DV,ADDL,II,WT,SEX\n1,0,100,.,3,7,70,0\n1,10,.,3,.,.,75,0\n1,30,.,2,.,.,50,0\n"
    written = (
        "ID,TIME,AMT,DV,ADDL,II,WT,SEX\n1,0,100,.,.,.,70,0\n1,7,100,.,.,.,75,0\n1,10,.,3,.,.,75,0\n1,14,100,.,.,.,50,0\n"
        "1,21,100,.,.,.,50,0\n1,30,.,2,.,.,50,0\n"
    )
    ofvs = []
    for name, data in (("short", short), ("written", written)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "run1.ctl").write_text(code, encoding="utf-8")
        (folder / "data.csv").write_text(data, encoding="utf-8")
        model, cohort, done = imported(folder / "run1.ctl")
        assert done == 0
        ofvs.append(objective(model, cohort, "focei"))
    assert ofvs[0] == pytest.approx(ofvs[1], abs=1e-8)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "KA = THETA(3)",
            "KA = THETA(3)\nALAG1 = 0.5",
            "$PK: has ALAG1, which the engine has not; expected none, or 0",
        ),
        ("ADVAN2 TRANS2", "ADVAN6 TOL=9", "has ADVAN6; expected ADVAN1 to ADVAN4"),
        ("$SIGMA 1 FIX", "$SIGMA 1 FIX\n$PRIOR NWPRI", "run1.ctl: line 20, $PRIOR"),
        ("data.csv", "other.csv", "other.csv"),
    ],
)
def test_what_the_engine_has_not_is_one_sentence_each(
    control: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, message: str
):
    control.write_text(CONTROL.replace(before, after), encoding="utf-8")
    model, cohort, code = imported(control)
    assert code == 2
    assert message in capsys.readouterr().err
    assert not model.exists()
    assert not cohort.exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,0,100,.,2,70,0", "expected no bolus into the central compartment beside absorbed doses"),
        ("2,25,100,.,1,60,1\n2,24,.,3,2,60,1", "line 10, TIME: 24 follows 25"),
    ],
)
def test_records_that_the_engine_has_not_are_told_with_their_line(
    control: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
):
    (control.parent / "data.csv").write_text(f"{DATA}{line}\n", encoding="utf-8")
    assert imported(control)[2] == 2
    assert message in capsys.readouterr().err


@pytest.mark.requirement("NM-03")
@pytest.mark.parametrize("written", ["BLOCK(2) FIX 0.1", "BLOCK(2) 0.1 FIX"])
def test_a_block_that_is_fixed_is_fixed_as_a_whole(control: Path, written: str):
    control.write_text(CONTROL.replace("BLOCK(2) 0.1", written), encoding="utf-8")
    model, cohort, code = imported(control)
    assert code == 0
    fixed = {one.name for one in population_parameters(load_model(model)) if one.is_fixed}
    assert {name for name in fixed if name.startswith("omega2")} == {"omega2_cl", "omega2_v_cl", "omega2_v"}
    free = control.parent / "free.ctl"
    free.write_text(CONTROL, encoding="utf-8")
    ours = objective(model, cohort, "focei")
    model, cohort, code = imported(free, "--force")
    assert ours == pytest.approx(objective(model, cohort, "focei"), abs=1e-9)


def test_an_item_may_have_the_name_of_a_covariate_of_patient_cases(control: Path):
    """SEX in a formula is a number of the run like any other, whatever sex is in a patient case."""
    code = CONTROL.replace("IF (SEX.EQ.1) TVCL = TVCL*(1+THETA(4))", "TVCL = TVCL*(1+THETA(4)*SEX)")
    control.write_text(code, encoding="utf-8")
    model, cohort, done = imported(control)
    assert done == 0
    ours = objective(model, cohort, "focei")
    control.write_text(CONTROL, encoding="utf-8")
    model, cohort, done = imported(control, "--force")
    assert ours == pytest.approx(objective(model, cohort, "focei"), abs=1e-9)


def test_a_missing_weight_is_the_weight_that_the_code_puts_in_its_place(control: Path):
    whole, some = DATA, DATA.replace(",60,1", ",-99,1")
    code = CONTROL.replace("TVCL =", "BW = WT\nIF (WT.LE.0) BW = 60\nTVCL =", 1).replace("(WT/70)", "(BW/70)")
    ofvs: list[float] = []
    for text, rows in ((CONTROL, whole), (code, some)):
        control.write_text(text, encoding="utf-8")
        (control.parent / "data.csv").write_text(rows, encoding="utf-8")
        model, cohort, done = imported(control, "--force")
        assert done == 0
        ofvs.append(objective(model, cohort, "focei"))
    assert ofvs[1] == pytest.approx(ofvs[0], abs=1e-9)
    assert "WT_BUT_60_IF_WT_LE_0" in cohort.read_text(encoding="utf-8").splitlines()[0]


def test_modelled_rates_that_are_numbers_are_infusions(control: Path):
    code = CONTROL.replace("ADVAN2", "ADVAN1").replace("KA = THETA(3)", "R1 = 50").replace("S2 =", "S1 =")
    code = code.replace("AMT DV CMT", "AMT DV RATE")
    ofvs: list[float] = []
    for rate in ("-1", "50"):
        rows = DATA.replace("CMT", "RATE").replace("100,.,1,", f"100,.,{rate},").replace("50,.,1,", f"50,.,{rate},")
        (control.parent / "data.csv").write_text(rows.replace("0,2,", "0,.,"), encoding="utf-8")
        control.write_text(code, encoding="utf-8")
        model, cohort, done = imported(control, "--force")
        assert done == 0
        ofvs.append(objective(model, cohort, "focei"))
    assert ofvs[0] == pytest.approx(ofvs[1], abs=1e-12)


def test_what_the_engine_has_not_is_told_all_at_once(control: Path, capsys: pytest.CaptureFixture[str]):
    code = CONTROL.replace("KA = THETA(3)", "KA = THETA(3)\nALAG1 = 0.5\nF1 = THETA(3)")
    code = code.replace("THETA(2)*EXP(ETA(2))", "THETA(2)*EXP(ETA(1))").replace("W*EPS", "EXP(F)*EPS")
    control.write_text(f"{code}$PRIOR NWPRI\n", encoding="utf-8")
    assert imported(control)[2] == 2
    said = capsys.readouterr().err
    for part in ("$PRIOR: is not", "has ALAG1", "has F1", "V and CL share ETA(1)", "gives Y an error that is neither"):
        assert said.count(part) == 1


def test_a_constant_infusion_at_steady_state_is_told_as_such(control: Path, capsys: pytest.CaptureFixture[str]):
    code = CONTROL.replace("ADVAN2", "ADVAN1").replace("KA = THETA(3)\n", "").replace("S2 =", "S1 =")
    code = code.replace("DV CMT WT SEX", "DV RATE WT SEX SS II")
    control.write_text(code, encoding="utf-8")
    rows = "ID,TIME,AMT,DV,RATE,WT,SEX,SS,II\n1,0,0,.,10,70,0,1,0\n1,1,.,1500,.,70,0,.,.\n"
    (control.parent / "data.csv").write_text(rows, encoding="utf-8")
    assert imported(control)[2] == 2
    said = capsys.readouterr().err
    assert (
        "line 2, AMT: is 0; expected an amount above 0; constant infusions at steady state are not in the engine"
        in said
    )


def test_levels_below_zero_count_as_in_nonmem(control: Path):
    """A run's data are what they are; a fit takes them where the model is in the run's own units."""
    file = control.parent / "data.csv"
    file.write_text(f"{DATA}2,25,.,-3,2,60,1\n", encoding="utf-8")
    model, cohort, code = imported(control)
    assert code == 0
    assert any(row.split(",")[10] == "-3.0" for row in cohort.read_text(encoding="utf-8").splitlines())
    words = ("--method", "focei", "--maxeval", "0", "--covariance", "none", "--no-figures")
    assert run(["fit", str(cohort), "--model", str(model), "--out", str(control.parent / "fit"), *words]) == 0


def test_nothing_is_written_over_and_a_model_needs_its_ending(control: Path, capsys: pytest.CaptureFixture[str]):
    model, _, _ = imported(control)
    before = model.read_bytes()
    assert imported(control)[2] == 2
    assert "nothing is written over without --force" in capsys.readouterr().err
    assert model.read_bytes() == before
    assert imported(control, "--force")[2] == 0
    assert run(["nonmem", "import", str(control), "--out", str(control.parent / "model.txt")]) == 2
    assert "expected one that ends in .toml" in capsys.readouterr().err
    assert run(["nonmem", "import", str(control), "--out", str(control.parent / "m.toml"), "--problem", "2"]) == 2
    assert "--problem: is 2, but" in capsys.readouterr().err


def test_an_imported_model_is_refused_where_forecasts_are_made(control: Path, tmp_path: Path, capsys):
    text = CONTROL.replace("ADVAN2", "ADVAN1").replace("KA = THETA(3)\n", "").replace("S2 = V/1000", "S1 = V")
    control.write_text(text, encoding="utf-8")
    (control.parent / "data.csv").write_text(DATA.replace(",2,", ",1,"), encoding="utf-8")
    model, cohort, code = imported(control)
    assert code == 0
    assert run(["exposure", str(cohort), "--model", str(model), "--out", str(tmp_path / "exposure")]) == 2
    assert "is in the units of its data: it can be fitted and checked" in capsys.readouterr().err
    assert np.isfinite(objective(model, cohort, "focei"))


EVENT_CONTROL = """$PROBLEM colectomy
$INPUT ID TIME DV MDV CRP
$DATA events.csv IGNORE=@
$PRED
LAM = THETA(1)*EXP(THETA(2)*(CRP-30)+ETA(1))
CHZ = LAM*TIME
SUR = EXP(-CHZ)
IF (DV.EQ.1) Y = LAM*SUR
IF (DV.EQ.0) Y = SUR
$THETA (0,0.01) 0.02
$OMEGA 0 FIX
$ESTIMATION METHOD=1 LAPLACE LIKELIHOOD
"""
EVENT_DATA = "ID,TIME,DV,MDV,CRP\n1,0,.,1,80\n1,12,1,0,80\n2,0,.,1,10\n2,90,0,0,10\n3,0,.,1,45\n3,40,1,0,45\n"


def event_run(folder: Path, control: str = EVENT_CONTROL) -> Path:
    (folder / "run.ctl").write_text(control, encoding="utf-8")
    (folder / "events.csv").write_text(EVENT_DATA, encoding="utf-8")
    return folder / "run.ctl"


def test_event_times_become_a_model_and_rows_with_nonmems_objective(tmp_path: Path, capsys):
    model, data, out = tmp_path / "m.toml", tmp_path / "e.csv", tmp_path / "fit"
    assert run(["nonmem", "import", str(event_run(tmp_path)), "--out", str(model), "--data-out", str(data)]) == 0
    said = capsys.readouterr().out
    assert "exponential hazard, lambda, lambda:CRP; numbers in the units of the run" in said
    assert "3 subjects with 2 events" in said
    words = ("--maxeval", "0", "--no-profile", "--no-figures", "--out", str(out))
    assert run(["tte", "fit", str(data), "--model", str(model), *words]) == 0
    found = json.loads((out / "fit.json").read_text(encoding="utf-8"))["log_likelihood"]
    hazard = 0.01 * np.exp(0.02 * (np.array([80.0, 10.0, 45.0]) - 30.0))
    expected = np.log(hazard[[0, 2]]).sum() - (hazard * np.array([12.0, 90.0, 40.0])).sum()
    assert found == pytest.approx(expected, abs=1e-12)


def test_event_times_that_the_engine_has_not_are_refused_with_line_and_record(tmp_path: Path, capsys):
    control = event_run(tmp_path, EVENT_CONTROL.replace("$OMEGA 0 FIX", "$OMEGA 0.1"))
    assert run(["nonmem", "import", str(control), "--out", str(tmp_path / "m.toml")]) == 2
    assert "run.ctl: line 4, $PRED: has Y depend on ETA(1), whose variance is not held at 0" in capsys.readouterr().err
    assert not (tmp_path / "m.toml").exists()


def test_a_hazard_that_is_integrated_is_refused_with_what_is_expected_instead(tmp_path: Path, capsys):
    head, _, rest = EVENT_CONTROL.partition("$PRED\n")
    code = "$SUBR ADVAN13 TOL=9\n$MODEL COMP=(CUMHAZ)\n$PK\nLAM = THETA(1)*EXP(ETA(1))\n$DES\nDADT(1) = LAM\n$ERROR\nY = EXP(-A(1))\n"
    control = event_run(tmp_path, head + code + rest[rest.index("$THETA") :])
    assert run(["nonmem", "import", str(control), "--out", str(tmp_path / "m.toml")]) == 2
    said = [line.partition("run.ctl: ")[2] for line in capsys.readouterr().err.splitlines()]
    assert said == [
        "line 8, $DES: is not recognized; expected for times to an event the cumulative hazard in closed form, in $PRED",
        "line 14, $ESTIMATION: has LIKELIHOOD; expected predictions, or $PRED with a closed form",
    ]


@pytest.mark.parametrize("item", ["CENS", "OCC", "ASSAY", "LLOQ", "DUR"])
def test_covariates_with_the_name_of_a_column_of_cohorts_have_another(control: Path, item: str):
    ofvs: list[float] = []
    for name in ("WT", item):
        control.write_text(CONTROL.replace("WT", name), encoding="utf-8")
        model, cohort, done = imported(control, "--force")
        assert done == 0
        ofvs.append(objective(model, cohort, "focei"))
    head = cohort.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert len(set(head)) == len(head)
    assert ofvs[0] == pytest.approx(ofvs[1], abs=1e-12)


def test_a_simulation_behind_the_estimation_is_no_reason_to_refuse_it(
    control: Path, capsys: pytest.CaptureFixture[str]
):
    items = "$INPUT ID TIME AMT DV CMT WT SEX\n$DATA data.csv IGNORE=@ REWIND\n"
    simulation = f"$PROBLEM replicates\n{items}$MSFI msf1\n$SIMULATION (1) ONLYSIM SUBPROBLEMS=100\n"
    control.write_text(CONTROL + simulation, encoding="utf-8")
    assert imported(control)[2] == 0
    assert f"{control} has 2 $PROBLEM; this is number 1." in capsys.readouterr().err
    (control.parent / "model.toml").unlink()
    (control.parent / "cohort.csv").unlink()
    assert imported(control, "--problem", "2")[2] == 2
    assert "$MSFI: is not supported" in capsys.readouterr().err
