"""The shipped event model and the reading of event model files."""

from __future__ import annotations

import copy
import hashlib
import math
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pkpd.errors import InputError
from pkpd.model import load_model
from pkpd.toml_file import checked
from tests.tte.model.event_model_files import LIBRARY, MATRIX, SHIPPED, build, shipped
from tte import DEFAULT_EVENT_MODEL, event_model_names, load_event_model, risk_day90
from tte.model.build import build_event_model
from tte.model.catalog import EVENT_MODEL_FILE
from tte.model.coding import Coding
from tte.model.event_model import AnchoredUncertainty, CovarianceUncertainty

if TYPE_CHECKING:
    from pathlib import Path

MODEL = load_event_model()
FACTS = {fact.name: fact for fact in MODEL.facts}


def sentences(path: Path) -> list[str]:
    try:
        load_event_model(path)
    except InputError as error:
        return [str(problem) for problem in error.problems]
    return []


def write(folder: Path, text: str) -> Path:
    path = folder / "m.toml"
    path.write_text(text, encoding="utf-8")
    return path


# ----------------------------------------------------------------------------------------------------- what is shipped


def test_the_default_is_shipped_and_named_like_its_file():
    assert event_model_names() == (DEFAULT_EVENT_MODEL,)
    assert MODEL.id == DEFAULT_EVENT_MODEL
    assert load_event_model(DEFAULT_EVENT_MODEL) is MODEL


def test_a_model_carries_the_hash_of_its_file_and_the_same_file_gives_the_same_model():
    path = LIBRARY / f"{DEFAULT_EVENT_MODEL}.toml"
    assert MODEL.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_event_model(path) == MODEL
    assert load_event_model(str(path)) == MODEL
    assert hash(load_event_model(path)) == hash(MODEL)


def test_a_model_can_be_sent_to_another_process():
    assert pickle.loads(pickle.dumps(MODEL)) == MODEL  # noqa: S301 (our own bytes)


def test_the_estimates_are_those_of_table_2():
    estimates = {estimate.name: estimate for estimate in MODEL.parameters}
    assert estimates["lambda"].value == pytest.approx(0.001122, abs=5e-7)
    assert [estimates[name].value for name in ("shape", "beta")] == [1.08, -0.56]
    assert [estimates[name].rse_pct for name in ("lambda", "shape", "beta")] == [135.0, 26.0, 22.0]
    assert estimates["lambda"].bootstrap == (0.001, 0.0, 0.006)
    assert estimates["shape"].bootstrap == (1.10, 0.70, 2.29)
    assert estimates["beta"].bootstrap == (-0.56, -1.00, -0.13)
    assert MODEL.coding is Coding.PROPORTIONAL_HAZARDS
    assert (MODEL.shape, MODEL.beta, MODEL.slope) == (1.08, -0.56, -0.56)


def test_the_reference_exposure_is_derived_from_the_anchor():
    assert "reference" not in shipped()
    assert MODEL.anchor is not None
    assert (MODEL.anchor.log_auc_cl, MODEL.anchor.risk, MODEL.anchor.day) == (5.79, 0.2, 90.0)
    assert MODEL.x_ref == pytest.approx(6.563, abs=5e-4)
    data = shipped()
    data["anchor"]["risk"] = 0.3
    data["checks"] = {}
    assert risk_day90(build(data), 5.79) == pytest.approx(0.3, abs=1e-13)


def test_the_uncertainty_is_the_rule_of_eleven_events_and_the_bootstrap_of_the_effect():
    assert isinstance(MODEL.uncertainty, AnchoredUncertainty)
    assert MODEL.uncertainty.variance == pytest.approx(1.0 / FACTS["colectomies"].value)
    assert MODEL.uncertainty.centre == MODEL.x_ref
    _, low, high = MODEL.parameters[2].bootstrap
    assert MODEL.uncertainty.beta_sd == pytest.approx((high - low) / (2.0 * stats.norm.ppf(0.975)), abs=5e-3)


def test_the_event_model_and_its_pharmacokinetic_models_name_each_other():
    assert MODEL.pk_models == ("niyigena_2026_asuc", "niyigena_2026_asuc_explog")
    assert [load_model(name).event_model for name in MODEL.pk_models] == [MODEL.id, MODEL.id]


