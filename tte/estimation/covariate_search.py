"""Stepwise search of covariate effects on a hazard by likelihood-ratio tests: forward inclusion, then backward elimination.

An effect may be linear on the scale of a parameter's link, linear in the logarithm of the covariate, a step at its median, or two lines that
meet there. Effects whose likelihood has no maximum are named and not selected.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from pkpd.errors import InputError, Problem, input_error
from tte.estimation.document import status_text
from tte.estimation.fit import AT_A_MAXIMUM, FitStatus, fit
from tte.estimation.model import Effect, EventTimeModel, parameter_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.estimation.fit import EventFit
    from tte.hazards.hazard import Hazard

    Fitted = Callable[[Events, Sequence["Candidate"], EventFit], EventFit]

EVERY = "all"
"""Stands for every parameter of the hazard."""


class Form(Enum):
    """How a covariate acts; the value is the name."""

    LINEAR = "linear"
    LOG = "log"
    THRESHOLD = "threshold"
    HOCKEY_STICK = "hockey_stick"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A covariate on a parameter in one form.

    Parameters
    ----------
    parameter, covariate : str
        Which.
    form : Form
        How.
    median : float
        Median of the covariate over the subjects: the reference, the step, or where two lines meet.
    columns : dict of str to (n_rows,) array
        What enters the model, by name.
    references : tuple of float
        Values of the columns at which the parameter has its own value.
    """

    parameter: str
    covariate: str
    form: Form
    median: float
    columns: Mapping[str, FloatArray]
    references: tuple[float, ...]

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Return the effects on the parameter; as many as degrees of freedom."""
        names = zip(self.columns, self.references, strict=True)
        return tuple(Effect(self.parameter, name, reference) for name, reference in names)


@dataclass(frozen=True, slots=True)
class Tested:
    """A fit of the search beside the model it is compared with.

    Parameters
    ----------
    step : int
        Number of the step, from 1 on.
    direction : str
        ``forward`` or ``backward``.
    candidate : Candidate
        What was added or taken away.
    fit : EventFit
        The fit with it, or without it.
    change : float
        Of −2 log L; NaN where the fit has no maximum.
    p : float
        Of the likelihood-ratio test; NaN likewise.
    is_selected : bool
        Whether the step was made.
    """

    step: int
    direction: str
    candidate: Candidate
    fit: EventFit
    change: float
    p: float
    is_selected: bool


@dataclass(frozen=True, slots=True)
class CovariateSearch:
    """A search and where it ended.

    Parameters
    ----------
    base, final : EventFit
        The fits without candidates, and with those selected.
    selected : tuple of Candidate
        What is in the final model.
    tested : tuple of Tested
        Every fit, in the order of the steps.
    """

    base: EventFit
    final: EventFit
    selected: tuple[Candidate, ...]
    tested: tuple[Tested, ...]


def candidates_of(
    events: Events, hazard: Hazard, words: Sequence[str], forms: Sequence[Form]
) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Return the candidates that words describe, and sentences on forms that are left out.

    Parameters
    ----------
    events : Events
        The data.
    hazard : Hazard
        The hazard.
    words : sequence of str
        ``CRP`` acts on the first parameter, ``shape:CRP`` on the one named, ``all:CRP`` on each.
    forms : sequence of Form
        How each may act.

    Raises
    ------
    InputError
        With every word that names no parameter or no column.
    """
    found: dict[tuple[str, str, Form], Candidate] = {}
    left_out: dict[str, None] = {}
    faults: list[Problem] = []
    for word in words:
        before, sign, name = (part.strip() for part in word.rpartition(":"))
        covariate = name.upper()
        parameters = _parameters(hazard, before if sign else hazard.parameters[0].name)
        if not parameters:
            known = ", ".join(one.name for one in hazard.parameters)
            faults.append(Problem("covariate", f"“{word}” names no parameter; expected one of {known}, or {EVERY}"))
        elif covariate not in events.covariates:
            known = ", ".join(events.covariates) or "none"
            faults.append(Problem("covariate", f"{covariate} is no column of numbers; there are {known}"))
        else:
            is_group = np.unique(events.covariates[covariate]).size == 2
            if is_group and tuple(forms) != (Form.LINEAR,):
                left_out[f"{covariate} has two values, which every form describes alike; only linear is tried."] = None
            for form in (Form.LINEAR,) if is_group else forms:
                columns = _columns(events, covariate, form)
                if isinstance(columns, str):
                    left_out[columns] = None
                    continue
                for parameter in parameters:
                    found[parameter, covariate, form] = Candidate(parameter, covariate, form, *columns)
    if faults:
        raise InputError(faults)
    return tuple(found.values()), tuple(left_out)


def _parameters(hazard: Hazard, word: str) -> list[str]:
    if word.lower() == EVERY:
        return [one.name for one in hazard.parameters]
    name = parameter_name(hazard, word)
    return [] if name is None else [name]


