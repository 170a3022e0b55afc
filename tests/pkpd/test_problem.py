"""Binding a model to subjects: what is packed, what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pkpd.data.records import Dose, Subject
from pkpd.errors import InputError
from pkpd.kernels.advance import subject_at
from pkpd.kernels.codes import ADDITIVE, EPOCH, OBSERVATION, RATE, STEP, ErrorKind
from pkpd.model import load_model, model_names
from pkpd.model.parameters import omega_matrix
from pkpd.problem import bind, direction_of, half_life_direction, take_subject
from pkpd.simulation.predict import curve_problem, predict_curve
from tests.oracles.patients import KINDS, above, below, median_covariates, quantified, random_subject

NIYIGENA = load_model("niyigena_2026_asuc")


def three_subjects(name: str) -> list[Subject]:
    rng = np.random.default_rng(2)
    return [random_subject(load_model(name), rng, kind) for kind in KINDS]


@pytest.mark.parametrize("name", model_names())
def test_the_factors_of_omega_and_the_frame_are_those_of_the_model(name):
    model = load_model(name)
    problem = bind(model, three_subjects(name))
    omega = omega_matrix(model, median_covariates(model).values)
    for factor, frame in zip(problem.subjects.omega_cholesky, problem.subjects.frame, strict=True):
        assert factor @ factor.T == pytest.approx(omega, rel=1e-12)
        assert frame @ frame.T == pytest.approx(np.eye(problem.n_eta), abs=1e-12)


@pytest.mark.parametrize("name", model_names())
def test_a_step_along_a_line_moves_only_the_clearance_or_every_clearance_and_volume_alike(name):
    problem = bind(load_model(name), three_subjects(name))
    packed, etas = problem.subjects, problem.model.etas
    moved = packed.omega_cholesky[0] @ packed.frame[0][:, 0]
    scale = packed.line_scale[0]
    if scale > 0.0:
        expected = [0.0 if eta == "ke" else scale for eta in etas]
    else:
        expected = [moved[0] if i == 0 else 0.0 for i in range(len(etas))]
    assert moved == pytest.approx(expected, abs=1e-12)
    assert moved.max() > 0.0


def test_models_with_a_random_effect_on_every_parameter_have_lines_of_constant_rate_constants():
    scaled = {
        name for name in model_names() if bind(load_model(name), three_subjects(name)).subjects.line_scale[0] > 0.0
    }
    assert {"niyigena_2026_asuc", "faelens_2021_adapted_dreesen", "wojciechowski_2017", "ternant_2008"} <= scaled
    assert not {"aubourg_2015", "fasanmade_2009", "hanzel_2021", "song_2025", "fasanmade_2011_combined"} & scaled


def test_a_subject_taken_alone_is_the_subject_in_the_batch():
    problem = bind(NIYIGENA, three_subjects("niyigena_2026_asuc"))
    for i in range(3):
        alone = subject_at(take_subject(problem, i).subjects, 0)
        among = subject_at(problem.subjects, i)
        for one, other in zip(alone[1:8], among[1:8], strict=True):
            assert np.array_equal(one, other, equal_nan=True)


def test_a_direction_of_the_random_effects_moves_the_parameters_asked_for_and_no_other():
    model = load_model("wojciechowski_2017")
    assert direction_of(model, "v1", "v2") == pytest.approx([float(eta in ("v1", "v2")) for eta in model.etas])
    assert half_life_direction(model) == pytest.approx(direction_of(model, "v1", "v2"))
    assert direction_of(load_model("aubourg_2015"), "v1", "v2") is None
    assert half_life_direction(load_model("aubourg_2015")) is None


def test_rates_of_overlapping_infusions_add_up_between_events():
    doses = (Dose(0.0, 100.0, 2.0), Dose(1.0, 300.0, 2.0))
    problem = bind(NIYIGENA, [Subject(doses, (), (median_covariates(NIYIGENA),))], times=[5.0])
    packed = problem.subjects
    assert packed.events[:, STEP].tolist() == [0.0, 1.0, 1.0, 1.0, 2.0]
    assert packed.events[:, RATE].tolist() == [0.0, 50.0, 200.0, 150.0, 0.0]
    assert packed.event_index[-1, OBSERVATION] == 0
    assert (packed.event_index[:, EPOCH] == 0).all()
    assert problem.n_wanted == 1


def test_each_sample_keeps_its_place_and_its_own_limits():
    samples = (quantified(1.0, 20.0), above(2.0, 15.0), below(30.0, 0.4), quantified(30.0, 2.0))
    packed = bind(NIYIGENA, [Subject((Dose(0.0, 300.0, 0.1),), samples, (median_covariates(NIYIGENA),))]).subjects
    rows = packed.observations
    assert rows[:, 1].tolist() == [0.0, 2.0, 1.0, 0.0]
    assert (rows[0, 0], rows[1, 3], rows[2, 2], rows[3, 0]) == (20.0, 15.0, 0.4, 2.0)
    assert rows[:, ADDITIVE:].tolist() == [[0.0, 0.44, 1.0, ErrorKind.VARIANCES_ADD]] * 4
    assert sorted(packed.event_index[packed.event_index[:, OBSERVATION] >= 0, OBSERVATION].tolist()) == [0, 1, 2, 3]


def test_the_assay_of_a_sample_sets_its_residual_error():
    model = load_model("zhao_2026_pediatric")
    assay, errors = next(iter(model.residual.by_assay.items()))
    samples = (quantified(5.0, 3.0), dataclasses.replace(quantified(6.0, 3.0), assay=assay))
    packed = bind(model, [Subject((Dose(0.0, 300.0, 0.1),), samples, (median_covariates(model),))]).subjects
    assert tuple(packed.observations[0, 4:6]) == (model.residual.additive_sd, model.residual.proportional_sd)
    assert tuple(packed.observations[1, 4:6]) == errors


def test_a_model_without_a_random_effect_on_the_clearance_is_refused():
    terms = tuple(dataclasses.replace(t, eta=None if t.parameter == "cl" else t.eta) for t in NIYIGENA.terms)
    with pytest.raises(InputError, match="no random effect on cl"):
        bind(dataclasses.replace(NIYIGENA, terms=terms), three_subjects("niyigena_2026_asuc"))


def test_a_sum_of_terms_in_a_one_compartment_model_is_their_sum():
    first, volume = NIYIGENA.terms
    halves = (
        first,
        dataclasses.replace(volume, value=0.25 * volume.value),
        dataclasses.replace(volume, value=0.75 * volume.value),
    )
    subject = three_subjects("niyigena_2026_asuc")[0]
    times = np.array([1.0, 20.0])
    eta = np.array([0.3, -0.2])
    expected = predict_curve(curve_problem(NIYIGENA, subject, times), eta)
    found = predict_curve(curve_problem(dataclasses.replace(NIYIGENA, terms=halves), subject, times), eta)
    assert found == pytest.approx(expected, rel=1e-13)
