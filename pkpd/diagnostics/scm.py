"""Stepwise covariate search: forward selection and backward elimination of covariate effects by likelihood ratios.

The search says which models are to be fitted, and in which order what is found counts; how the fits are computed, one after
another or at the same time, is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pkpd.diagnostics.candidates import degrees_of_freedom
from pkpd.diagnostics.imputed_trial import fit_trial
from pkpd.diagnostics.trials import Direction, Search, TestedFit, Trial
from pkpd.errors import input_error
from pkpd.model.population import ParameterKind

FitAll = Callable[[Sequence[Trial]], Sequence[TestedFit]]
"""What fits some models: one result for each, in their order."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A search that has ended.

    Parameters
    ----------
    base : TestedFit
        Fit of the base model.
    tested : tuple of TestedFit
        Every fit, in the order of the steps and candidates, that of the base model first.
    final : TestedFit
        The fit that the search ended with.
    """

    base: TestedFit
    tested: tuple[TestedFit, ...]
    final: TestedFit


def search_covariates(search: Search, fit_all: FitAll | None = None) -> SearchResult:
    """Search for covariate effects, forwards and then backwards.

    Forwards, every candidate whose covariate is not yet on its parameter is added alone to the current model; the one with
    the smallest p is taken in if that is below ``p_forward``, until there is none. Backwards, every effect is removed alone;
    the one with the largest p goes unless that is below ``p_backward``, until every effect stays. Fits that failed are
    in the result and select nothing.

    Parameters
    ----------
    search : Search
        What is searched.
    fit_all : callable, optional
        What fits the models; here and one after another where left out.

    Raises
    ------
    InputError
        Where the fit of the base model fails.
    """
    fit_all = fit_all or partial(fit_trials, search)
    base = fit_all([Trial(0, Direction.BASE, None, (), 0, {}, np.nan)])[0]
    if not base.is_used:
        raise input_error(
            "base model", f"its fit failed, so that there is nothing to compare with: {base.status.value}"
        )
    tested, current = [base], base
    for direction in (Direction.FORWARD, Direction.BACKWARD):
        while trials := _trials(search, direction, current, tested[-1].step + 1):
            fits = fit_all(trials)
            chosen = _chosen(search, direction, fits)
            tested += [replace(one, is_selected=one is chosen) for one in fits]
            if chosen is None:
                break
            current = replace(chosen, is_selected=True)
    return SearchResult(base, tuple(tested), current)


def fit_trials(search: Search, trials: Sequence[Trial]) -> list[TestedFit]:
    """Fit some models of a search, one after another."""
    return [fit_trial(search, trial) for trial in trials]


def _trials(search: Search, direction: Direction, current: TestedFit, step: int) -> list[Trial]:
    """Return the models of one step."""
    present = current.relations
    if direction is Direction.FORWARD:
        taken = {(one.parameter, one.covariate) for one in present}
        tested = [one for one in search.candidates if (one.parameter, one.covariate) not in taken]
        models = [(one, (*present, one)) for one in tested]
    else:
        models = [(one, tuple(other for other in present if other != one)) for one in present]
    start = _start_from(search, current)
    return [
        Trial(
            step=step,
            direction=direction,
            tested=one,
            relations=relations,
            df=degrees_of_freedom(one, search.values[one.covariate]),
            start=start,
            ofv_before=current.ofv,
        )
        for one, relations in models
    ]


def _chosen(search: Search, direction: Direction, fits: Sequence[TestedFit]) -> TestedFit | None:
    """Return the fit that the search goes on from, or None where it goes on from none; the first of equals."""
    used = [one for one in fits if one.is_used]
    if not used:
        return None
    if direction is Direction.FORWARD:
        best = min(used, key=lambda one: (one.p, one.change))
        return best if best.p < search.p_forward else None
    least = max(used, key=lambda one: (one.p, -one.change))
    return None if least.p < search.p_backward else least


def _start_from(search: Search, found: TestedFit) -> dict[str, float]:
    """Return the estimates of a fit that others start from; variances do not where one of them is at its bound."""
    kinds = {one.name: one.kind for one in search.parameters}
    ended = {kinds.get(name, ParameterKind.THETA) for name in found.at_bound} - {ParameterKind.THETA}
    return {name: value for name, value in found.estimates.items() if kinds.get(name) not in ended}
