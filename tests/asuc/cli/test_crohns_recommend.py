"""`asuc crohns recommend`: what it prints and refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from tests.crohns_srs.predict.cases import case_text
from tests.crohns_srs.trials import CONFIG, rows
from tests.crohns_srs.trials import written as trial_files

if TYPE_CHECKING:
    from pathlib import Path


def written(tmp_path: Path, text: str, name: str = "case.json") -> str:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_one_document_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = written(tmp_path, case_text(label="bed 3"))
    assert run(["crohns", "recommend", file, "--uncertainty", "dashboard", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["uncertainty"], document["case"]) == ("asuc-crohns/1", "dashboard", "bed 3")
    assert document["label"] == "anti_il12_23 > anti_integrin = anti_tnf"


def test_lines_in_are_lines_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = written(tmp_path, f"{case_text(label='a')}\n\n{case_text(label='b', cdai=None)}\n", "cases.jsonl")
    assert run(["crohns", "recommend", file]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["case"] for one in lines] == ["a", "b"]
    assert [one["imputed"] for one in lines] == [[], ["cdai"]]


def test_a_table_is_printed_with_its_caveat(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["crohns", "recommend", written(tmp_path, case_text())]) == 0
    said = capsys.readouterr().out
    assert "anti-IL-12/23 – anti-TNF" in said
    assert "no proven benefit for this patient" in " ".join(said.split())
    none = case_text(unavailable=["anti_integrin", "anti_tnf", "anti_il12_23"])
    assert run(["crohns", "recommend", written(tmp_path, none)]) == 0
    assert "No class is available" in capsys.readouterr().out


def test_choices_come_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = written(tmp_path, case_text(crp_mg_per_L=None))
    words = ["crohns", "recommend", file, "--adjust", "holm", "--missing", "defaults", "--worthwhile", "7.5", "--json"]
    assert run(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["label_adjustment"], document["missing_inputs"]) == ("holm", "defaults")
    assert document["worthwhile"]["points"] == 7.5
    assert run(["crohns", "recommend", file]) == 0
    said = capsys.readouterr().out
    for part in (
        "Why: points of each input",
        "If it were known",
        "Expected outcome",
        "sex: female",
        "placebo alone",
        "remission",
        "C-reactive protein: not known",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--worthwhile", "0"], "--worthwhile: 0 is not above 0, such as 20"),
        (["--worthwhile", "nan"], "--worthwhile: nan is not above 0, such as 20"),
        (["--fit", "nowhere"], "nowhere/fit.json: cannot be read; expected the folder that `asuc crohns fit --out`"),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str):
    assert run(["crohns", "recommend", written(tmp_path, case_text()), *words]) == 2
    assert expected in capsys.readouterr().err


def test_every_problem_of_every_line_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = written(
        tmp_path, f"{case_text(cdai=-1)}\n{case_text()}\n{case_text(sex='x', age_year=200)}\n", "cases.jsonl"
    )
    assert run(["crohns", "recommend", file]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    found = [line.partition("cases.jsonl: ")[2].split(";")[0] for line in said.err.splitlines()]
    assert found == ["line 1: cdai: -1", "line 3: age_year: 200", 'line 3: sex: "x"']


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"\xff", "case.json", "byte 1 is not UTF-8 text; expected a case (asuc-crohns-case/1)"),
        (b"", "cases.jsonl", "holds no line; expected a case"),
        (b"", "case.json", "is no JSON"),
    ],
)
def test_files_that_hold_no_case_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, name: str, expected: str
):
    (tmp_path / name).write_bytes(content)
    assert run(["crohns", "recommend", str(tmp_path / name)]) == 2
    assert expected in capsys.readouterr().err
    assert run(["crohns", "recommend", str(tmp_path / "none.json")]) == 2
    assert "no such file; expected a case (asuc-crohns-case/1)" in capsys.readouterr().err


def test_outcomes_of_any_unit_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The same trials with the outcome in thousandths: the same figures, three decimals further."""
    config = CONFIG.replace("response = [10]", "response = [0.01]")
    table, file = trial_files(tmp_path, [one | {"fall": one["fall"] / 1000.0} for one in rows()], config)
    folder = tmp_path / "fit"
    assert run(["crohns", "fit", table, "--config", file, "--out", str(folder)]) == 0
    capsys.readouterr()
    case = written(tmp_path, '{"schema": "asuc-crohns-case/1", "season": 10, "age": 40, "male": false}')
    assert run(["crohns", "recommend", case, "--fit", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert run(["crohns", "recommend", case, "--fit", str(folder)]) == 0
    said = capsys.readouterr().out
    old, (contrast,) = document["classes"]["old"], document["contrasts"]
    assert f"{document['placebo']['effect']:.4f} (SE {document['placebo']['se']:.4f})" in said
    assert f"{old['effect']:.4f}" in said
    assert f"{contrast['difference']:.4f}" in said
    assert "-0.0 " not in said
    words = ["crohns", "subgroups", table, "--fit", str(folder), "--out", str(tmp_path / "groups"), "--no-rows"]
    assert run(words) == 0
    said = capsys.readouterr().out
    group = json.loads((tmp_path / "groups" / "subgroups.json").read_text(encoding="utf-8"))["subgroups"][0]
    assert f"{group['classes']['new']['effect']:+.3f}" in said
    figure = (tmp_path / "groups" / "figures" / "subgroup_effects.svg").read_text(encoding="utf-8")
    assert f"{group['classes']['new']['expected']:.3f} (" in figure