def test_the_reported_accuracy_follows_from_the_reported_counts():
    high, low = FACTS["high_risk_colectomies"], FACTS["low_risk_colectomies"]
    assert high.out_of is not None
    assert low.out_of is not None
    events, patients = high.value + low.value, high.out_of + low.out_of
    assert events == FACTS["colectomies"].value - FACTS["colectomies_before_week_4"].value
    assert patients == FACTS["patients_with_outcome"].value - FACTS["colectomies_before_week_4"].value
    true_low = low.out_of - low.value
    assert FACTS["sensitivity"].value == round(100.0 * high.value / events)
    assert FACTS["specificity"].value == round(100.0 * true_low / (patients - events))
    assert FACTS["accuracy"].value == round(100.0 * (high.value + true_low) / patients)
    table = np.array([[high.value, high.out_of - high.value], [low.value, true_low]])
    assert FACTS["fisher_p"].value == pytest.approx(stats.fisher_exact(table)[1], abs=5e-4)


def test_every_published_number_says_where_it_stands():
    assert all(fact.source for fact in MODEL.facts)
    assert all(estimate.source for estimate in MODEL.parameters)
    assert FACTS["auroc"].interval == (0.52, 1.0)
    assert FACTS["accuracy"].interval_kind == "95 % confidence interval"


def test_loading_brings_neither_tables_nor_distributions_nor_a_compiler():
    code = "import sys, tte; tte.load_event_model(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert not {"pandas", "numba", "scipy.stats", "scipy.optimize"} & set(run.stdout.split())


# ------------------------------------------------------------------------------------------------- what a file may say


def test_a_baseline_may_be_given_by_its_value():
    data = shipped()
    data["parameters"]["lambda"] = {"value": 10**-2.95}
    assert build(data).log_rate == pytest.approx(MODEL.log_rate, rel=1e-14)


def test_a_reference_exposure_may_be_given():
    data = shipped()
    del data["anchor"]
    data |= {"reference": {"log_auc_cl": 6.0}, "checks": {}}
    model = build(data)
    assert model.anchor is None
    assert model.x_ref == 6.0
    assert risk_day90(model, 6.0) == pytest.approx(1.0 - math.exp(-(10**-2.95) * 90**1.08))


def test_an_anchor_may_be_stated_for_another_day():
    data = shipped() | {"anchor": {"log_auc_cl": 5.0, "risk": 0.1, "day": 30}, "checks": {}}
    model = build(data)
    hazard = math.exp(model.log_rate + model.slope * (5.0 - model.x_ref)) * 30.0**1.08
    assert -math.expm1(-hazard) == pytest.approx(0.1)


def test_each_kind_of_uncertainty_is_read():
    rule: dict[str, Any] = {"kind": "anchored", "variance": 0.2, "centre_log_auc_cl": 6.0, "beta_sd": 0.1}
    assert build(shipped() | {"uncertainty": rule}).uncertainty == AnchoredUncertainty(0.2, 6.0, 0.1)
    covariance = build(shipped() | {"uncertainty": {"kind": "covariance", "matrix": MATRIX}}).uncertainty
    assert covariance == CovarianceUncertainty(tuple(tuple(row) for row in MATRIX))
    assert build(shipped() | {"uncertainty": {"kind": "none"}}).uncertainty is None


def test_effects_inside_the_power_are_multiplied_by_the_shape():
    model = build(shipped() | {"coding": "scale_inside", "checks": {}})
    assert (model.beta, model.slope) == (-0.56, pytest.approx(-0.56 * 1.08))
    assert model.log_rate == pytest.approx(-2.95 * math.log(10.0) * 1.08)


# -------------------------------------------------------------------------------------------------------- bad input


def test_a_name_that_is_not_shipped_is_answered_with_those_that_are():
    with pytest.raises(InputError, match=r"event model: 'niyigena_2026' is not a shipped event model; did you mean"):
        load_event_model("niyigena_2026")


def test_files_that_cannot_be_used_are_named(tmp_path):
    missing = tmp_path / "missing.toml"
    assert sentences(missing) == [f"{missing}: no such file; give the path of an event model's TOML file."]
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    assert sentences(folder) == [f"{folder}: is not a file; give the path of an event model's TOML file."]
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_000_001)
    assert sentences(large) == [f"{large}: has 1000001 bytes, expected an event model file of a few kilobytes."]
    assert "is not valid TOML" in sentences(write(tmp_path, "a = "))[0]
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'title = "\xe9"')
    assert sentences(latin) == [f"{latin}: byte 10 is not UTF-8 text; an event model file is TOML in UTF-8."]
    assert "is nested too deeply" in sentences(write(tmp_path, "a = " + "[" * 5000 + "]" * 5000))[0]


