"""Numbers that the theory pages and the README state as facts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.estimation import grid, posterior
from pkpd.estimation.map import N_STARTS, N_STARTS_LATTICE, default_scan, estimate_map, scan_from_zero
from pkpd.exposure.metrics import parameters_at
from pkpd.kernels.quadrature import NEGLIGIBLE
from pkpd.kernels.special import log_ndtr, log_ndtr_lookup
from pkpd.model import load_model, model_names, resolve_covariates
from pkpd.problem import bind
from tests.docs.pages import page
from tte import load_event_model
from tte.model.total import total_risk


def test_the_two_modes_of_the_map_page():
    model = load_model("niyigena_2026_asuc")
    covariates = resolve_covariates(model, {"weight_kg": 63, "crp_mg_per_L": 30}).values
    samples = (
        Sample(10.0, 3.0, Censoring.NONE, math.nan, math.nan),
        Sample(20.0, math.nan, Censoring.BELOW, 0.4, math.nan),
    )
    problem = bind(model, [Subject((Dose(0.0, 600.0, 2 / 24),), samples, (CovariateRow(0.0, covariates),))])
    deepest, local = estimate_map(problem), estimate_map(problem, scan=scan_from_zero(2))
    assert deepest.n_modes[0] == 2
    rows = [line for line in page("docs/theory/map.md").splitlines() if line.startswith(("| found", "| deepest"))]
    for row, estimate in zip(rows, (local, deepest), strict=True):
        at = parameters_at(problem, estimate.eta[0])
        printed = [cell.strip() for cell in row.split("|")[2:5]]
        digits = [len(cell.partition(".")[2]) for cell in printed]
        values = (at["cl"], at["v"], float(estimate.objective[0]))
        assert [f"{value:.{n}f}" for value, n in zip(values, digits, strict=True)] == printed
    ratio = math.exp((local.objective[0] - deepest.objective[0]) / 2)
    assert f"{round(ratio, -1):.0f} times less probable" in page("docs/theory/map.md")


def test_the_search_is_as_wide_as_the_map_page_says():
    assert (N_STARTS, N_STARTS_LATTICE) == (8, 128)
    plane = default_scan(2)
    assert (plane.low, plane.low + plane.step * (plane.n_nodes - 1), plane.step) == (-6.5, 6.5, 0.5)
    assert np.diff(plane.outer[:, 0]) == pytest.approx(0.25)
    assert len(default_scan(4).outer) == 1 + 512 + 18


def test_the_integration_is_as_exact_as_the_posterior_page_says():
    text = page("docs/theory/posterior.md")
    assert f"less than {NEGLIGIBLE:g} above its minimum" in text
    assert posterior._TOLERANCE == 1e-3  # noqa: SLF001
    assert (grid.ACCURATE.tolerance, grid.ROUGH.tolerance) == (1e-3, 1e-2)
    assert (grid._SPACING[2], grid._SPACING[3], grid._SPACING[4]) == (0.45, 0.6, 1.1)  # noqa: SLF001


def test_the_floor_of_the_proportional_error():
    floor = special.ndtr(-1 / load_model("niyigena_2026_asuc").residual.proportional_sd)
    assert f"{floor:.1%}" == "1.2%"
    assert round(1 / floor) == 87


def test_the_running_integral_is_exact_for_polynomials_up_to_the_fifth_degree():
    weights = np.array([11, -93, 802, 802, -93, 11]) / 1440
    nodes = np.arange(-2.0, 4.0)
    for degree in range(6):
        assert weights @ nodes**degree == pytest.approx(1 / (degree + 1), abs=1e-12)
    assert weights @ nodes**6 != pytest.approx(1 / 7, abs=1e-3)


def test_the_logarithm_of_the_normal_distribution_keeps_its_digits():
    z = np.linspace(-700.0, 12.0, 5001)
    assert [log_ndtr(float(x)) for x in z] == pytest.approx(special.log_ndtr(z), rel=1e-12)
    z = np.linspace(-12.0, 12.0, 5001)
    assert [log_ndtr_lookup(float(x)) for x in z] == pytest.approx(special.log_ndtr(z), rel=1e-12, abs=1e-9)


def test_the_readme_counts_the_models():
    others = [name for name in model_names() if not name.startswith("niyigena")]
    assert len(others) == 12
    assert "twelve other published" in page("README.md")


def test_the_readme_states_the_interval_at_the_threshold():
    total = total_risk(load_event_model(), np.array([5.79]), weights=np.ones(1), now_day=0.0, days=np.array([90.0]))
    assert [f"{value:.0%}" for value in total.day90.quantiles[[0, 4]]] == ["12%", "33%"]
    assert "12 to 33 %" in page("README.md")


def test_doubling_every_dose_lowers_the_hazard_by_a_third():
    assert 1 - 2 ** load_event_model().slope == pytest.approx(1 / 3, abs=0.015)
