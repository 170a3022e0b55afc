"""`asuc tte threshold` from a file to tables and figures, and its refusals."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from asuc.cli import run
from asuc.cli.published_markers import published_markers
from tests.tte.evaluation.published_counts import published_counts, write_events


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    return write_events(tmp_path_factory.mktemp("events") / "events.csv", *published_counts())


def threshold(events, out, *more):
    return run(["tte", "threshold", str(events), "--out", str(out), "--n", "40", *more])


def rows_of(file):
    with file.open() as stream:
        return list(csv.DictReader(stream))


def test_one_command_gives_the_published_section_and_its_figures(events, tmp_path, capsys):
    more = ("--marker", "log_auc_cl:lower", "--marker", "cl:higher", "--at", "log_auc_cl=5.79", "--json")
    assert threshold(events, tmp_path / "out", *more) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((tmp_path / "out" / "threshold.json").read_text())
    assert document["schema"] == "tte-threshold/1"
    assert (document["n_subjects"], document["n_events"], document["landmark_day"]) == (71, 11, 28.0)
    assert [one["marker"] for one in document["markers"]] == ["LOG_AUC_CL", "CL", "battat_2021_clearance"]
    given = document["markers"][0]["populations"]["landmark"]["given"][0]
    assert given["high_risk"] == {"with_event": 5, "without": 9}
    assert given["low_risk"] == {"with_event": 1, "without": 51}
    assert round(given["fisher_p"], 3) == 0.001
    assert document["warnings"][0]["code"] == "optimistic"
    assert [one["second"] for one in document["comparisons"]["all"]] == ["CL", "battat_2021_clearance"]
    drawn = {one["name"] for one in json.loads((tmp_path / "out" / "figures" / "figures.json").read_text())["figures"]}
    parts = ("roc", "density", "kaplan-meier", "auc-over-time")
    expected = {
        f"{part}-{name}-{who}" for part in parts for name in ("log-auc-cl", "cl") for who in ("all", "landmark")
    }
    assert drawn == expected | {f"kaplan-meier-log-auc-cl-{who}-at-5.79" for who in ("all", "landmark")}


def test_tables_hold_a_row_for_each_marker_and_each_rule(events, tmp_path, capsys):
    assert threshold(events, tmp_path / "out", "--no-figures") == 0
    said = capsys.readouterr()
    assert "Research use only" in said.out
    assert "chosen and evaluated on the same subjects looks better than it is" in " ".join(said.out.split())
    assert "5 left out" in said.err
    rows = rows_of(tmp_path / "out" / "markers.csv")
    assert [row["marker"] for row in rows] == ["LOG_AUC_CL", "CL", "ALB", "SEX", "battat_2021_clearance"]
    assert (rows[0]["all_n"], rows[0]["landmark_n"], rows[0]["landmark_direction"]) == ("71", "66", "lower")
    rules = rows_of(tmp_path / "out" / "rules.csv")
    assert [(row["population"], row["kind"]) for row in rules if row["marker"] == "battat_2021_clearance"] == [
        ("all", "best"),
        ("all", "given"),
        ("landmark", "best"),
        ("landmark", "given"),
    ]
    assert not (tmp_path / "out" / "figures").exists()


def test_without_a_marker_the_one_with_the_largest_area_is_drawn(events, tmp_path):
    assert threshold(events, tmp_path / "out", "--landmark", "0") == 0
    names = [one["name"] for one in json.loads((tmp_path / "out" / "figures" / "figures.json").read_text())["figures"]]
    assert names == [f"{part}-log-auc-cl-all" for part in ("roc", "density", "kaplan-meier", "auc-over-time")]


def test_the_same_seed_writes_the_same_bytes(events, tmp_path):
    for name in ("a", "b"):
        assert threshold(events, tmp_path / name, "--marker", "cl") == 0
    for file in ("threshold.json", "markers.csv", "rules.csv", "figures/roc-cl-all.svg"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_missing_values_censored_and_late_subjects_are_said(tmp_path, capsys):
    times, columns = published_counts()
    columns["cl"][:4] = np.nan
    file = write_events(tmp_path / "events.csv", times, columns)
    lines = file.read_text().replace("P50,90,0", "P50,40,0").splitlines()
    file.write_text(
        "\n".join([lines[0] + ",ENTRY", *(f"{line},{2 if k == 10 else 0}" for k, line in enumerate(lines[1:]))])
    )
    assert threshold(file, tmp_path / "out", "--marker", "cl", "--json", "--no-figures") == 0
    document = json.loads(capsys.readouterr().out)
    everyone = document["markers"][0]["populations"]["all"]
    assert (everyone["n"], everyone["n_without_marker"], everyone["n_censored_before_horizon"]) == (66, 4, 1)
    codes = [one["code"] for one in document["warnings"]]
    assert codes == ["optimistic", "censored_before_horizon", "late_entry", "direction_chosen"]


def test_a_landmark_that_leaves_nobody_leaves_the_other_population(tmp_path, capsys):
    file = tmp_path / "events.csv"
    file.write_text("ID,TIME,EVENT,X\na,5,1,1\nb,6,1,2\nc,7,1,4\nd,8,1,3\n")
    assert threshold(file, tmp_path / "out", "--horizon", "6.5", "--landmark", "0", "--json", "--no-figures") == 0
    assert list(json.loads(capsys.readouterr().out)["markers"][0]["populations"]) == ["all"]
    assert threshold(file, tmp_path / "out2", "--horizon", "30") == 0
    assert "0 subjects with 0 events; 4 left out" in capsys.readouterr().err


def test_where_nothing_is_chosen_nothing_is_said_of_a_choice(tmp_path, capsys):
    file = tmp_path / "events.csv"
    file.write_text("ID,TIME,EVENT,X\na,100,1,1\nb,100,1,2\nc,100,1,4\nd,100,1,3\n")
    assert threshold(file, tmp_path / "out", "--no-figures") == 0
    said = capsys.readouterr().out
    assert "Nobody with a value of the marker has the event by the horizon." in " ".join(said.split())
    assert not any(
        word in said for word in ("Thresholds", "Accuracy", "Best thresholds", "is chosen and", "was chosen")
    )
    assert json.loads((tmp_path / "out" / "threshold.json").read_text())["warnings"] == []


def test_what_cannot_be_is_refused_in_sentences(events, tmp_path, capsys):
    out = tmp_path / "out"
    cases = {
        ("--marker", "nope", "--marker", "cl:up"): ("“nope” is no numeric column", "expected cl:lower or cl:higher"),
        ("--at", "5"): ("leaves open of which of 4 markers",),
        ("--at", "zzz=4", "--at", "cl=x"): ("“zzz” is none of the markers", "“cl=x” is not a number"),
        ("--horizon", "130"): ("observation ends on day 120",),
        ("--landmark", "95"): ("expected a day before the horizon 90",),
        ("--marker", "cl", "--marker", "CL"): ("is given twice",),
    }
    for more, words in cases.items():
        assert threshold(events, out, *more) == 2
        said = capsys.readouterr().err
        assert all(word in said for word in words)
        assert len(said.splitlines()) == len(words)
    assert not out.exists()
    bare = tmp_path / "bare.csv"
    bare.write_text("ID,TIME,EVENT,NAME\na,5,1,x\nb,9,0,y\n")
    assert threshold(bare, out) == 2
    assert "holds no numeric column" in capsys.readouterr().err


def test_the_published_clearance_is_that_of_its_formula_and_says_when_it_is_not_computed():
    columns = {"ALB": np.array([26.0, 33.0, np.nan]), "SEX": np.array([0.0, 1.0, 1.0])}
    ((_, values),) = published_markers(columns)
    assert not isinstance(values, str)
    assert values[:2] == pytest.approx(
        [0.407 * (26 / 41) ** -1.54 * (1 - 0.236), 0.407 * (33 / 41) ** -1.54], rel=1e-12
    )
    # Battat's own two numbers, to their three digits.
    assert [round(float(value), 3) for value in values[:2]] == [0.627, 0.569]
    assert np.isnan(values[2])
    ((_, said),) = published_markers({"ALB": np.array([260.0]), "SEX": np.array([0.0])})
    assert isinstance(said, str)
    assert "ALB holds 260" in said
    assert list(published_markers({"ALB": columns["ALB"]})) == []


def test_of_a_file_with_exposures_the_comparator_has_its_threshold_and_what_tells_the_outcome_is_no_marker(
    tmp_path, capsys
):
    times, columns = published_counts()
    n = times.n
    columns = {
        "log_auc_cl": columns["log_auc_cl"],
        "cl_a_priori_battat": np.linspace(0.3, 0.9, n),
        "at_risk_28": (times.time_day > 28.0).astype(float),
        "planned_from_day": np.where(np.arange(n) < 5, 7.0, np.nan),
    }
    file = write_events(tmp_path / "events.csv", times, columns)
    assert threshold(file, tmp_path / "out", "--json", "--no-figures") == 0
    said = capsys.readouterr()
    markers = {one["marker"]: one["populations"]["all"] for one in json.loads(said.out)["markers"]}
    assert list(markers) == ["LOG_AUC_CL", "CL_A_PRIORI_BATTAT"]
    assert "CL_A_PRIORI_BATTAT (L/day); threshold 0.627: Battat R" in said.err
    comparator = markers["CL_A_PRIORI_BATTAT"]
    assert (comparator["direction"], comparator["given"][0]["threshold"]) == ("higher", 0.627)
    high = columns["cl_a_priori_battat"] >= 0.627
    known = times.event | (times.time_day >= 90.0)
    assert comparator["given"][0]["high_risk"] == {
        "with_event": int((high & times.event & (times.time_day <= 90.0)).sum()),
        "without": int((high & known & ~(times.event & (times.time_day <= 90.0))).sum()),
    }