def _columns(
    events: Events, covariate: str, form: Form
) -> tuple[float, dict[str, FloatArray], tuple[float, ...]] | str:
    """Return median, columns and references of a form, or a sentence where the covariate has none such."""
    values = events.covariates[covariate]
    middle = float(np.median(values[events.first]))
    if form is Form.LINEAR:
        return middle, {covariate: values}, (middle,)
    match form:
        case Form.LOG:
            if values.min() <= 0.0:
                return f"{covariate} is {values.min():g} somewhere, which has no logarithm; log is not tried."
            return middle, {f"ln({covariate})": np.log(values)}, (float(np.log(middle)),)
        case Form.THRESHOLD:
            step = (values >= middle).astype(np.float64)
            if (step == step[0]).all():
                return f"{covariate} is nowhere below its median {middle:g}; threshold is not tried."
            return middle, {f"{covariate}>={middle:g}": step}, (0.0,)
        case Form.HOCKEY_STICK:
            beyond = np.maximum(values - middle, 0.0)
            if (values >= middle).all() or not beyond.any():
                return f"{covariate} lies on one side of its median {middle:g}; hockey_stick is not tried."
            return middle, {covariate: values, f"max({covariate}-{middle:g},0)": beyond}, (middle, 0.0)


def covariate_search(
    events: Events,
    hazard: Hazard,
    candidates: Sequence[Candidate],
    *,
    forward: float = 0.05,
    backward: float = 0.01,
    fitted: Fitted | None = None,
    tell: Callable[[int], object] = lambda _: None,
) -> CovariateSearch:
    """Add candidates while one lowers −2 log L significantly, then take away those without which it rises too little.

    Parameters
    ----------
    events : Events
        The data.
    hazard : Hazard
        The hazard.
    candidates : sequence of Candidate
        What may be added; a covariate acts on a parameter in one form at most.
    forward, backward : float
        Levels of the likelihood-ratio tests: an effect is added with p below the first, and stays with p up to the second.
    fitted : callable, optional
        Gives the fit of some candidates beside a smaller model, such as one that is kept; `fit_candidates` where left out.
    tell : callable
        Told the number of fits done.

    Raises
    ------
    InputError
        As `fit`, and where the fit without candidates has no maximum.
    """
    fit_of = fitted or fit_candidates
    base = fit(events, EventTimeModel(hazard))
    if base.status not in AT_A_MAXIMUM:
        raise input_error("event times", f"the {hazard.value} hazard without covariates: {status_text(base)}")
    current, selected, tested, step = base, list[Candidate](), list[Tested](), 0
    while True:
        step += 1
        taken = {(one.parameter, one.covariate) for one in selected}
        rows: list[Tested] = []
        for one in candidates:
            if (one.parameter, one.covariate) not in taken:
                rows.append(_tested(step, "forward", one, fit_of(events, [*selected, one], current), current))
                tell(len(tested) + len(rows))
        # Of equal p, which underflow to 0 for strong effects, the one that lowers most.
        best = min((row for row in rows if row.p < forward), key=lambda row: (row.p, row.change), default=None)
        tested += [replace(row, is_selected=row is best) for row in rows]
        if best is None:
            break
        selected.append(best.candidate)
        current = best.fit
    while selected:
        step += 1
        rows = []
        for one in selected:
            without = fit_of(events, [other for other in selected if other is not one], base)
            rows.append(_tested(step, "backward", one, without, current))
            tell(len(tested) + len(rows))
        worst = max((row for row in rows if row.p > backward), key=lambda row: row.p, default=None)
        tested += [replace(row, is_selected=row is worst) for row in rows]
        if worst is None:
            break
        selected.remove(worst.candidate)
        current = worst.fit
    return CovariateSearch(base, current, tuple(selected), tuple(tested))


def fit_candidates(events: Events, chosen: Sequence[Candidate], smaller: EventFit) -> EventFit:
    """Fit a model with some candidates; from the estimates of a smaller one where it ends below that one's likelihood."""
    data, model = with_candidates(events, chosen, smaller.model.hazard)
    found = fit(data, model)
    if found.status in AT_A_MAXIMUM and found.log_likelihood >= smaller.log_likelihood:
        return found
    known = smaller.model_at_estimates.initial
    again = fit(data, replace(model, initial={name: value for name, value in known.items() if name in model.names}))
    is_better = again.status in AT_A_MAXIMUM and not again.log_likelihood < found.log_likelihood
    return replace(again if is_better else found, model=model)


def with_candidates(events: Events, chosen: Sequence[Candidate], hazard: Hazard) -> tuple[Events, EventTimeModel]:
    """Return the data with the columns of some candidates, and the model with their effects."""
    effects = tuple(dict.fromkeys(effect for one in chosen for effect in one.effects))
    columns = {name: values for one in chosen for name, values in one.columns.items()}
    return replace(events, covariates={**events.covariates, **columns}), EventTimeModel(hazard, effects)


def _tested(step: int, direction: str, candidate: Candidate, found: EventFit, current: EventFit) -> Tested:
    larger, smaller = (found, current) if direction == "forward" else (current, found)
    own = {effect.name for effect in candidate.effects}
    is_usable = found.status in AT_A_MAXIMUM and not (found.status is FitStatus.AT_BOUND and own & set(found.named))
    if not is_usable:
        return Tested(step, direction, candidate, found, np.nan, np.nan, is_selected=False)
    fall = 2.0 * (larger.log_likelihood - smaller.log_likelihood)
    p = float(chi2.sf(max(fall, 0.0), len(own)))
    change = -fall if direction == "forward" else fall
    return Tested(step, direction, candidate, found, change, p, is_selected=False)
