"""Draws of random effects for simulations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.codes import TERM_ETA, TERM_OCCASION_ETA
from pkpd.kernels.simulate import simulate_some
from pkpd.model.spec import SIGNED_SHAPES, RandomEffectShape

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.kernels.codes import PackedSubjects
    from pkpd.model.spec import ModelSpec


def draw_white(
    model: ModelSpec, packed: PackedSubjects, rng: np.random.Generator, subjects: range, n_replicates: int
) -> FloatArray:
    """Return standard normal draws of the random effects, (n_subjects, n_replicates, n_eta).

    Where a proportional or additive effect would make a parameter zero or negative, all effects of the subject are drawn again in
    that replicate: the distribution is cut off there.

    Parameters
    ----------
    model : ModelSpec
        The model.
    packed : PackedSubjects
        The subjects under it.
    rng : Generator
        Source of randomness.
    subjects : range
        Which of them.
    n_replicates : int
        Draws for each.
    """
    n_eta = packed.omega_cholesky.shape[1]
    white = rng.standard_normal((len(subjects), n_replicates, n_eta))
    if not any(term.shape in SIGNED_SHAPES for term in model.terms):
        return white
    while (again := _is_impossible(model, packed, subjects, white)).any():
        white[again] = rng.standard_normal((int(again.sum()), n_eta))
    return white


def _is_impossible(model: ModelSpec, packed: PackedSubjects, subjects: range, white: FloatArray) -> BoolArray:
    """Return which draws make a term of some covariate row zero or negative, (n_subjects, n_replicates)."""
    factor = packed.omega_cholesky[subjects.start : subjects.stop]
    eta: FloatArray = white @ factor.transpose(0, 2, 1)
    rows = range(int(packed.epoch_start[subjects.start]), int(packed.epoch_start[subjects.stop]))
    owner = np.repeat(
        np.arange(len(subjects)), np.diff(packed.epoch_start[subjects.start : subjects.stop + 1]).astype(np.int64)
    )
    found = np.zeros(white.shape[:2], dtype=np.bool_)
    for t, term in enumerate(model.terms):
        if term.eta is None or term.shape not in SIGNED_SHAPES:
            continue
        for row, who in zip(rows, owner, strict=True):
            places = [int(packed.terms[row, t, column]) for column in (TERM_ETA, TERM_OCCASION_ETA)]
            total = sum(eta[who, :, place] for place in places if place >= 0)
            is_relative = term.shape is RandomEffectShape.PROPORTIONAL
            found[who] |= total <= (-1.0 if is_relative else -np.exp(packed.log_typical[row, t]))
    return found


@dataclass(frozen=True, slots=True)
class CentreDraws:
    """Drawn effects of centres.

    Parameters
    ----------
    effects : (n_replicates, n_centres, n_effects) array
        One draw for each centre in each replicate.
    of_row : (n_rows,) array
        Centre of each covariate row.
    of_term : tuple of int or None
        Which effect each term has.
    """

    effects: FloatArray
    of_row: IntArray
    of_term: tuple[int | None, ...]

    def log_shift(self, replicate: int) -> FloatArray:
        """Return what a replicate's effects add to the logarithms of the typical values, (n_rows, n_terms)."""
        shift = np.zeros((self.of_row.size, len(self.of_term)))
        for t, effect in enumerate(self.of_term):
            if effect is not None:
                shift[:, t] = self.effects[replicate, self.of_row, effect]
        return shift


def draw_centre_effects(
    model: ModelSpec, cohort: Cohort, rng: np.random.Generator, n_replicates: int
) -> CentreDraws | None:
    """Return draws of the effects of a cohort's centres, or None for a model without such effects."""
    if not model.centre_variances:
        return None
    known, places = np.unique(cohort.centre, return_inverse=True)
    sd = np.sqrt([variance.omega2 for variance in model.centre_variances])
    return CentreDraws(
        effects=sd * rng.standard_normal((n_replicates, known.size, sd.size)),
        of_row=np.repeat(places, np.diff(cohort.row_start)),
        of_term=tuple(
            None if term.centre_eta is None else model.centre_etas.index(term.centre_eta) for term in model.terms
        ),
    )


def simulate_block(
    packed: PackedSubjects, first: int, white: FloatArray, noise: FloatArray, centres: CentreDraws | None
) -> FloatArray:
    """Return what would be measured without limits, (n_observations, n_replicates); see ``kernels.simulate``.

    Parameters
    ----------
    packed : PackedSubjects
        All subjects.
    first : int
        The subject of the first row of ``white``; the others follow it.
    white, noise : (n_subjects, n_replicates, n_eta), (n_observations, n_replicates) arrays
        Standard normal draws.
    centres : CentreDraws or None
        From ``draw_centre_effects``.
    """
    measured = np.empty_like(noise)
    if centres is None:
        simulate_some(packed, first, white, noise, measured)
        return measured
    for k in range(noise.shape[1]):
        moved = packed._replace(log_typical=packed.log_typical + centres.log_shift(k))
        column = np.empty((noise.shape[0], 1))
        one = np.ascontiguousarray(noise[:, k : k + 1])
        simulate_some(moved, first, np.ascontiguousarray(white[:, k : k + 1]), one, column)
        measured[:, k] = column[:, 0]
    return measured
