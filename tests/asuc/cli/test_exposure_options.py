"""`asuc exposure` with windows, regimens, event times, comparators and draws: what is written, said and refused."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from asuc.cli import run
from asuc.cli.exposure_windows import windows_joined
from pkpd.data.arrow import parquet

if TYPE_CHECKING:
    from pathlib import Path

MODEL = ["--model", "niyigena_2026_asuc"]
WINDOWS = ["--window", "14", "28", "--window", "0", "7", "--window", "28", "42"]
HEAD = "ID,TIME,AMT,DUR,DV,WT,CRP,ALB,SEX\n"
# Levels before and after day 7, none at all, and a patient whose event comes on day 9.
COHORT = HEAD + "".join(
    f"{line}\n"
    for line in (
        "a,0,300,0.083,.,60,20,31,1",
        "a,6,.,.,14,60,20,31,1",
        "a,14,300,0.083,.,60,20,31,1",
        "b,0,300,0.083,.,70,50,26,0",
        "b,9,.,.,3,70,50,26,0",
        "c,0,400,0.083,.,80,10,.,1",
        "d,0,300,0.083,.,55,90,22,0",
        "d,3,300,0.083,.,55,90,22,0",
        "d,8,.,.,2,55,90,22,0",
    )
)
EVENTS = "id,time,event,site\na,90,0,x\nb,9,1,y\nc,90,0,x\nd,40,1,y\nz,90,0,x\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    texts = {"cohort": COHORT, "events": EVENTS, "planned": "ID,TIME,AMT,DUR\nb,14,400,0.083\nb,3,100,0.083\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return {name: str(tmp_path / f"{name}.csv") for name in texts}


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def exposed(files: dict[str, str], out: Path, *words: str) -> list[dict[str, str]]:
    assert run(["exposure", files["cohort"], *MODEL, "--out", str(out), "--no-figures", *words]) == 0
    return table(out / "exposure.csv")


def refused(files: dict[str, str], out: Path, *words: str) -> int:
    return run(["exposure", files["cohort"], *MODEL, "--out", str(out), *words])


def test_further_windows_and_troughs_are_named_by_their_days(files, tmp_path):
    rows = exposed(files, tmp_path / "e", *WINDOWS, "--trough", "14", "--extremes")
    apart = exposed(files, tmp_path / "f", "--window", "0", "7")
    assert [float(row["auc_0_7_q50"]) for row in rows] == pytest.approx(
        [float(row["auc_q50"]) for row in apart], rel=1e-9
    )
    for row in rows:
        assert float(row["cmin_map"]) <= float(row["cmax_map"])
        for name in ("auc", "auc_28_42", "trough_14", "cmax_0_7"):
            assert float(row[f"{name}_q05"]) < float(row[f"{name}_mean"]) < float(row[f"{name}_q95"])
    document = json.loads((tmp_path / "e" / "exposure.json").read_text(encoding="utf-8"))
    assert document["windows_day"] == [[14.0, 28.0], [0.0, 7.0], [28.0, 42.0]]
    assert document["window_day"] == [14.0, 28.0]


def test_the_mode_alone_is_the_mode_of_the_posterior(files, tmp_path):
    words = [*WINDOWS, "--trough", "14", "--trough", "doses", "--extremes"]
    both = exposed(files, tmp_path / "p", *words)
    alone = exposed(files, tmp_path / "m", *words, "--from", "ebe")
    for row, other in zip(both, alone, strict=True):
        names = [name for name in other if name.endswith("_map")]
        assert {name: float(other[name] or "nan") for name in names} == pytest.approx(
            {name: float(row[name] or "nan") for name in names}, rel=1e-9, nan_ok=True
        )
        assert not any(name.endswith(("_q05", "_mean")) for name in other)
    troughs, modes = (table(tmp_path / name / "troughs.csv") for name in "pm")
    assert [(row["id"], row["time"], row["dose_mg"]) for row in modes] == [("a", "14", "300"), ("d", "3", "300")]
    assert [float(row["trough_map"]) for row in modes] == pytest.approx(
        [float(row["trough_map"]) for row in troughs], rel=1e-9
    )


def test_doses_after_the_event_are_those_of_the_plan(files, tmp_path, capsys):
    given = exposed(files, tmp_path / "g", "--events", files["events"])
    said = capsys.readouterr().err
    assert "1 subject has the event before day 28 and no plan is given" in said
    assert "(b); --planned or --plan says" in said
    planned = exposed(files, tmp_path / "p", "--events", files["events"], "--planned", files["planned"])
    said = capsys.readouterr().err
    assert "no plan is given" not in said
    assert "1 planned dose is left out, since the records go on beyond them (b)." in said
    assert [row["planned_from_day"] for row in planned] == ["", "14", "", ""]
    for row, other in zip(given, planned, strict=True):
        assert (row["auc_map"] == other["auc_map"]) is (row["id"] != "b")
        assert (row["cl_map"], row["cl_q50"]) == (other["cl_map"], other["cl_q50"])
    assert float(planned[1]["auc_map"]) > float(given[1]["auc_map"])
    document = json.loads((tmp_path / "p" / "exposure.json").read_text(encoding="utf-8"))
    assert document["n_with_planned_doses"] == {"14 to 28": 1}
    label = exposed(files, tmp_path / "l", "--events", files["events"], "--plan", "label")
    # b: the label gives 400 mg on day 14, as the file; d: its event is on day 40, when day 14 was long due.
    assert float(label[1]["auc_map"]) == pytest.approx(float(planned[1]["auc_map"]), rel=1e-3)
    assert [row["planned_from_day"] for row in label] == ["", "14", "", ""]


def test_a_hypothetical_regimen_is_named_in_every_output(files, tmp_path, capsys):
    words = ["--regimen", "label", "--draws", "3", "--trough", "doses", "--events", files["events"]]
    assert run(["exposure", files["cohort"], *MODEL, "--out", str(tmp_path / "h"), *words]) == 0
    shown = capsys.readouterr()
    assert "The regimen is hypothetical: label." in " ".join(shown.out.split())
    assert "The doses are those of a hypothetical regimen (label)" in shown.err
    for name in ("exposure.csv", "draws.csv", "troughs.csv"):
        assert {row["regimen"] for row in table(tmp_path / "h" / name)} == {"hypothetical: label"}
    assert [row["HYPOTHETICAL"] for row in table(tmp_path / "h" / "events_with_exposure.csv")] == [*"1111", ""]
    assert json.loads((tmp_path / "h" / "exposure.json").read_text("utf-8"))["hypothetical_regimen"] == "label"
    figures = json.loads((tmp_path / "h" / "figures" / "figures.json").read_text(encoding="utf-8"))["figures"]
    assert [one["name"] for one in figures] == ["exposure-distribution", "exposure-by-outcome"]
    assert all("hypothetical (label)" in one["caption"] for one in figures)
    given = exposed(files, tmp_path / "g")
    hypothetical = table(tmp_path / "h" / "exposure.csv")
    assert [row["cl_q50"] for row in hypothetical] == [row["cl_q50"] for row in given]
    assert float(hypothetical[1]["auc_map"]) > float(given[1]["auc_map"])


def test_event_times_get_the_exposure_in_capital_letters(files, tmp_path, capsys):
    words = [*WINDOWS, "--trough", "14", "--events", files["events"], "--comparators", "--landmark", "28"]
    rows = {row["id"]: row for row in exposed(files, tmp_path / "e", *words)}
    said = capsys.readouterr().err
    assert "events.csv: subjects that are not in the cohort have no exposure: z." in said
    lines = table(tmp_path / "e" / "events_with_exposure.csv")
    assert list(lines[0]) == [
        *("ID", "TIME", "EVENT", "SITE", "CL", "V", "HALF_LIFE", "AUC", "LOG_AUC_CL", "AUC_0_7", "LOG_AUC_CL_0_7"),
        *("AUC_28_42", "LOG_AUC_CL_28_42", "TROUGH_14", "CL_A_PRIORI_BATTAT", "CL_DAY7", "AT_RISK_28"),
    ]
    assert [(line["ID"], line["TIME"], line["EVENT"], line["SITE"]) for line in lines] == [
        tuple(line.split(",")) for line in EVENTS.splitlines()[1:]
    ]
    for line in lines[:4]:
        row = rows[line["ID"]]
        assert line["LOG_AUC_CL"] == row["ln_auc_cl_mean"]
        assert line["AUC_0_7"] == row["auc_0_7_mean"]
        assert (line["CL_DAY7"], line["CL_A_PRIORI_BATTAT"]) == (row["cl_day7"], row["cl_a_priori_battat"])
    assert lines[4]["CL"] == ""
    assert [bool(row["cl_day7"]) for row in rows.values()] == [True, False, False, False]
    assert [bool(row["cl_a_priori_battat"]) for row in rows.values()] == [True, True, False, True]
    assert [row["at_risk_28"] for row in rows.values()] == ["1", "0", "1", "1"]
    document = json.loads((tmp_path / "e" / "exposure.json").read_text(encoding="utf-8"))
    assert document["events"]["not_in_cohort"] == ["z"]
    landmark = document["landmark"]
    assert (landmark["n_subjects"], landmark["n_events"], landmark["left_out"]) == (3, 1, ["b"])
    left = [float(rows[name]["cl_q50"]) for name in "acd"]
    assert landmark["subjects"]["cl"]["median"] == pytest.approx(np.median(left), rel=1e-12)
    assert document["comparators"]["cl_a_priori_battat"]["threshold"] == 0.627
    at_mode = exposed(files, tmp_path / "m", "--from", "ebe", "--events", files["events"])
    (first, *_) = table(tmp_path / "m" / "events_with_exposure.csv")
    assert first["LOG_AUC_CL"] == at_mode[0]["ln_auc_cl_map"]


def test_rows_of_a_counting_process_stay_as_they_are(files, tmp_path):
    text = "ID,START,STOP,EVENT,X\na,0,10,0,1.50\na,10,90,0,2\nb,0,9,1,3\nc,0,90,0,4\nd,0,40,1,5\n"
    (tmp_path / "events.csv").write_text(text, encoding="utf-8")
    exposed(files, tmp_path / "e", "--events", files["events"], "--window", "0", "14")
    lines = table(tmp_path / "e" / "events_with_exposure.csv")
    kept = [",".join(line[name] for name in ("ID", "START", "STOP", "EVENT", "X")) for line in lines]
    assert kept == text.splitlines()[1:]
    assert lines[0]["AUC_0_14"] == lines[1]["AUC_0_14"] != lines[2]["AUC_0_14"]
    assert "LOG_AUC_CL_0_14" in lines[0]
    assert "LOG_AUC_CL" not in lines[0]
    fitted = ["tte", "fit", str(tmp_path / "e" / "events_with_exposure.csv"), "--hazard", "exponential"]
    assert run([*fitted, "--covariate", "LOG_AUC_CL_0_14", "--out", str(tmp_path / "tte")]) == 0


def test_draws_are_of_every_measure_and_do_not_depend_on_what_they_are_written_as(files, tmp_path):
    words = ["--draws", "40", "--trough", "14", "--seed", "3"]
    rows = exposed(files, tmp_path / "c", *words)
    exposed(files, tmp_path / "p", *words, "--draws-as", "parquet")
    draws = table(tmp_path / "c" / "draws.csv")
    assert [(row["id"], row["draw"]) for row in draws] == [(name, str(i)) for name in "abcd" for i in range(1, 41)]
    found = parquet.read_table(tmp_path / "p" / "draws.parquet").to_pydict()
    assert list(found) == list(draws[0]) == ["id", "draw", "cl", "v", "half_life", "auc", "ln_auc_cl", "trough_14"]
    for name in ("cl", "auc", "trough_14"):
        assert [float(row[name]) for row in draws] == found[name]
    for row in rows:
        own = np.array([float(draw["ln_auc_cl"]) for draw in draws if draw["id"] == row["id"]])
        spread = float(row["ln_auc_cl_sd"])
        assert own.mean() == pytest.approx(float(row["ln_auc_cl_mean"]), abs=4.0 * spread / math.sqrt(40.0))
    assert not (tmp_path / "c" / "blocks").exists()


@pytest.mark.slow
def test_two_workers_draw_the_bytes_of_one(files, tmp_path):
    words = ["--draws", "30", "--trough", "doses", "--extremes"]
    for name, workers in (("one", "1"), ("two", "2")):
        exposed(files, tmp_path / name, *words, "--workers", workers)
    for file in ("exposure.csv", "draws.csv", "troughs.csv", "exposure.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_what_was_drawn_is_kept(files, tmp_path, monkeypatch):
    from pkpd.exposure import cohort as exposure  # noqa: PLC0415

    words = ["--draws", "30", "--trough", "doses"]
    exposed(files, tmp_path / "whole", *words)
    whole, asked = exposure.exposure_at, list[int]()

    def stopped(given, place):
        if place == 2:
            raise KeyboardInterrupt
        asked.append(place)
        return whole(given, place)

    monkeypatch.setattr("pkpd.exposure.cohort.exposure_at", stopped)
    assert refused(files, tmp_path / "parts", *words, "--no-figures") == 1
    (tmp_path / "parts" / "blocks" / "1.npy").unlink()
    monkeypatch.setattr(
        "pkpd.exposure.cohort.exposure_at", lambda given, place: asked.append(place) or whole(given, place)
    )
    exposed(files, tmp_path / "parts", *words, "--resume")
    assert asked == [0, 1, 1, 2, 3]
    for file in ("exposure.csv", "draws.csv", "troughs.csv", "exposure.json"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "parts" / file).read_bytes()


def test_a_subject_without_a_level_has_the_exposure_of_the_prior(files, tmp_path):
    row = exposed(files, tmp_path / "e")[2]
    assert (row["id"], row["levels"]) == ("c", "0")
    assert float(row["cl_map"]) == pytest.approx(float(row["cl_q50"]), rel=1e-6)
    # The clearance is lognormal with the published CV of 72.1 %: its mean is exp(half the variance) times its median.
    assert float(row["cl_mean"]) == pytest.approx(float(row["cl_q50"]) * math.sqrt(1.0 + 0.721**2), rel=1e-3)


def test_one_patient_is_a_cohort(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(HEAD + "1,0,300,0.083,.,60,20,31,1\n1,9,.,.,4,60,20,31,1\n", encoding="utf-8")
    assert run(["exposure", str(file), *MODEL, "--out", str(tmp_path / "e"), "--comparators"]) == 0
    (row,) = table(tmp_path / "e" / "exposure.csv")
    assert (row["levels"], row["cl_day7"]) == ("1", "")
    figures = json.loads((tmp_path / "e" / "figures" / "figures.json").read_text(encoding="utf-8"))
    assert figures["left_out"] == ["CL of day 7 (L/day): not drawn, since no subject has one."]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--window", "0", "7", "--window", "0", "7"], "--window: 0 to 7 is given twice"),
        (["--window", "28", "--comparators"], "--window: 28 is no window; expected two days"),
        (["--window", "x", "7"], "--window: x to 7 is no window; expected two days"),
        (["--window", "7"], "--window"),
        (["--trough", "x"], "--trough: “x” is no day; expected a day from 0 on, or “doses”"),
        (["--trough", "14", "--trough", "14.0"], "--trough: “14.0” is given twice"),
        (["--draws", "3", "--from", "ebe"], "--draws: 3 are asked for beside --from ebe"),
        (["--landmark", "28"], "--landmark: day 28 is given without event times; expected --events as well"),
        (["--regimen", "label", "--plan", "label"], "--regimen: takes the place of all doses"),
        (["--planned", "p.csv", "--plan", "label"], "--plan: label is given beside --planned p.csv"),
        (["--regimen", "none.csv"], "none.csv: cannot be read"),
    ],
    ids=" ".join,
)
def test_options_that_clash_are_refused(files, tmp_path, capsys, words, said):
    assert refused(files, tmp_path / "e", *words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


def test_event_times_of_other_subjects_are_refused(files, tmp_path, capsys):
    (tmp_path / "events.csv").write_text("ID,TIME,EVENT\nx,40,1\ny,90,0\n", encoding="utf-8")
    assert refused(files, tmp_path / "e", "--events", files["events"]) == 2
    assert "x, y here, a, b, c, d there; expected the same ID in both files" in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


def test_event_times_with_a_column_of_an_exposure_are_refused(files, tmp_path, capsys):
    (tmp_path / "events.csv").write_text("ID,TIME,EVENT,CL\na,90,1,3\n", encoding="utf-8")
    assert refused(files, tmp_path / "e", "--events", files["events"]) == 2
    assert "has a column CL already; expected event times without exposures" in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


def test_the_two_words_of_a_window_become_one():
    words = ["exposure", "c.csv", "--window", "-1", "14", "--window=0", "7", "--out", "e", "--window", "3"]
    assert windows_joined(words) == [
        *("exposure", "c.csv", "--window=-1 14", "--window=0 7", "--out", "e", "--window=3")
    ]
