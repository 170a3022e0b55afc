"""NONMEM 7.3's empirical Bayes estimates of 100 subjects: two compartments, time-varying covariates, FOCE-I."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.estimation.map import estimate_map, scan_from_zero
from pkpd.kernels.advance import subject_at
from pkpd.kernels.advance_taylor import predict_gradient
from pkpd.model import load_model
from pkpd.problem import bind

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.problem import Problem

INFUSION_DAY = 0.08333333


@pytest.fixture(scope="module")
def nonmem(reference_dir: Path) -> tuple[list[Subject], pd.DataFrame]:
    folder = reference_dir / "nonmem" / "infliximab_map_foce"
    records = pd.read_csv(folder / "input.csv", na_values=".")
    subjects = [_subject(rows) for _, rows in records.groupby("CID", sort=False)]
    return subjects, pd.read_csv(folder / "run.phi", skiprows=1, sep=r"\s+")


def _subject(rows: pd.DataFrame) -> Subject:
    doses = rows[rows["EVID"] == 1]
    observed = rows[rows["DV"].notna()]
    # Every record carries its own covariates, so that each interval is driven by the record at its end. Two records
    # at one time hold the same values.
    by_time = rows.drop_duplicates("TIME", keep="first")
    return Subject(
        tuple(Dose(float(t), float(a), INFUSION_DAY) for t, a in zip(doses["TIME"], doses["AMT"], strict=True)),
        tuple(
            Sample(float(t), float(y), Censoring.NONE, math.nan, math.nan)
            for t, y in zip(observed["TIME"], observed["DV"], strict=True)
        ),
        tuple(
            CovariateRow(
                time,
                {"weight_kg": weight, "albumin_g_per_L": 10 * albumin, "ada_positive": antibodies},
            )
            for time, weight, albumin, antibodies in by_time[["TIME", "WT", "ALB", "ADA"]].to_numpy(float).tolist()
        ),
    )


def _nonmem_objective(problem: Problem, index: int, eta: np.ndarray, objective: float) -> float:
    """Return NONMEM's FOCE-I objective of a subject: without log 2 pi, plus log|Omega| and log|H| (folder's README)."""
    subject = subject_at(problem.subjects, index)
    n = subject.observations.shape[0]
    prediction, slope = np.empty(n), np.empty((n, eta.size))
    predict_gradient(subject, eta, prediction, slope)
    proportional = subject.observations[0, 5]
    variance = (proportional * prediction) ** 2
    variance_slope = 2 * proportional**2 * prediction[:, None] * slope
    omega = subject.omega_cholesky @ subject.omega_cholesky.T
    hessian = np.linalg.inv(omega) + (slope / variance[:, None]).T @ slope
    hessian += 0.5 * (variance_slope / variance[:, None] ** 2).T @ variance_slope
    log_determinants = np.linalg.slogdet(omega)[1] + np.linalg.slogdet(hessian)[1]
    return objective - n * math.log(2 * math.pi) + log_determinants


def test_etas_of_all_subjects_agree_with_nonmem(nonmem: tuple[list[Subject], pd.DataFrame]) -> None:
    subjects, phi = nonmem
    estimates = estimate_map(bind(load_model("wojciechowski_2017"), subjects), scan=scan_from_zero(4))
    assert len(subjects) == 100
    # NONMEM prints six digits, and its own search stopped a little short of the minimum.
    assert np.abs(_in_nonmem_order(estimates.eta) - _nonmem_etas(phi)).max() < 1e-5


def test_objectives_of_all_subjects_agree_with_nonmem(nonmem: tuple[list[Subject], pd.DataFrame]) -> None:
    subjects, phi = nonmem
    problem = bind(load_model("wojciechowski_2017"), subjects)
    estimates = estimate_map(problem, scan=scan_from_zero(4))
    objectives = [_nonmem_objective(problem, i, estimates.eta[i], estimates.objective[i]) for i in range(len(subjects))]
    assert np.abs(np.array(objectives) - phi["OBJ"].to_numpy()).max() < 1e-5
    assert sum(objectives) == pytest.approx(449.963139994429, abs=1e-5)


def test_default_search_finds_a_mode_at_least_as_deep_as_nonmem_and_a_deeper_one_for_four_of_35(
    nonmem: tuple[list[Subject], pd.DataFrame],
) -> None:
    subjects, phi = nonmem
    # All 100 take half a minute; seven of them have a deeper mode.
    subjects, phi = subjects[:35], phi[:35]
    problem = bind(load_model("wojciechowski_2017"), subjects)
    deepest, local = estimate_map(problem), estimate_map(problem, scan=scan_from_zero(4))
    assert (deepest.objective <= local.objective + 1e-9).all()
    is_deeper = deepest.objective < local.objective - 1e-6
    assert is_deeper.sum() == 4
    same = np.abs(_in_nonmem_order(deepest.eta) - _nonmem_etas(phi)).max(axis=1) < 1e-5
    assert (same | is_deeper).all()


def _nonmem_etas(phi: pd.DataFrame) -> np.ndarray:
    return phi[[f"ETA({i})" for i in (1, 2, 3, 4)]].to_numpy()


def _in_nonmem_order(eta: np.ndarray) -> np.ndarray:
    etas = load_model("wojciechowski_2017").etas
    return eta[:, [etas.index(name) for name in ("cl", "v1", "q", "v2")]]
