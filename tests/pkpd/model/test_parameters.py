"""Typical parameters, terminal half-life and residual error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkpd.errors import InputError
from pkpd.model import load_model, omega_matrix, residual_sd_parameters, terminal_half_life, typical_parameters

positive = st.floats(1e-3, 1e3)


def test_clearance_is_there_where_the_model_gives_the_rate_constant():
    model = load_model("faelens_2021_adapted_dreesen")
    parameters = typical_parameters(model, model.checks[0].covariates)
    assert list(parameters) == ["ke", "v", "cl"]
    assert parameters["cl"] == parameters["ke"] * parameters["v"]


def test_the_volume_of_ternant_is_a_part_by_weight_and_a_part_by_sex():
    model = load_model("ternant_2008")
    for sex, part in ((0.0, 1.1), (1.0, 2.3)):
        patient = {"weight_kg": 134.0, "sex": sex, "ada_positive": 0.0}
        assert typical_parameters(model, patient)["v1"] == pytest.approx(2.0 * 1.7 + part)


def test_the_half_life_of_one_compartment_is_ln_2_times_volume_over_clearance():
    assert terminal_half_life({"cl": 0.49, "v": 13.2}) == pytest.approx(math.log(2.0) * 13.2 / 0.49)


@given(positive, positive, positive, positive)
def test_the_terminal_half_life_is_that_of_the_slowest_eigenvalue(cl, v1, q, v2):
    rates = np.array([[-(cl + q) / v1, q / v2], [q / v1, -q / v2]])
    slowest = -np.linalg.eigvals(rates).real.max()
    found = terminal_half_life({"cl": cl, "v1": v1, "q": q, "v2": v2})
    # The eigenvalue routine loses digits where the two rates are far apart; the closed form does not.
    spread = np.abs(rates).max() / slowest
    assert found == pytest.approx(math.log(2.0) / slowest, rel=1e-14 * spread + 1e-9)


def test_a_tiny_exchange_does_not_cost_the_half_life_its_digits():
    found = terminal_half_life({"cl": 1.0, "v1": 1.0, "q": 1e-9, "v2": 1.0})
    assert found == pytest.approx(math.log(2.0) / 1e-9, rel=1e-8)


def test_a_variance_for_an_unknown_category_is_nan():
    omega = omega_matrix(load_model("ternant_2008"), {"ada_positive": 2.0, "sex": 0.0})
    assert np.isnan(omega[0, 0])


def test_an_assay_counts_only_where_the_model_tells_assays_apart():
    assert residual_sd_parameters(load_model("niyigena_2026_asuc"), "any") == (0.0, 0.44)
    zhao = load_model("zhao_2026_pediatric")
    assert residual_sd_parameters(zhao, "promonitor") == zhao.residual.by_assay["Promonitor"]


def test_an_unknown_assay_is_refused_with_those_that_are_known():
    with pytest.raises(InputError, match=r"assay: 'Promonitr' is not an assay of zhao.*did you mean 'Promonitor'\?"):
        residual_sd_parameters(load_model("zhao_2026_pediatric"), "Promonitr")
    with pytest.raises(
        InputError, match="it knows Sanquin, Immundiagnostik, Caltag, MatrixBiotek, BenHorin, Promonitor"
    ):
        residual_sd_parameters(load_model("zhao_2026_pediatric"), "xyz")
