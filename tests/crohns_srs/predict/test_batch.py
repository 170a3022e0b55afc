"""Labels of many patients are those of each alone, and of nothing but what they should depend on."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from asuc.cli import run
from crohns_srs.data.config import load_config
from crohns_srs.data.ipd_file import read_participants
from crohns_srs.data.patient_file import Patients, PatientTable, read_patients
from crohns_srs.predict.batch import create_rule, label_chunks, possible_labels
from crohns_srs.predict.case import CrohnsCase
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.own_models import own_models
from crohns_srs.predict.recommend import Choices, recommend
from crohns_srs.predict.subgroup_schema import CrohnsSubgroups
from crohns_srs.predict.subgroup_table import labelled, subgroup_document
from crohns_srs.srs.fit import fit_sequence
from pkpd.data.arrow import pa, parquet
from pkpd.errors import InputError
from tests.crohns_srs.trials import rows, written

if TYPE_CHECKING:
    from pathlib import Path

    from crohns_srs.predict.class_model import ModelSet
    from pkpd.arrays import FloatArray

MODELS = shipped_models()
EVERY = [*Uncertainty]


def drawn(n: int, seed: int = 0) -> dict[str, FloatArray]:
    """Draw covariates without any relation, far and wide."""
    rng = np.random.default_rng(seed)
    found: dict[str, FloatArray] = {}
    for one in MODELS.config.covariates:
        wide = {"Year_Cent": 5.0, "CDAI_baseline_Cent": 70.0, "Age_Cent": 18.0, "BMI_Cent": 7.0, "CRP_Cent": 30.0}
        given = rng.random(n) < 0.5 if one.is_binary else wide[one.name] * rng.standard_normal(n)
        found[one.name] = np.asarray(given, dtype=np.float64)
    found["CRP_Cent"] = np.maximum(found["CRP_Cent"], -10.0)
    return found


def labels(models: ModelSet, columns: dict[str, FloatArray], uncertainty: Uncertainty, *unavailable: str) -> list[str]:
    rule = create_rule(models, uncertainty, unavailable)
    names = possible_labels(rule)
    n = next(iter(columns.values())).size
    return [names[i] for _, found in label_chunks(rule, columns, n) for i in found.code]


def table_of(columns: dict[str, FloatArray]) -> PatientTable:
    kept = Patients(0, columns)
    return PatientTable("drawn", "0" * 64, kept.n, kept.n_with_missing, (), kept)


def document(table: PatientTable, uncertainty: Uncertainty) -> dict[str, Any]:
    rule = create_rule(MODELS, uncertainty, limit=100.0)
    return subgroup_document(MODELS, table, rule, labelled(MODELS, table, rule, is_integrated=False))


def alone(models: ModelSet, columns: dict[str, FloatArray], i: int, uncertainty: Uncertainty, *unavailable: str) -> Any:
    case = CrohnsCase("", {name: float(one[i]) for name, one in columns.items()}, (), unavailable)
    return recommend(models, case, uncertainty)


@pytest.mark.parametrize("uncertainty", EVERY)
@pytest.mark.requirement("CD-06")
def test_many_are_labelled_as_each_alone(uncertainty: Uncertainty):
    columns, n = drawn(300), 300
    rule = create_rule(MODELS, uncertainty, limit=100.0)
    [(_, found)] = label_chunks(rule, columns, n)
    names = possible_labels(rule)
    response = found.response
    assert len({names[i] for i in found.code}) > 3
    for i in range(n):
        one = alone(MODELS, columns, i, uncertainty)
        assert names[found.code[i]] == one["label"]
        assert found.placebo[i] == pytest.approx(one["placebo"]["effect"])
        assert response[0, i] == pytest.approx(one["placebo"]["response100"])
        for k, name in enumerate(rule.ids):
            assert found.effect[k, i] == pytest.approx(one["classes"][name]["effect"])
            assert response[1 + k, i] == pytest.approx(one["classes"][name]["response100"])
        for pair, told in enumerate(one["contrasts"]):
            assert found.difference_variance[pair, i] == pytest.approx(told["se"] ** 2)
            assert found.difference_df[pair, i] == pytest.approx(told["df"])


@pytest.mark.parametrize("uncertainty", EVERY)
@pytest.mark.parametrize("gone", ["anti_il12_23", "anti_tnf"])
@pytest.mark.requirement("CD-06")
def test_a_class_that_is_not_to_be_had_is_left_out_as_for_one(uncertainty: Uncertainty, gone: str):
    columns = drawn(200, 1)
    found = labels(MODELS, columns, uncertainty, gone)
    assert found == [alone(MODELS, columns, i, uncertainty, gone)["label"] for i in range(200)]
    assert not any(gone in one for one in found)


def test_classes_are_removed_before_anything_is_tested():
    """The two that are left are compared as if there were no third one: by models without it."""
    columns = drawn(3000, 2)
    fewer = replace(MODELS, classes=MODELS.classes[1:])
    assert labels(MODELS, columns, Uncertainty.COHERENT, "anti_il12_23") == labels(fewer, columns, Uncertainty.COHERENT)


@pytest.mark.parametrize("uncertainty", EVERY)
@pytest.mark.requirement("CD-06")
def test_the_order_of_rows_and_of_classes_is_no_matter(uncertainty: Uncertainty):
    columns = drawn(20_000, 3)
    order = np.random.default_rng(4).permutation(20_000)
    straight = labels(MODELS, columns, uncertainty)
    turned = labels(MODELS, {name: one[order] for name, one in columns.items()}, uncertainty)
    assert turned == [straight[i] for i in order]
    backward = replace(MODELS, classes=MODELS.classes[::-1])
    assert labels(backward, columns, uncertainty) == straight


def test_there_are_thirteen_labels_of_three_classes():
    names = possible_labels(create_rule(MODELS, Uncertainty.COHERENT))
    assert (len(names), len(set(names))) == (13, 13)
    fewer = possible_labels(create_rule(MODELS, Uncertainty.COHERENT, ["anti_tnf"]))
    assert sorted(fewer) == [
        "anti_il12_23 = anti_integrin",
        "anti_il12_23 > anti_integrin",
        "anti_integrin > anti_il12_23",
    ]
    every = possible_labels(create_rule(MODELS, Uncertainty.COHERENT, [one.id for one in MODELS.classes]))
    assert every == [""]


def fit_of(folder: Path, given: list[dict[str, Any]], config: str | None = None) -> ModelSet:
    folder.mkdir()
    table, file = written(folder, given, *([config] if config else []))
    assert run(["crohns", "fit", table, "--config", file, "--out", str(folder / "fit"), "--json"]) == 0
    return own_models(str(folder / "fit"))


def grid(centre: float) -> dict[str, FloatArray]:
    """Return ages from 15 to 85, both sexes and three seasons, with a centre of age."""
    age, male, season = (one.ravel() for one in np.meshgrid(np.arange(15.0, 85.0), [0.0, 1.0], [-8.0, 0.0, 8.0]))
    return {"season": season, "age": age - centre, "male": male}


@pytest.mark.parametrize("uncertainty", EVERY)
@pytest.mark.requirement("CD-06", "CD-02")
def test_what_all_outcomes_share_changes_no_label(tmp_path: Path, uncertainty: Uncertainty):
    """Any linear function of the covariates on every outcome, placebo and active: labels and differences stay (crohns.md §1.2)."""
    given = rows(6)
    moved = [{**row, "fall": row["fall"] + 90.0 - 1.7 * row["age"] + 25.0 * row["male"]} for row in given]
    one, other = fit_of(tmp_path / "a", given), fit_of(tmp_path / "b", moved)
    found = labels(one, grid(40.0), uncertainty)
    assert len(set(found)) > 1
    assert labels(other, grid(40.0), uncertainty) == found


@pytest.mark.reference
@pytest.mark.requirement("CD-06", "CD-02")
def test_nothing_that_all_outcomes_share_changes_a_label_of_the_simulated_cohort(tmp_path: Path, reference_dir: Path):
    """Fifteen trials, three classes and nine covariates: a linear function of all nine on each of 5,703 outcomes, and every patient keeps the label."""
    source = reference_dir / "crohns" / "srs_sim5703.csv"
    with source.open(encoding="utf-8") as stream:
        given = [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(stream)]
    added = {
        one.column: 0.31 * (1.0 if one.is_binary else 0.4) * (-1) ** i
        for i, one in enumerate(MODELS.config.drug_covariates)
    }
    for row in given:
        shift = 17.0 + sum(weight * float(row[column]) for column, weight in added.items())
        row["CDAI_reduction"] = repr(float(row["CDAI_reduction"]) + shift)
    with (tmp_path / "moved.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, given[0].keys())
        writer.writeheader()
        writer.writerows(given)
    found: list[list[list[str]]] = []
    for table in (source, tmp_path / "moved.csv"):
        assert run(["crohns", "fit", str(table), "--out", str(tmp_path / table.stem)]) == 0
        models = own_models(str(tmp_path / table.stem))
        columns = read_participants(str(table), models.config).covariates
        found.append([labels(models, columns, uncertainty) for uncertainty in EVERY])
    assert found[0] == found[1]
    assert len(set(found[0][1])) > 3


@pytest.mark.parametrize("uncertainty", EVERY)
@pytest.mark.requirement("CD-06")
def test_centres_of_covariates_change_no_label(tmp_path: Path, uncertainty: Uncertainty):
    from tests.crohns_srs.trials import CONFIG  # noqa: PLC0415

    given = rows(6)
    one = fit_of(tmp_path / "a", given)
    other = fit_of(tmp_path / "b", given, CONFIG.replace("centre = 40", "centre = 61.5"))
    assert labels(other, grid(61.5), uncertainty) == labels(one, grid(40.0), uncertainty)


def test_a_fit_is_the_same_whatever_the_order_of_its_rows(tmp_path: Path):
    given = rows(6)
    table, config = written(tmp_path, given)
    straight = fit_sequence(read_participants(table, load_config(config)))
    written(tmp_path, [given[i] for i in np.random.default_rng(0).permutation(len(given))])
    turned = fit_sequence(read_participants(table, load_config(config)))
    for one, other in zip(straight.stages, turned.stages, strict=True):
        np.testing.assert_allclose(other.fit.estimate, one.fit.estimate, rtol=1e-9)
        np.testing.assert_allclose(other.fit.covariance, one.fit.covariance, rtol=1e-7)


@pytest.mark.reference
@pytest.mark.requirement("CD-03")
def test_the_table_of_the_public_sample(reference_dir: Path):
    """Shares of labels, and claim 7: with 2006 as year, 66 % of the IL-12/23 subgroup have an expected fall of 100 or more (9 % with anti-TNF), but the mean chances are 0.54 and 0.35."""
    table = read_patients(str(reference_dir / "crohns" / "crohns_biologics_sample.csv"), MODELS.config)
    assert table.kept is not None
    at_2006 = table_of({**table.kept.values, "Year_Cent": np.full(table.n, 6.0)})
    found = document(at_2006, Uncertainty.PAPER)
    assert [(one["label"], one["n"]) for one in found["subgroups"] if one["n"]] == [
        ("anti_il12_23 = anti_integrin = anti_tnf", 535),
        ("anti_tnf > anti_il12_23 = anti_integrin", 351),
        ("anti_il12_23 = anti_tnf > anti_integrin", 56),
        ("anti_il12_23 > anti_integrin = anti_tnf", 35),
        ("anti_tnf > anti_integrin > anti_il12_23", 22),
        ("anti_integrin = anti_tnf > anti_il12_23", 1),
    ]
    assert (found["n_possible"], found["n_occurring"], len(found["subgroups"])) == (13, 6, 13)
    own = found["subgroups"][3]
    il12, tnf = own["classes"]["anti_il12_23"], own["classes"]["anti_tnf"]
    assert (il12["share_expected_response"], tnf["share_expected_response"]) == pytest.approx((23 / 35, 3 / 35))
    assert (il12["response"], tnf["response"]) == pytest.approx((0.54, 0.35), abs=0.005)
    assert own["covariates"]["tnf_history"]["share"] > 0.9
    assert own["covariates"]["age_year"]["mean"] > 50.0


def test_summaries_are_those_of_the_rows():
    columns, n = drawn(20_000, 7), 20_000
    found = document(table_of(columns), Uncertainty.PAPER)
    names = np.array(labels(MODELS, columns, Uncertainty.PAPER))
    count = Counter(names.tolist())
    assert sum(one["n"] for one in found["subgroups"]) == n
    for one in found["subgroups"]:
        own = names == one["label"]
        assert one["n"] == count.get(one["label"], 0)
        if one["n"] > 1:
            age = one["covariates"]["age_year"]
            assert age["mean"] == pytest.approx(columns["Age_Cent"][own].mean() + 35.0)
            assert age["sd"] == pytest.approx(columns["Age_Cent"][own].std(ddof=1))
            assert one["covariates"]["sex"]["share"] == pytest.approx(columns["Sex_Male"][own].mean())


def test_rows_with_inputs_that_are_not_known_are_integrated_as_alone():
    columns = drawn(40, 8)
    columns["CRP_Cent"][::4] = np.nan
    columns["SteroidUse"][::8] = np.nan
    rule = create_rule(MODELS, Uncertainty.COHERENT, limit=100.0)
    [chunk] = labelled(MODELS, table_of(columns), rule, is_integrated=True)
    found = chunk.labels
    names = possible_labels(rule)
    for i in range(40):
        values = {name: float(one[i]) for name, one in columns.items()}
        missing = {"CRP_Cent": "crp_mg_per_L", "SteroidUse": "steroid"}
        imputed = tuple(case for name, case in missing.items() if np.isnan(values[name]))
        case = CrohnsCase("", {name: 0.0 if np.isnan(v) else v for name, v in values.items()}, imputed, ())
        one = recommend(MODELS, case, Choices())
        assert names[found.code[i]] == one["label"]
        for k, name in enumerate(rule.ids):
            assert found.effect[k, i] == pytest.approx(one["classes"][name]["effect"], abs=0.3)
            assert found.response[1 + k, i] == pytest.approx(one["classes"][name]["response100"], abs=0.003)
        for pair, told in enumerate(one["contrasts"]):
            # 256 sets of values miss more of the tail of a log-normal distribution than the 1,024 of a single answer.
            assert np.sqrt(found.difference_variance[pair, i]) == pytest.approx(told["se"], rel=0.02)
            assert found.difference_df[pair, i] == pytest.approx(
                told["df"], rel=0.06
            )  # follows the square of the variance


def test_p_near_the_limit_is_that_of_t():
    """The shortcut of the labels, where t alone decides, is that of every p-value."""
    columns, n = drawn(5000, 9), 5000
    rule = create_rule(MODELS, Uncertainty.COHERENT)
    [(_, found)] = label_chunks(rule, columns, n)
    names = possible_labels(rule)
    for pair, (a, b) in enumerate(rule.between):
        t = (found.effect[a] - found.effect[b]) / np.sqrt(found.difference_variance[pair])
        p = 2 * stats.t.sf(np.abs(t), found.difference_df[pair])
        for i in np.flatnonzero(p >= 0.05)[:500]:
            groups = [set(part.split(" = ")) for part in names[found.code[i]].split(" > ")]
            assert any({rule.ids[a], rule.ids[b]} <= group for group in groups)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "age_year,cdai\n30,300\nx,300\n40,-5\n",
            ["line 3, age_year: “x” is not a number", "line 4, cdai: is -5; expected 0 to 1100"],
        ),
        ("age_year,sex\n30,man\n", ["line 2, sex: is man; expected female or male, 0 or 1, or nothing"]),
        ("age_year,steroid\n30,2\n", ["line 2, steroid: is 2; expected 0 or 1, or true or false, or nothing"]),
        ("a,b\n1,2\n", ["has no column of any covariate; expected CDAI_baseline_Cent or cdai"]),
    ],
)
def test_faults_of_a_table_are_told_with_their_lines(tmp_path: Path, text: str, expected: list[str]):
    file = tmp_path / "patients.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_patients(str(file), MODELS.config)
    said = "\n".join(map(str, caught.value.problems))
    assert [one for one in expected if one not in said] == []


def test_the_command_writes_rows_table_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "patients.csv"
    text = "age_year,sex,bmi_kg_per_m2,crp_mg_per_L,tnf_history,steroid,immunomodulator,ileal,cdai\n"
    text += "70,female,22,8.73,true,true,false,false,348\n30,male,22,,no,yes,0,1,300\n"
    file.write_text(text, encoding="utf-8")
    words = ["crohns", "subgroups", str(file), "--uncertainty", "dashboard", "--out", str(tmp_path / "out")]
    assert run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    CrohnsSubgroups.model_validate(found, strict=True)
    assert (found["n"], found["n_with_missing"], found["missing_inputs"]) == (2, 1, "defaults")
    with (tmp_path / "out" / "patients.csv").open(encoding="utf-8") as stream:
        written_rows = list(csv.DictReader(stream))
    assert [row["row"] for row in written_rows] == ["1", "2"]
    assert written_rows[0]["label"] == "anti_il12_23 > anti_integrin = anti_tnf"
    assert float(written_rows[0]["response100_anti_il12_23"]) == pytest.approx(0.66, abs=0.01)
    with (tmp_path / "out" / "subgroups.csv").open(encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == 13
    for name in ("subgroup_effects", "subgroup_covariates"):
        assert "<svg" in (tmp_path / "out" / "figures" / f"{name}.html").read_text(encoding="utf-8")
    assert run([*words, "--force", "--unavailable", "anti_il12_23", "--no-rows", "--no-figures"]) == 0
    assert "anti_il12_23" not in capsys.readouterr().out
    assert not (tmp_path / "out" / "patients.csv").exists()
    every = [word for one in MODELS.classes for word in ("--unavailable", one.id)]
    assert run([*words[:-4], "--out", str(tmp_path / "none"), *every]) == 0
    assert "no class is available" in capsys.readouterr().out
    assert run([*words, "--force", "--unavailable", "il12"]) == 2
    assert "--unavailable: “il12” is no class; expected one of anti_il12_23" in capsys.readouterr().err


def test_a_table_is_read_in_parts_where_it_is_parquet(tmp_path: Path):
    """300,000 patients: the same labels from three parts of a Parquet file as from memory, and problems with the row of the whole file."""
    n = 300_000
    columns = drawn(n, 12)
    columns["CRP_Cent"][::1000] = np.nan
    names = {one.name: one.column for one in MODELS.config.covariates}
    limits = {one.name: (one.low - one.centre, one.high - one.centre) for one in MODELS.config.covariates}
    given = {names[name]: np.clip(one, *limits[name]) for name, one in columns.items()}
    parquet.write_table(
        pa.table({name: pa.array(one, from_pandas=True) for name, one in given.items()}), tmp_path / "p.parquet"
    )
    table = read_patients(str(tmp_path / "p.parquet"), MODELS.config)
    assert (table.n, table.n_with_missing, table.absent, table.kept) == (n, 300, (), None)
    whole = document(table_of({name: given[column] for name, column in names.items()}), Uncertainty.PAPER)
    found = document(table, Uncertainty.PAPER)
    assert [(one["label"], one["n"]) for one in found["subgroups"]] == [
        (one["label"], one["n"]) for one in whole["subgroups"]
    ]
    given["Sex_Male"][200_000] = 2.0
    parquet.write_table(pa.table(given), tmp_path / "p.parquet")
    with pytest.raises(InputError) as caught:
        read_patients(str(tmp_path / "p.parquet"), MODELS.config)
    assert (
        str(caught.value.problems[0])
        == f"{tmp_path / 'p.parquet'}: line 200001, Sex_Male: is 2; expected female or male, 0 or 1, or nothing"
    )