BETA = "value = -0.56"
MISTAKES = [
    (BETA, "value = 0.56", "parameters.beta.value: 0.56, expected a number below 0."),
    (BETA, 'value = "-0.56"', "parameters.beta.value: '-0.56', expected a number without quotes."),
    (BETA, "value = nan", "parameters.beta.value: nan, expected a finite number."),
    (
        BETA,
        "value = -0.56\nse = 0.1",
        "parameters.beta.se: unknown key; docs/how-to/event-model-files.md lists the keys.",
    ),
    ("value = 1.08", "value = 0", "parameters.shape.value: 0, expected a number of at least 0.1."),
    ("value = 1.08", "value = 1e9", "parameters.shape.value: 1000000000.0, expected a number of at most 10."),
    (
        "log10 = -2.95",
        "log10 = -2.95\nvalue = 0.001",
        "parameters.lambda: expected exactly one of 'value' and 'log10'.",
    ),
    ("log10 = -2.95", "", "parameters.lambda: expected exactly one of 'value' and 'log10'."),
    ("risk = 0.20", "risk = 20", "anchor.risk: 20, expected a number below 1."),
    ("[anchor]", "[reference]\nlog_auc_cl = 6\n[anchor]", "expected exactly one of [anchor] and [reference];"),
    ("[anchor]", "[ancor]", "ancor: unknown key; did you mean 'anchor'? docs/how-to/event-model-files.md lists the"),
    ('coding = "proportional_hazards"', 'coding = "proportional"', "coding: 'proportional', did you mean"),
    ('hazard = "weibull"', 'hazard = "gompertz"', "hazard: 'gompertz', expected 'weibull'."),
    ("horizon_day = 90", "horizon_day = 60", "horizon_day: 60, expected 90: the results are risks by day 90."),
    (
        "window_day = [14, 28]",
        "window_day = [0, 14]",
        "window_day: [0.0, 14.0], expected [14.0, 28.0]: the AUC is taken",
    ),
    ("window_day = [14, 28]", "window_day = [14]", "window_day: [14], expected at least 2 entries."),
    ("window_day = [14, 28]", "window_day = 14", "window_day: 14, expected a list in square brackets."),
    ('kind = "anchored"', "", "uncertainty: has no kind, expected 'anchored', 'covariance' or 'none'."),
    ('kind = "anchored"', 'kind = "anchord"', "uncertainty: kind 'anchord', expected 'anchored', 'covariance' or"),
    ("events = 11", "events = 11.5", "uncertainty.events: 11.5, expected a whole number without quotes."),
    ("events = 11", "events = 0", "uncertainty.events: 0, expected a number of at least 1."),
    ("events = 11", "", "uncertainty: expected exactly one of 'events' and 'variance'."),
    ("events = 11", "events = 11\nvariance = 0.1", "uncertainty: expected exactly one of 'events' and 'variance'."),
    ("beta_sd = 0.22", "", "uncertainty.beta_sd: is missing; docs/how-to/event-model-files.md lists the keys."),
    ('event = "colectomy"', 'event = ""', "event: '', expected some text."),
    ('event = "colectomy"', "event = 1", "event: 1, expected text in quotes."),
    ('event = "colectomy"', "", "event: is missing; docs/how-to/event-model-files.md lists the keys."),
    ('id = "niyigena_2026_asuc"', 'id = "a b"', "id: 'a b', expected a name made of letters, digits"),
    ('id = "niyigena_2026_asuc"', f'id = "{"a" * 81}"', "expected at most 80 characters."),
    ("[facts.auroc]", "[facts.Auroc]", "facts.Auroc: 'Auroc', expected a name made of letters"),
    ("interval = [0.52, 1.00]", "interval = [0.52, 1.00, 2]", "interval: [0.52, 1.0, 2], expected at most 2 entries."),
    ("risk = 0.2\n", "risk = 0.21\n", "checks.anchor.risk: 0.21, but the file's own numbers give 0.2; correct one"),
    ("[threshold]", "[[threshold]]", "threshold: [{"),
    (
        "[anchor]",
        '[provenance]\nmethod = "guess"\n[anchor]',
        "provenance.method: 'guess', expected 'intercept', 'slope', ",
    ),
    (
        "[anchor]",
        '[provenance]\ndata_sha256 = "abc"\n[anchor]',
        "provenance.data_sha256: 'abc', expected the 64 hexadecimal digits of a SHA-256.",
    ),
    ("[anchor]", "[provenance]\npatients = 0\n[anchor]", "provenance.patients: 0, expected a number of at least 1."),
    ('schema = "asuc-event-model/1"', 'schema = "asuc-model/1"', "schema: 'asuc-model/1', did you mean"),
]


