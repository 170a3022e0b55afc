"""Laplace with censored records, an error of the logarithm and a full block of four random effects, against NONMEM."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from pkpd.data.cohort import cohort_of
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import bind_population, evaluate
from pkpd.model import load_model
from tests.pkpd.likelihood.pheno import ext_row

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.model.spec import ModelSpec

NAMES = ("cl", "v1", "q", "v2")
UNITS = ("L/day", "L", "L/day", "L")
LLOQ = -3.5
HEAD = """
schema = "asuc-model/1"
id = "ad3tr4"
version = "1"
title = "simulated two compartments"
citation = "Bauer RJ, CPT Pharmacometrics Syst Pharmacol 2019, supplement"
population = "100 simulated subjects"
route = "iv"
structure = "two_compartment"
parameterization = "cl_v1_q_v2"
in_default_panel = false
panel_reason = "simulated"

[domain]
adult = true
disease = "none"

[residual]
kind = "logarithmic"
"""


def two_compartments(folder: Path, thetas: list[float], sd: float, omega: np.ndarray) -> ModelSpec:
    """Return the model at values of its thetas (logarithms), error and covariance of the random effects."""
    typical = [math.exp(theta) for theta in thetas]
    parts = [HEAD, f"log_sd = {sd!r}"]
    parts += [f"[iiv.{name}]\nomega2 = {float(omega[i, i])!r}" for i, name in enumerate(NAMES)]
    parts += [
        f'[[correlations]]\netas = ["{a}", "{b}"]\nvalue = {float(omega[i, j] / math.sqrt(omega[i, i] * omega[j, j]))!r}'
        for (i, a), (j, b) in itertools.combinations(enumerate(NAMES), 2)
    ]
    parts += [
        f'[parameters.{name}]\nvalue = {value!r}\nunit = "{unit}"'
        for name, value, unit in zip(NAMES, typical, UNITS, strict=True)
    ]
    expected = ", ".join(f"{name} = {value!r}" for name, value in zip(NAMES, typical, strict=True))
    parts.append(f'[checks.one]\ncovariates = {{}}\nexpected = {{ {expected} }}\nsource = "the values themselves"')
    path = folder / "ad3tr4.toml"
    path.write_text("\n\n".join(parts), encoding="utf-8")
    return load_model(str(path))


def subject(records: pd.DataFrame) -> Subject:
    doses, observed = records[records["AMT"] > 0.0], records[records["MDV"] == 0]
    samples: list[Sample] = []
    for time, log_level in zip(observed["TIME"], observed["LOGC"], strict=True):
        is_below = log_level < LLOQ
        kind = Censoring.BELOW if is_below else Censoring.NONE
        level = math.nan if is_below else math.exp(log_level)
        samples.append(Sample(float(time), level, kind, math.exp(LLOQ), math.nan))
    given = tuple(Dose(float(t), float(a), 0.0) for t, a in zip(doses["TIME"], doses["AMT"], strict=True))
    return Subject(given, tuple(samples), (CovariateRow(0.0, {}),))


@pytest.mark.requirement("DATA-02", "POP-02")
def test_each_subject_has_nonmem_s_objective_and_random_effects(reference_dir: Path, tmp_path: Path):
    folder = reference_dir / "nonmem" / "m3_laplace_ad3tr4"
    row = ext_row(folder / "ad3tr4_loqb_lap.ext", -1000000000)
    thetas, sd, lower = [float(x) for x in row[:4]], float(row[4]), [float(x) for x in row[6:16]]
    omega = np.zeros((4, 4))
    omega[np.tril_indices(4)] = lower
    omega = omega + np.tril(omega, -1).T
    data = pd.read_csv(folder / "ad3tr4.csv", skiprows=1)
    subjects = [subject(records) for _, records in data.groupby("ID", sort=False)]
    model = two_compartments(tmp_path, thetas, sd, omega)
    population = bind_population(model, cohort_of(subjects))
    assert int((population.cohort.censoring != 0).sum()) == 104
    values = np.array([one.value for one in population.parameters])
    found = evaluate(population, values, Approximation.LAPLACE)
    phi = pd.read_csv(folder / "ad3tr4_loqb_lap.phi", skiprows=1, sep=r"\s+")
    # Of subject 10 NONMEM's curvature is nearly singular, and its objective no longer the one of its own formula.
    others = phi["ID"].to_numpy() != 10
    assert np.abs(found.ofv_i - phi["OBJ"].to_numpy())[others].max() < 1e-3
    etas = phi[[f"ETA({k})" for k in range(1, 5)]].to_numpy()
    assert np.abs(found.eta - etas)[others].max() < 2e-3
