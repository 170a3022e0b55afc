"""Parametric refits of all models of a sequence, in blocks that are drawn anywhere and in any order with the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.lmm import GroupEffects, parametric_bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crohns_srs.lmm import MixedFit
    from crohns_srs.srs.fit import SequenceFit
    from pkpd.arrays import FloatArray

BLOCK = 1000
"""Refits of one block."""
_QUANTILES = (0.025, 0.5, 0.975)
_SCHEMA = "asuc-crohns-bootstrap/1"


def blocks_of(n_models: int, n: int) -> list[tuple[int, int]]:
    """Return the blocks of some refits of each model: which model, and the number of the block."""
    return [(model, block) for model in range(n_models) for block in range(-(-n // BLOCK))]


def refit_block(fit: MixedFit, effects: GroupEffects, seed: int, block: tuple[int, int]) -> FloatArray:
    """Return the refits of one block.

    Parameters
    ----------
    fit : MixedFit
        Model that outcomes are drawn from.
    effects : GroupEffects
        What becomes of the trials' effects.
    seed : int
        Seed of the whole bootstrap; each block has a stream of its own.
    block : tuple of int
        Which model it is, and the number of the block.

    Returns
    -------
    (1000, n_terms + 2) array
        Coefficients, variance between trials, variance within.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=block))
    found = parametric_bootstrap(fit, BLOCK, effects=effects, rng=rng)
    variance = found.residual_variance[:, None]
    return np.column_stack([found.estimate, found.ratio * variance, variance])


def bootstrap_document(
    sequence: SequenceFit, refits: Mapping[str, FloatArray], effects: GroupEffects, seed: int
) -> dict[str, Any]:
    """Return the document of a bootstrap, but for the time that it took.

    Parameters
    ----------
    sequence : SequenceFit
        Models that were refitted.
    refits : mapping of str to (n, n_terms + 2) array
        Their refits, as `refit_block` has them.
    effects : GroupEffects
        What became of the trials' effects.
    seed : int
        Seed.
    """
    given = sequence.participants
    return {
        "schema": _SCHEMA,
        "effects": effects.value,
        "n": next(iter(refits.values())).shape[0],
        "seed": seed,
        "models": {one.id: _entry(one.fit, refits[one.id]) for one in sequence.stages},
        "data": {"file": given.file, "sha256": given.sha256, "n_rows": given.n_rows},
        "config": {"id": given.config.id, "title": given.config.title, "sha256": given.config.sha256},
    }


def _entry(fit: MixedFit, refits: FloatArray) -> dict[str, Any]:
    estimates, between, within = refits[:, :-2], refits[:, -2], refits[:, -1]
    low, median, high = np.quantile(estimates, _QUANTILES, axis=0)
    vcov = np.atleast_2d(np.cov(estimates.T))
    return {
        "terms": list(fit.terms),
        "n": refits.shape[0],
        "n_boundary": int((between == 0.0).sum()),
        "median": median.tolist(),
        "mean": estimates.mean(axis=0).tolist(),
        "se": np.sqrt(np.diag(vcov)).tolist(),
        "q025": low.tolist(),
        "q975": high.tolist(),
        "vcov": vcov.tolist(),
        "var_trial": np.quantile(between, _QUANTILES).tolist(),
        "var_residual": np.quantile(within, _QUANTILES).tolist(),
    }
