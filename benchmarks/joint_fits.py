"""Joint fits of levels and event times at the published design: for the claims on speed and on the error of the quadrature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.likelihood.marginal import place_again
from studies.joint_cohorts import SIZE, drawn_cohort
from tte.joint.fit import fit_joint
from tte.joint.likelihood import evaluate_joint

if TYPE_CHECKING:
    from tte.joint.data import JointData
    from tte.joint.fit import JointFit


def drawn(seed: int) -> JointData:
    """Return a cohort of the published design with event times."""
    return drawn_cohort(SIZE, 1, seed=seed).data


def fitted(data: JointData, *, holds_pk: bool) -> JointFit:
    """Return the fit from the published pharmacokinetic values, with standard errors."""
    published = np.array([one.value for one in data.population.parameters])
    return fit_joint(data, values=published, holds_pk=holds_pk)


def error_of(found: JointFit) -> float:
    """Return the change of -2 log likelihood of the cohort by four times as many lines, with four times as many nodes on each."""
    nodes, n = found.evaluation.nodes, found.data.population.n_subjects
    every, four = np.ones(n, dtype=np.bool_), np.full((n, 2), 4)
    finer = place_again(found.data.population, found.values, nodes.least, nodes.reach, nodes, every, times=four)
    exact = evaluate_joint(found.data, found.values, found.theta, finer, with_gradient=False)
    return abs(found.ofv - exact.marginal.ofv)