@pytest.mark.parametrize(("text", "instead", "message"), MISTAKES, ids=[mistake[1][:40] for mistake in MISTAKES])
def test_a_mistake_is_named_with_its_file_and_key(tmp_path, text, instead, message):
    assert text in SHIPPED
    path = write(tmp_path, SHIPPED.replace(text, instead, 1))
    found = sentences(path)
    assert any(message in sentence for sentence in found), found
    assert all(sentence.startswith(str(path)) for sentence in found)
    assert all("\n" not in sentence for sentence in found)


def test_every_mistake_is_reported_at_once(tmp_path):
    text = SHIPPED.replace(BETA, "value = 1").replace("horizon_day = 90", 'horizon_day = "90"').replace("risk =", "r =")
    assert len(sentences(write(tmp_path, text))) == 2 + 2 * SHIPPED.count("risk =")
    text = (
        SHIPPED.replace("horizon_day = 90", "horizon_day = 1").replace("[14, 28]", "[0, 1]").replace("events = 11", "")
    )
    assert len(sentences(write(tmp_path, text))) == 3


def refused(matrix: list[list[float]], **changes: object) -> str:
    with pytest.raises(InputError) as caught:
        build(shipped() | {"uncertainty": {"kind": "covariance", "matrix": matrix}, "checks": {}} | changes)
    return str(caught.value)


def test_a_covariance_matrix_is_symmetric_positive_definite_and_of_proportional_hazards():
    place = "m.toml, uncertainty.matrix: "
    skewed = copy.deepcopy(MATRIX)
    skewed[0][1] = 0.1
    assert refused(skewed) == (
        f"{place}0.1 in row 1, column 2, but -0.25 in row 2, column 1; expected a symmetric matrix."
    )
    singular = [[1.0, 0.2, 0.0], [0.2, 0.04, 0.0], [0.0, 0.0, 1.0]]
    assert refused(singular) == (
        f"{place}is not positive definite, which a covariance matrix must be; check its entries."
    )
    without_variance = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert "is not positive definite" in refused(without_variance)
    assert "belongs to coding 'proportional_hazards', found 'rate_power'" in refused(MATRIX, coding="rate_power")


def test_a_shape_that_may_be_below_zero_is_refused():
    wide = [[1.0, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 1.0]]
    assert "a shape of 1.08 with standard error 0.5 may be below zero" in refused(wide)


def test_a_reference_exposure_out_of_this_world_is_refused():
    data = shipped()
    data["parameters"]["beta"]["value"] = -1e-6
    with pytest.raises(InputError, match=r"m.toml, anchor: gives a reference exposure of .*, expected one between"):
        build(data)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "m.toml"
    path.write_bytes(content)
    assert sentences(path)


leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.floats(), max_size=3),
    st.lists(st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3), min_size=3, max_size=3),
    st.dictionaries(st.text(max_size=4), st.floats(), max_size=2),
    st.sampled_from(["covariance", "none", "rate_power", "scale_inside"]),
    st.just(10**400),
)


@given(st.data())
def test_any_value_under_any_key_gives_a_finite_model_or_a_sentence(data):
    content = shipped()
    for _ in range(data.draw(st.integers(1, 3))):
        section: Any = content
        while isinstance(section, dict | list) and section:
            keys = list(section) if isinstance(section, dict) else list(range(len(section)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(section[key], dict | list) or data.draw(st.booleans()):
                section[key] = data.draw(leaf)
                break
            section = section[key]
    try:
        parsed = checked(EVENT_MODEL_FILE, copy.deepcopy(content), "m.toml")
    except InputError as error:
        problems = error.problems
        assert problems
        assert all(problem.message and "\n" not in problem.message for problem in problems)
        return
    try:
        model = build_event_model(parsed, "m.toml", "0" * 64)
    except InputError:
        return
    assert np.all(np.isfinite(risk_day90(model, np.array([-5.0, 5.79, 15.0]))))
