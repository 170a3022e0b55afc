"""Restricted and full likelihood on random designs, beside their profiles on dense grids that know nothing of the search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crohns_srs.design import create_design, grouping
from crohns_srs.lmm import Likelihood, MixedFit, fit_mixed
from tests.oracles.mixed_model import DenseModel, indicators

DESIGNS = st.tuples(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 12), min_size=2, max_size=8).filter(lambda sizes: sum(sizes) > len(sizes) + 4),
    st.sampled_from([0.0, 0.3, 3.0, 100.0]),
    st.sampled_from(list(Likelihood)),
)
GRID = np.concatenate([[0.0], np.logspace(-6, 8, 1401)])


def drawn(seed: int, sizes: list[int], sd_group: float) -> tuple[DenseModel, list[str]]:
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(len(sizes)), sizes)
    a = rng.standard_normal(code.size) + 2.0 * rng.standard_normal(len(sizes))[code]
    b = rng.standard_normal(code.size) * rng.choice([0.01, 1.0, 1000.0])
    y = 5.0 + a - b + sd_group * rng.standard_normal(len(sizes))[code] + rng.standard_normal(code.size)
    x = np.column_stack([np.ones(code.size), a, b])
    return DenseModel(y, x, (indicators(code),)), [f"T{i}" for i in code]


def profile(model: DenseModel, ratio: float, *, restricted: bool) -> float:
    """Return -2 ln likelihood at a ratio, the residual variance at its best, by dense algebra."""
    n, p = model.x.shape
    v = np.eye(n) + ratio * model.z[0] @ model.z[0].T
    # The inverse by eigenvalues: at a ratio of 1e8 a general inverse has half its digits.
    values, vectors = np.linalg.eigh(model.z[0] @ model.z[0].T)
    half = vectors / np.sqrt(1.0 + ratio * np.clip(values, 0.0, None)) @ vectors.T
    x, y = half @ model.x, half @ model.y
    q, r = np.linalg.qr(x)
    rest = y - q @ (q.T @ y)
    free = n - p if restricted else n
    value = np.linalg.slogdet(v)[1] + free * (np.log(rest @ rest / free) + 1.0 + np.log(2.0 * np.pi))
    return float(value + 2.0 * np.log(np.abs(np.diag(r))).sum() if restricted else value)


def fitted(model: DenseModel, labels: list[str], likelihood: Likelihood) -> MixedFit:
    columns = {"a": model.x[:, 1], "b": model.x[:, 2]}
    return fit_mixed(create_design("data", columns, [grouping("T", labels)]), model.y, likelihood=likelihood)


@given(DESIGNS)
def test_no_ratio_of_a_dense_grid_is_more_likely(design: tuple[int, list[int], float, Likelihood]):
    seed, sizes, sd_group, likelihood = design
    model, labels = drawn(seed, sizes, sd_group)
    fit = fitted(model, labels, likelihood)
    restricted = likelihood is Likelihood.RESTRICTED
    at_fit = profile(model, float(fit.ratio[0]), restricted=restricted)
    assert fit.deviance == pytest.approx(at_fit, abs=1e-7 * max(1.0, float(fit.ratio[0]) ** 0.5))
    lowest = min(profile(model, ratio, restricted=restricted) for ratio in GRID[::10])
    assert fit.deviance <= lowest + 1e-7


@given(st.integers(0, 2**32 - 1))
def test_many_groups_of_a_few_rows_are_fitted_as_well(seed: int):
    model, labels = drawn(seed, [2] * 60, 1.0)
    fit = fitted(model, labels, Likelihood.RESTRICTED)
    assert fit.deviance == pytest.approx(profile(model, float(fit.ratio[0]), restricted=True), abs=1e-8)
    for factor in (0.99, 1.01):
        assert profile(model, float(fit.ratio[0]) * factor, restricted=True) >= fit.deviance - 1e-9
