"""Sequential regression: the placebo model first, then one model for each class, of what its participants had beyond the placebo model.

References
----------
Rudrapatna VA et al. From trial data to personalized medicine. npj Digit Med 2025. doi:10.1038/s41746-025-01627-w
Rudrapatna VA et al. Sequential regression and simulation. BMC Med Res Methodol 2023;23:218. doi:10.1186/s12874-023-02020-1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.data.config import PLACEBO
from crohns_srs.design import create_design, grouping
from crohns_srs.lmm import (
    Likelihood,
    MixedFit,
    RatioTest,
    fit_mixed,
    generalised_coefficients,
    likelihood_ratio_test,
)
from crohns_srs.lmm.fit import fit_statistics
from crohns_srs.lmm.summary import statistics_of, summarize
from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crohns_srs.data.config import Covariate
    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.design import Design
    from pkpd.arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class StageFit:
    """One model of the sequence.

    Parameters
    ----------
    id, title : str
        ``placebo`` or the id of a class, and what it is called.
    fit : MixedFit
        By restricted likelihood.
    test : RatioTest
        All covariates at once, by full likelihood, against the trials alone.
    carried : (n_terms, n_placebo_terms) array
        How the coefficients follow those of the placebo model: they are those of the observed outcomes minus `carried` times these. Zero for
        the placebo model itself.
    """

    id: str
    title: str
    fit: MixedFit
    test: RatioTest
    carried: FloatArray


@dataclass(frozen=True, slots=True)
class SequenceFit:
    """All models of a table.

    Parameters
    ----------
    participants : Participants
        The table.
    placebo : StageFit
        First stage.
    classes : tuple of StageFit
        Second stage, in the order of the configuration.
    """

    participants: Participants
    placebo: StageFit
    classes: tuple[StageFit, ...]

    @property
    def stages(self) -> tuple[StageFit, ...]:
        """All models, the placebo model first."""
        return (self.placebo, *self.classes)


def fit_sequence(participants: Participants, tell: Callable[[float], None] = lambda _: None) -> SequenceFit:
    """Fit the placebo model, and one model for each class to what its participants had beyond the placebo model's expectation.

    The expectation is that of an average trial: trials have no effect in it, also where their placebo arm was fitted.

    Parameters
    ----------
    participants : Participants
        The table.
    tell : callable
        Is told the share that is done.

    Raises
    ------
    InputError
        With the reason of every model that cannot be fitted.
    """
    config = participants.config
    is_placebo: BoolArray = participants.arm == PLACEBO
    design = _design(participants, is_placebo, config.covariates, "placebo")
    placebo = _stage(PLACEBO, "placebo", design, participants.outcome[is_placebo], np.zeros((len(design.terms),) * 2))
    tell(1.0 / (1 + len(config.classes)))
    found: list[StageFit] = []
    problems: list[Problem] = []
    for i, one in enumerate(config.classes):
        rows: BoolArray = participants.arm == one.id
        expected = _columns(participants, rows, config.covariates)
        outcome = participants.outcome[rows] - expected @ placebo.fit.estimate
        try:
            design = _design(participants, rows, config.drug_covariates, one.title)
            found.append(_stage(one.id, one.title, design, outcome, expected))
        except InputError as error:
            problems += error.problems
        tell((2 + i) / (1 + len(config.classes)))
    if problems:
        raise InputError(problems)
    return SequenceFit(participants, placebo, tuple(found))


def two_stage_covariance(sequence: SequenceFit, first: StageFit, second: StageFit) -> FloatArray:
    """Return the covariance of the coefficients of two classes, with the placebo model's error carried on.

    With β = β_observed - Bα, Var β = V + B V_α B', and the coefficients of two classes share B_1 V_α B_2'. Variances are taken as known, and
    effects of a trial on its placebo arm and on its active arm as independent, as the models do.

    Parameters
    ----------
    sequence : SequenceFit
        All models.
    first, second : StageFit
        Two of its classes, or twice the same one.

    Returns
    -------
    (n_terms, n_terms) array
        Covariance.
    """
    shared = first.carried @ sequence.placebo.fit.covariance @ second.carried.T
    return shared + first.fit.covariance if first is second else shared


def _stage(id_: str, title: str, design: Design, outcome: FloatArray, expected: FloatArray) -> StageFit:
    """Fit one model; `expected` holds the columns of the placebo model for its rows."""
    summary = summarize(design)
    statistics = statistics_of(summary, outcome)
    fit = fit_statistics(summary, statistics, likelihood=Likelihood.RESTRICTED)
    full = fit_statistics(summary, statistics, likelihood=Likelihood.FULL)
    bare = fit_mixed(create_design(design.place, {}, design.groupings), outcome, likelihood=Likelihood.FULL)
    carried = expected if id_ == PLACEBO else generalised_coefficients(fit, expected)
    return StageFit(id_, title, fit, likelihood_ratio_test(full, bare), carried)


def _design(participants: Participants, rows: BoolArray, covariates: Sequence[Covariate], title: str) -> Design:
    place = f"{participants.file}, {title}"
    columns = {one.name: participants.covariates[one.name][rows] for one in covariates}
    trials = grouping(participants.config.trial_column, participants.trial[rows].tolist())
    return create_design(place, columns, [trials])


def _columns(participants: Participants, rows: BoolArray, covariates: Sequence[Covariate]) -> FloatArray:
    """Return the columns of a model for some rows, with the intercept."""
    columns = [participants.covariates[one.name][rows] for one in covariates]
    return np.column_stack([np.ones(int(rows.sum())), *columns])
