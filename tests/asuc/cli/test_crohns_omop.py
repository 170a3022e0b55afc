"""`asuc crohns omop`: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from crohns_srs.omop import answers
from crohns_srs.omop.schema import CrohnsOmop, CrohnsOmopCohort, PersonEntry
from crohns_srs.predict.library import shipped_models
from tests.asuc.shell import HEEDING, ROOT

if TYPE_CHECKING:
    from pathlib import Path

DAY = ("--index-date", "2024-06-30")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("omop") / "demo.sqlite"
    assert run(["crohns", "omop", "--demo", str(file), "--people", "150", "--seed", "3"]) == 0
    return str(file)


def omop(database: str, *words: str) -> int:
    return run(["crohns", "omop", "--url", database, *DAY, *words])


def refused(capsys: pytest.CaptureFixture[str], code: int) -> str:
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert "Traceback" not in said.err
    return said.err


def test_a_person_is_printed_with_the_records(
    database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "200")
    assert omop(database, "--person", "1", "--person", "5", "--recommend") == 0
    said = capsys.readouterr().out
    assert "Person 1 on 2024-06-30: Crohn's disease since 2016-04-13" in said
    assert "latest C-reactive protein: measurement 2 of 2024-06-26 in mg/L" in said
    assert "missing: no concept and no source value of the CDAI is named" in said
    assert "no proven benefit for this patient" in " ".join(said.split())
    assert said.index("Person 1") < said.index("Person 5")


@pytest.mark.requirement("BAD-02")
def test_one_document_holds_the_case_that_recommend_reads(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("--person", "1", "--cdai-concept", "2000004001", "--recommend", "--json", "--uncertainty", "dashboard")
    assert omop(database, *words) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["index_date"]) == ("asuc-crohns-omop/1", "2024-06-30")
    CrohnsOmop.model_validate(document, strict=True)
    assert document["options"]["cdai_concepts"] == [2000004001]
    entry = document["people"][0]
    assert (entry["status"], entry["missing"]) == ("complete", {})
    case = tmp_path / "case.json"
    case.write_text(json.dumps(entry["case"]), encoding="utf-8")
    assert run(["crohns", "recommend", str(case), "--uncertainty", "dashboard", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == entry["recommendation"]


def test_a_cohort_is_written_row_by_row_and_counted(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows, lines = tmp_path / "people.csv", tmp_path / "people.jsonl"
    tables = [tmp_path / f"table{end}" for end in (".csv", ".json", ".html")]
    words = [word for one in tables for word in ("--table", str(one))]
    assert omop(database, "--cohort", "--out", str(lines), *words, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    CrohnsOmopCohort.model_validate(document, strict=True)
    assert json.loads(tables[1].read_text(encoding="utf-8")) == document
    assert omop(database, "--cohort", "--out", str(rows), "--recommend") == 0
    said = capsys.readouterr().out
    assert f"{document['n_crohns']:,} persons with Crohn's disease" in said
    assert "Women from 50 years" in said
    assert "what is missing is averaged over" in " ".join(said.split())
    entries = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    with rows.open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert [str(one["person_id"]) for one in entries] == [one["person_id"] for one in cells]
    assert len(entries) == document["n_crohns"] + document["n_refused"]
    assert [PersonEntry.model_validate(one, strict=True).status for one in entries] == [row["status"] for row in cells]
    for entry, row in zip(entries, cells, strict=True):
        shown = {True: "true", False: "false", None: ""}
        assert [row[key] for key in entry["missing"]] == [""] * len(entry["missing"])
        assert all(row[f"{key}_missing"] == why for key, why in entry["missing"].items())
        assert row["steroid"] == shown[entry["case"]["steroid"]]
        assert row["crp_mg_per_L"] == (
            "" if entry["case"]["crp_mg_per_L"] is None else str(entry["case"]["crp_mg_per_L"])
        )
        assert bool(row["label"]) is (entry["status"] != "refused")
    labels = {label: sum(row["label"] == label for row in cells) for label in document["labels"]["everybody"]}
    assert labels == document["labels"]["everybody"]
    effects = {f"effect_{one.id}" for one in shipped_models().classes}
    assert effects <= set(cells[0])
    with tables[0].open(encoding="utf-8", newline="") as stream:
        assert sum(int(row["n"]) for row in csv.DictReader(stream)) == document["n_crohns"]
    page = tables[2].read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Crohn&#39;s disease in a database" in page
    assert "anti_il12_23" in page


def test_labels_of_whole_answers_are_not_computed_again(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert omop(database, "--cohort", "--json") == 0
    labels = json.loads(capsys.readouterr().out)["labels"]
    monkeypatch.setattr(answers, "create_rule", None)  # the rule for many patients
    assert omop(database, "--cohort", "--recommend", "--out", str(tmp_path / "people.csv"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["labels"] == labels
    assert sum(labels["everybody"].values()) > 100


def test_persons_of_a_file_have_a_row_each(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    ids, out = tmp_path / "ids.txt", tmp_path / "people.csv"
    ids.write_text("\ufeff5\n\n 4 \n5\n1\n", encoding="utf-8")
    assert omop(database, "--persons", str(ids), "--out", str(out), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    CrohnsOmop.model_validate(document, strict=True)
    assert (document["n_persons"], document["n_refused"], document["out"]) == (3, 1, str(out))
    assert omop(database, "--persons", str(ids), "--out", str(out), "--force") == 0
    assert "3 persons, 1 of them refused" in capsys.readouterr().out
    with out.open(encoding="utf-8", newline="") as stream:
        assert [(row["person_id"], row["status"]) for row in csv.DictReader(stream)] == [
            ("1", "incomplete"),
            ("4", "refused"),
            ("5", "incomplete"),
        ]
    ids.write_text("1\n123456\n", encoding="utf-8")
    assert "person 123456: is not in table person" in refused(
        capsys, omop(database, "--persons", str(ids), "--out", str(tmp_path / "none.csv"))
    )
    assert sorted(one.name for one in tmp_path.iterdir()) == ["ids.txt", "people.csv"]


@pytest.mark.requirement("BAD-01")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--person", "999999", "--person", "4"), "person 999999: is not in table person of"),
        (("--person", "4"), "person 4: no diagnosis of Crohn's disease on or before the index date"),
        (("--person", "one"), "Invalid value for '--person'"),
        (("--person", "99999999999999999999999"), "Invalid value for '--person'"),
        (("--person", "-1"), "person -1: is not in table person of"),
        ((), "--person: expected --person ID, --persons FILE or --cohort, one of them"),
        (("--person", "1", "--cohort"), "--person: expected --person ID, --persons FILE or --cohort"),
        (("--person", "1", "--table", "t.csv"), "--table: is that of a cohort"),
        (("--cohort", "--table", "t.pdf"), "--table: 't.pdf' does not end in .csv or .json or .html"),
        (("--person", "1", "--out", "people.txt"), "--out: 'people.txt' does not end in .csv or .jsonl"),
        (("--person", "1", "--out", "/nowhere/people.csv"), "there is no folder '/nowhere'"),
        (("--persons", "/nowhere/ids", "--out", "x.csv"), "/nowhere/ids: cannot be read"),
        (("--person", "1", "--schema", "cdm"), "has no schema 'cdm'"),
        (("--person", "1", "--index-date", "30.06.2024"), "--index-date: '30.06.2024' is no day"),
        (("--person", "1", "--index-date", "2024-W26-7"), "--index-date: '2024-W26-7' is no day"),
        (("--person", "1", "--index-date", "2024-02-30"), "--index-date: '2024-02-30' is no day"),
        (("--person", "1", "--index-date", "1066-10-14"), "index date: 1066-10-14; expected a day of the years 1900"),
        (("--person", "1", "--unit", "crp=mg/L"), "--unit: 'crp=mg/L' says nothing; expected KIND:SOURCE=UCUM"),
        (("--person", "1", "--unit", "crp:mgl=mmol/L"), "--unit: 'mmol/L' is no unit of crp; expected one of mg/L"),
        (("--person", "1", "--assume-cdai", "nan"), "Invalid value for '--assume-cdai'"),
        (("--person", "1", "--crp-days", "0"), "Invalid value for '--crp-days'"),
    ],
)
def test_what_is_refused(database: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], expected: str):
    assert expected in refused(capsys, omop(database, *words))


def test_nothing_is_written_over(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "people.csv"
    out.write_text("kept", encoding="utf-8")
    assert "exists; nothing is written over" in refused(capsys, omop(database, "--person", "1", "--out", str(out)))
    assert "exists; nothing is written over" in refused(capsys, run(["crohns", "omop", "--demo", database]))
    assert out.read_text(encoding="utf-8") == "kept"
    assert omop(database, "--person", "1", "--out", str(out), "--force") == 0
    assert out.read_text(encoding="utf-8").startswith("person_id,")


def test_without_database_or_day_it_is_said_what_is_missing(database: str, capsys: pytest.CaptureFixture[str]):
    assert "--url: is missing" in refused(capsys, run(["crohns", "omop", "--person", "1", *DAY]))
    assert "--index-date: is missing" in refused(capsys, run(["crohns", "omop", "--url", database, "--person", "1"]))


def test_ctrl_c_leaves_no_half_a_file(tmp_path: Path):
    file, out = tmp_path / "demo.sqlite", tmp_path / "people.jsonl"
    assert run(["crohns", "omop", "--demo", str(file), "--people", "4000"]) == 0
    command = [sys.executable, "-c", HEEDING, "crohns", "omop", "--url", str(file), *DAY, "--cohort", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        part = tmp_path / "people.jsonl.part"
        while started.poll() is None and not part.exists():
            time.sleep(0.005)
        started.send_signal(signal.SIGINT)
        said = started.communicate(timeout=60)
    # Python ends itself by the signal where that came into code made from text, as SQLAlchemy has.
    assert started.returncode in {1, -signal.SIGINT}
    assert said[0] == ""
    assert [line for line in said[1].splitlines() if "Traceback" in line or "rror" in line] == []
    assert said[1].splitlines()[-1] == "asuc: interrupted."
    assert sorted(one.name for one in tmp_path.iterdir()) == ["demo.sqlite"]
