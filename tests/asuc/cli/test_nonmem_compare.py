"""`asuc nonmem compare`: reference runs agree with the engine number by number, and what differs says why."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from asuc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page


@pytest.fixture
def compared(capsys: pytest.CaptureFixture[str]):
    def of(folder: Path, *words: str) -> dict[str, Any]:
        assert run(["nonmem", "compare", str(folder), "--json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    return of


def checks_of(document: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {one["quantity"]: one for one in document["checks"] if one["run"] == name}


@pytest.mark.requirement("NM-05", "POP-05")
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
    assert {one["verdict"] for one in checks.values()} == {"pass"}
    # Without a .shk file those of the listing.
    printed = {
        "ETASHRINKSD": [47.130, 12.839],
        "ETASHRINKVR": [72.048, 24.030],
        "EBVSHRINKSD": [47.738, 13.692],
        "EBVSHRINKVR": [72.687, 25.509],
    }
    for name, of_etas in printed.items():
        assert checks[name]["verdict"] == "pass"
        assert min(abs(checks[name]["nonmem"] - one) for one in of_etas) < 1e-3
    assert checks["EPSSHRINKSD"]["nonmem"] == pytest.approx(21.198)
    assert "shrinkage" not in checks


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
    assert checks["ETASHRINKSD"]["why"] == "That of 1 random effect differs."
    assert checks["EBVSHRINKVR"]["why"] == "Those of 4 random effects differ."


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


def test_a_folder_that_psn_ran_in_has_the_runs_alone(pheno: Path, compared):
    # gfortran keeps its modules compressed, with the ending of a control stream.
    (pheno / "nmprd4p.mod").write_bytes(gzip.compress(b"GFORTRAN module version '15' created from FSUBS.f90"))
    (pheno / "other.mod").write_text("; nothing\n", encoding="utf-8")
    assert [one["run"] for one in compared(pheno)["runs"]] == ["pheno"]


@pytest.fixture
def pheno_real(reference_dir: Path, tmp_path: Path) -> Path:
    """Return a folder with one run and the table that its control stream names."""
    source, folder = reference_dir / "nonmem" / "pheno_focei", tmp_path / "real"
    folder.mkdir()
    for name in ("pheno_real.lst", "pheno_real.ext", "pheno.dta"):
        shutil.copy(source / name, folder / name)
    shutil.copy(source / "sdtab1", folder / "pheno_real.tab")
    return folder


def test_the_table_of_another_run_with_the_same_data_is_not_taken_for_the_own_one(
    pheno_real: Path, reference_dir: Path, compared
):
    source = reference_dir / "nonmem" / "pheno_focei"
    shutil.copy(source / "pheno.ext", pheno_real / "pheno.ext")
    table = "$TABLE ID TIME PRED IPRED CWRES NOPRINT ONEHEADER FILE=sdtab2\n"
    text = (source / "pheno.lst").read_text(encoding="utf-8")
    (pheno_real / "pheno.lst").write_text(
        text.replace("\nNM-TRAN MESSAGES", f"{table}\nNM-TRAN MESSAGES"), encoding="utf-8"
    )
    document = compared(pheno_real)
    assert [one["verdict"] for one in document["runs"]] == ["agree", "agree"]
    assert checks_of(document, "pheno_real")["CWRES"]["verdict"] == "pass"
    check = checks_of(document, "pheno")["predictions and residuals"]
    assert check["why"] == "No file here is the table with PRED, IPRED, CWRES."


def test_a_table_that_is_named_is_read_whatever_its_ending(pheno_real: Path, compared):
    lines = (pheno_real / "pheno_real.tab").read_text(encoding="utf-8").splitlines()
    text = "\n".join([lines[0], *(",".join(line.split()) for line in lines[1:])])
    (pheno_real / "pheno_real.tab").unlink()
    (pheno_real / "SDTAB1.csv").write_text(text + "\n", encoding="utf-8")
    changed(pheno_real / "pheno_real.lst", "FILE=pheno_real.tab", "FILE='C:\\runs\\sdtab1.csv'")
    assert checks_of(compared(pheno_real), "pheno_real")["CWRES"]["verdict"] == "pass"


def test_tables_without_names_have_those_of_their_records_and_columns_may_stand_in_several_files(
    pheno_real: Path, tmp_path: Path, compared
):
    title, *rows = (pheno_real / "pheno_real.tab").read_text(encoding="utf-8").splitlines()
    names, *cells = (row.split() for row in rows)
    places = {name: names.index(name) for name in ("ID", "TIME", "IPRED", "CWRES", "DV", "PRED", "RES")}

    def write(name: str, columns: tuple[str, ...], *, head: str = "") -> None:
        # WRES, which the source has not, is no part of what is compared.
        lines = (" ".join(row[places[one]] if one in places else "0.0000E+00" for one in columns) for row in cells)
        (pheno_real / name).write_text(head + "\n".join(lines) + "\n", encoding="utf-8")

    write("first.tab", ("ID", "TIME", "IPRED"))
    write("second", ("ID", "TIME", "CWRES", "DV", "PRED", "RES", "WRES"), head=f"{title}\n")
    tables = (
        "NOAPP NOHEADER FILE=first.tab\n$TABLE ID TIME CWRES NOPRINT NOLABEL FILE=second\n$TABLE ID CWRESI FILE=third"
    )
    changed(pheno_real / "pheno_real.lst", "AMT WGT APGR IPRED PRED TAD CWRES NPDE NOAPPEND", "IPRED")
    changed(pheno_real / "pheno_real.lst", "ONEHEADER FILE=pheno_real.tab", tables)
    document = compared(pheno_real)
    found = checks_of(document, "pheno_real")
    assert {name: found[name]["verdict"] for name in ("PRED", "IPRED", "CWRES")} == dict.fromkeys(
        ("PRED", "IPRED", "CWRES"), "pass"
    )
    assert found["CWRESI"]["why"] == "No file here is the table with it."
    out = tmp_path / "out"
    assert run(["nonmem", "compare", str(pheno_real), "--out", str(out)]) == 0
    assert {one.name for one in out.rglob("*records*")} == {"pheno_real-records.csv", "pheno_real-records-2.csv"}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("$THETA  (-.99,.1)\n", "", "has 3 elements of THETA, but the control stream 2"),
        ("$SIGMA  0.0130865", "$SIGMA  0.0130865 0.1", "has 1 row of SIGMA, but the control stream 2"),
        ("$OMEGA  DIAGONAL(2)", "$OMEGA  0.1\n$OMEGA  DIAGONAL(2)", "has 2 rows of OMEGA, but the control stream 3"),
    ],
)
def test_a_control_stream_that_was_changed_after_the_run_is_told(
    pheno_real: Path, compared, before: str, after: str, reason: str
):
    changed(pheno_real / "pheno_real.lst", before, after)
    changed(pheno_real / "pheno_real.lst", "IF(APGR.LT.5) TVV=TVV*(1+THETA(3))", "")
    (one,) = compared(pheno_real)["runs"]
    assert one["verdict"] == "not comparable"
    assert one["reason"] == f"The .ext file {reason}: they are of different models."


def test_code_that_was_changed_after_the_run_is_told_where_numbers_differ(pheno_real: Path, compared):
    control = (
        (pheno_real / "pheno_real.lst").read_text(encoding="utf-8").partition("\n")[2].partition("NM-TRAN MESSAGES")[0]
    )
    (pheno_real / "pheno_real.ctl").write_text(control, encoding="utf-8")
    changed(pheno_real / "pheno_real.ctl", "APGR.LT.5", "APGR.LT.6")
    changed(pheno_real / "pheno_real.ctl", "TAD=TIME-BTIME", " TAD = TIME-BTIME ; the same")
    (one,) = compared(pheno_real)["runs"]
    assert one["verdict"] == "differ"
    assert one["reason"].endswith("$PK of the control stream is not what the listing says was run.")


def test_each_problem_of_a_control_stream_is_held_against_its_own_tables(reference_dir: Path, tmp_path: Path, compared):
    source = reference_dir / "nonmem" / "pheno_focei"
    echoes = [
        (source / f"{name}.lst").read_text(encoding="utf-8").partition("\n")[2].partition("NM-TRAN MESSAGES")[0]
        for name in ("pheno", "pheno_real")
    ]
    (tmp_path / "both.ctl").write_text("\n".join(echoes), encoding="utf-8")
    for ending in ("ext", "phi"):
        second = (source / f"pheno_real.{ending}").read_text(encoding="utf-8").replace("Problem=1 ", "Problem=2 ")
        text = (source / f"pheno.{ending}").read_text(encoding="utf-8") + second
        (tmp_path / f"both.{ending}").write_text(text, encoding="utf-8")
    shutil.copy(source / "pheno.dta", tmp_path / "pheno.dta")
    for words, ofv in (((), 730.894727), (("--problem", "2"), 586.276056)):
        document = compared(tmp_path, *words)
        assert document["verdict"] == "agree"
        checks = checks_of(document, "both")
        assert checks["ofv at NONMEM's estimates"]["nonmem"] == pytest.approx(ofv, abs=1e-4)
        assert checks["objective of each subject"]["verdict"] == "pass"
    assert compared(tmp_path, "--problem", "3")["runs"][0]["reason"] == (
        "The .ext file has no final estimates. It holds no estimation of $PROBLEM 3."
    )


def test_a_run_on_simulated_levels_is_not_comparable(pheno: Path, compared):
    changed(pheno / "pheno.lst", "$ESTIMATION", "$SIMULATION (123) NSUB=10\n$ESTIMATION")
    (one,) = compared(pheno)["runs"]
    assert one["verdict"] == "not comparable"
    assert "$SIMULATION: puts simulated levels in the place of DV before the estimation" in one["reason"]


def test_etas_that_are_given_are_no_run_to_compare(pheno: Path, compared):
    changed(
        pheno / "pheno.lst",
        "$ESTIMATION METHOD=1 INTERACTION",
        "$ETAS FILE=a.phi\n$ESTIMATION METHOD=1 INTERACTION FNLETA=2",
    )
    (one,) = compared(pheno)["runs"]
    assert one["reason"].endswith("has FNLETA=2, which takes ETA from a file; expected those that are searched.")


@pytest.mark.requirement("NM-05")
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


@pytest.mark.parametrize(
    ("method", "why"),
    [
        ("METHOD=ITS INTERACTION", "is METHOD=ITS, whose steps minimize no objective"),
        ("METHOD=HYBRID ZERO=(2) INTERACTION", "is METHOD=HYBRID, which holds some ETA at 0"),
        ("METHOD=SAEM INTERACTION", "is METHOD=SAEM, whose objective is sampled"),
        ("METHOD=1 LAPLACE INTERACTION STIELTJES", "has STIELTJES, whose objective the engine has not"),
        ("METHOD=1 INTERACTION CENTERING", "has CENTERING, whose objective the engine has not"),
    ],
)
def test_a_method_with_another_objective_says_which(pheno: Path, compared, method: str, why: str):
    changed(pheno / "pheno.lst", "METHOD=1 INTERACTION", method)
    assert why in compared(pheno)["runs"][0]["reason"]


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
        ((str(tmp_path),), f"expected the folder of a run, such as {pheno}"),
        ((str(tmp_path / "none"),), "is no folder; expected the folder of a run"),
        ((str(pheno), "--run", "run9"), "--run: is run9; expected one of pheno"),
    ):
        assert run(["nonmem", "compare", *words]) == 2
        assert message in capsys.readouterr().err


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def written(reference_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("compared") / "out"
    assert run(["nonmem", "compare", str(reference_dir / "nonmem" / "pheno_focei"), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def unconverged(reference_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unconverged") / "out"
    assert run(["nonmem", "compare", str(reference_dir / "nonmem" / "m3_laplace_ad3tr4"), "--out", str(out)]) == 0
    return out


def test_tables_have_nonmems_numbers_beside_ours(reference_dir: Path, written: Path):
    subjects = table(written / "tables" / "pheno_real-subjects.csv")
    lines = (reference_dir / "nonmem" / "pheno_focei" / "pheno_real.phi").read_text(encoding="utf-8").splitlines()
    printed = [line.split() for line in lines[2:]]
    assert [one["id"] for one in subjects] == [cells[1] for cells in printed]
    assert [float(one["obj nonmem"]) for one in subjects] == [float(cells[-1]) for cells in printed]
    assert [float(one["ETA(2) ours"]) for one in subjects] == pytest.approx([float(c[3]) for c in printed], abs=5e-4)
    records = table(written / "tables" / "pheno_real-records.csv")
    assert len(records) == 155
    file = (reference_dir / "nonmem" / "pheno_focei" / "sdtab1").read_text(encoding="utf-8").splitlines()
    last = records[-1]
    assert f"{float(last['CWRES nonmem']):.4E}" in file[int(last["line"]) - 1]
    elements = {one["element"]: one for one in table(written / "tables" / "pheno_real-elements.csv")}
    assert float(elements["THETA3"]["nonmem se"]) == 0.0837623
    assert float(elements["THETA3"]["ours se"]) == pytest.approx(0.0837623, rel=0.03)


def test_the_document_holds_what_the_tables_hold(written: Path):
    document = json.loads((written / "comparison.json").read_text(encoding="utf-8"))
    assert document["schema"] == "asuc-nonmem-compare/1"
    numbers = document["numbers"]["pheno_real"]
    assert numbers["subjects"]["obj_ours"] == [
        float(one["obj ours"]) for one in table(written / "tables" / "pheno_real-subjects.csv")
    ]
    assert set(document["numbers"]["pheno"]) == {"subjects", "elements"}
    checks = table(written / "tables" / "checks.csv")
    assert [one["quantity"] for one in checks] == [one["quantity"] for one in document["checks"]]


def test_figures_name_the_subject_of_every_dot(written: Path, unconverged: Path):
    picture = (written / "figures" / "pheno-real-objective-by-subject.svg").read_text(encoding="utf-8")
    titles = re.findall(r"<title>subject (\d+): NONMEM (-?[\d.]+), ours (-?[\d.]+)</title>", picture)
    rows = table(written / "tables" / "pheno_real-subjects.csv")
    assert [(one[0], float(one[1])) for one in titles] == [
        (row["id"], pytest.approx(float(row["obj nonmem"]), abs=5.1e-6)) for row in rows
    ]
    off = (unconverged / "figures" / "ad3tr4-loqb-lap-objective-by-subject.svg").read_text(encoding="utf-8")
    start = off.index('data-marks="objective-off"')
    assert re.search(r"<title>subject (\d+)", off[start:])[1] == "10"  # type: ignore[index]
    figures = json.loads((unconverged / "figures" / "figures.json").read_text(encoding="utf-8"))
    captions = {one["name"]: one["caption"] for one in figures["figures"]}
    assert "the orange square differs by more than it." in captions["ad3tr4-loqb-lap-objective-by-subject"]
    assert figures["left_out"] == [
        "ad3tr4_loqb_lap: Ratios of the estimates: not drawn, since no two optima are compared."
    ]


def test_the_page_stands_alone_and_sorts_by_key(unconverged: Path, page: Page):
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
    page.goto((unconverged / "report.html").as_uri())
    for width in (1366, 390):
        page.set_viewport_size({"width": width, "height": 768})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    subjects = page.locator("#table-ad3tr4_loqb_lap-subjects")
    first = subjects.locator("tbody th").first
    assert first.inner_text() == "10"  # whose objective differs most
    subjects.get_by_role("button", name="Subject").focus()
    page.keyboard.press("Enter")
    assert first.inner_text() == "1"
    assert subjects.get_by_role("columnheader", name="Subject").get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert first.inner_text() == "100"
    subjects.get_by_role("button", name="OBJ, difference").click()
    sizes = [abs(float(text.replace("−", "-"))) for text in subjects.locator("tbody td:nth-child(4)").all_inner_texts()]
    assert sizes == sorted(sizes, reverse=True)
    assert said == []


def test_pages_of_one_run_and_of_several_have_no_barrier(written: Path, unconverged: Path, page: Page):
    for folder in (written, unconverged):
        page.goto((folder / "report.html").as_uri())
        found = Axe().run(page)
        assert not found.response["violations"], found.generate_report()


def test_a_folder_that_exists_is_not_written_over(written: Path, reference_dir: Path, capsys):
    words = ["nonmem", "compare", str(reference_dir / "nonmem" / "pheno_focei"), "--out", str(written)]
    assert run(words) == 2
    assert "nothing is written over without --force" in capsys.readouterr().err


def test_a_run_that_cannot_be_compared_has_a_page_with_its_reason(reference_dir: Path, tmp_path: Path):
    source, out = reference_dir / "nonmem" / "infliximab_map_foce", tmp_path / "out"
    assert run(["nonmem", "compare", str(source), "--out", str(out)]) == 0
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "There is no control stream and no listing that echoes one (--control names one)." in text
    assert "<script" not in text
    assert not re.search(r"\b(nan|NaN|None|inf)\b", re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL))
