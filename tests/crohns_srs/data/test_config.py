"""What a configuration says, and one sentence for each thing wrong in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crohns_srs.data.config import load_config
from pkpd.errors import InputError
from tests.crohns_srs.trials import CONFIG

if TYPE_CHECKING:
    from pathlib import Path


def problems(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    text = CONFIG
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "c.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_config(str(file))
    return [str(one).removeprefix(f"{file}, ").removeprefix(f"{file}: ") for one in caught.value.problems]


def test_the_published_configuration_has_three_classes_and_ten_covariates():
    config = load_config()
    assert [one.id for one in config.classes] == ["anti_il12_23", "anti_integrin", "anti_tnf"]
    assert (len(config.covariates), len(config.drug_covariates)) == (10, 9)
    assert [one.name for one in config.covariates if one.is_placebo_only] == ["Year_Cent"]
    centres = {one.name: one.centre for one in config.covariates if not one.is_binary}
    assert centres == {"Year_Cent": 2000, "CDAI_baseline_Cent": 300, "Age_Cent": 35, "BMI_Cent": 20, "CRP_Cent": 10}
    assert config.outcome.response[0] == 100.0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((('id = "old"', 'id = "placebo"'),), "classes#1.id: 'placebo' is the placebo model; expected another name."),
        ((('name = "age"', 'name = "(Intercept)"'),), "covariates#2.name: '(Intercept)' is the models' own;"),
        ((('name = "age"', 'name = "male"\ncase = "age"'),), "covariates#3.name: 'male' is that of covariates#2 too;"),
        ((("centre = 40", "centre = 40\nusual = [3, 2]"),), "covariates#2.usual: 3 is not below 2."),
        (
            (("centre = 40", 'centre = 40\nwords = ["a", "b"]'),),
            "covariates#2.words: only a binary covariate has words",
        ),
        ((("centre = 40", "centre = 1" + 400 * "0"),), "covariates#2.centre: "),
        ((('id = "new"', 'id = "old"'),), "classes#2.id: 'old' is that of classes#1 too; expected each once."),
        (
            (('treatment = "B"', 'treatment = "none"'),),
            "classes#2.treatment: 'none' is the treatment of the placebo arms;",
        ),
        (
            (('column = "male"', 'column = "AGE"'),),
            "covariates#3.column: 'AGE' is the column of covariates#2.column too;",
        ),
        ((('column = "male"', 'column = "fall"'),), "covariates#3.column: 'fall' is the column of outcome.column too;"),
        ((("high = 120", "high = 0"),), "covariates#2.low: 0 is not below high, 0."),
        ((("high = 500", "high = -500"),), "outcome.low: -500 is not below high, -500."),
        (
            (('kind = "binary"', 'kind = "binary"\ncentre = 1'),),
            "covariates#3.centre: a binary covariate is 0 or 1 and has no",
        ),
        ((('kind = "binary"', 'kind = "yes"'),), "covariates#3.kind: 'yes', expected 'continuous' or 'binary'."),
        ((("centre = 40", 'centre = "40"'),), "covariates#2.centre: '40', expected a number without quotes."),
        ((("centre = 40", "center = 40"),), "covariates#2.center: unknown key; did you mean 'centre'?"),
        ((("response = [10]", "response = []"),), "outcome.response: [], expected at least 1 entries."),
        ((("centre = 40", "centre = nan"),), "covariates#2.centre: nan, expected a finite number."),
        ((('id = "old"', 'id = "Old drug"'),), "classes#1.id: 'Old drug', expected a name made of small letters"),
        (
            (("config/1", "config/2"),),
            "schema: 'asuc-crohns-config/2', did you mean 'asuc-crohns-config/1'? expected 'asuc-crohns-config/1'.",
        ),
        ((('[trial]\ncolumn = "study"\n', ""),), "trial: is missing; docs/how-to/crohns.md lists the keys."),
        ((("[outcome]", "[outcome"),), "is not valid TOML"),
    ],
)
def test_each_fault_is_one_sentence(tmp_path: Path, changes: tuple[tuple[str, str], ...], expected: str):
    found = problems(tmp_path, *changes)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path):
    for path, expected in (
        (str(tmp_path / "none.toml"), "no such file; expected a configuration"),
        (str(tmp_path), "is not a file; expected a configuration"),
        (" ", "the file name is empty; expected a configuration"),
    ):
        with pytest.raises(InputError, match=expected):
            load_config(path)
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    with pytest.raises(InputError, match="byte 10 is not UTF-8 text"):
        load_config(str(tmp_path / "latin.toml"))
