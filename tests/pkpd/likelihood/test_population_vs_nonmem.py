"""NONMEM's objectives, subject by subject, at NONMEM's own estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from pkpd.data.cohort import cohort_of
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import bind_population, evaluate
from tests.pkpd.likelihood.pheno import covariate_model, ext_row, pheno_subjects, simple_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(reference_dir: Path) -> Path:
    return reference_dir / "nonmem" / "pheno_focei"


def values_of(population) -> np.ndarray:
    return np.array([parameter.value for parameter in population.parameters])


@pytest.mark.requirement("POP-02")
def test_pheno_simple_has_nonmem_s_objective(folder: Path, reference_dir: Path, tmp_path: Path):
    cl, v, sigma2, omega_cl, _, omega_v, ofv = ext_row(folder / "pheno.ext", -1000000000)
    model = simple_model(tmp_path, cl=cl, v=v, omega_cl=omega_cl, omega_v=omega_v, sigma2=sigma2)
    population = bind_population(model, cohort_of(pheno_subjects(reference_dir)))
    found = evaluate(population, values_of(population), Approximation.FOCEI)
    assert found.ofv == pytest.approx(ofv, abs=1e-4)
    assert (found.status == 0).all()


@pytest.mark.requirement("POP-02")
def test_pheno_with_covariates_agrees_with_nonmem_subject_by_subject(folder: Path, reference_dir: Path, tmp_path: Path):
    *thetas, sigma2, omega_cl, _, omega_v, ofv = ext_row(folder / "pheno_real.ext", -1000000000)
    model = covariate_model(tmp_path, thetas=tuple(thetas), omegas=(omega_cl, omega_v), sigma2=sigma2)
    population = bind_population(model, cohort_of(pheno_subjects(reference_dir)))
    found = evaluate(population, values_of(population), Approximation.FOCEI)
    phi = pd.read_csv(folder / "pheno_real.phi", skiprows=1, sep=r"\s+")
    assert found.ofv == pytest.approx(ofv, abs=1e-4)
    assert found.ofv_i == pytest.approx(phi["OBJ"].to_numpy(), abs=1e-4)
    assert found.eta == pytest.approx(phi[["ETA(1)", "ETA(2)"]].to_numpy(), abs=1e-5)
    spread = phi[["ETC(1,1)", "ETC(2,1)", "ETC(2,2)"]].to_numpy()
    assert found.covariance[:, 0, 0] == pytest.approx(spread[:, 0], rel=1e-4)
    assert found.covariance[:, 1, 0] == pytest.approx(spread[:, 1], rel=1e-4, abs=1e-8)
    assert found.covariance[:, 1, 1] == pytest.approx(spread[:, 2], rel=1e-4)
    # NONMEM's Laplace objective at the same point, printed in a run of its own (nonmem.md, section 2).
    laplace = evaluate(population, values_of(population), Approximation.LAPLACE)
    assert laplace.ofv == pytest.approx(586.352602, abs=1e-3)
