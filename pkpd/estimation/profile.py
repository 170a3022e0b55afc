"""Profile likelihood of one parameter: the objective with it held, all others estimated again, and where it has risen too far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from pkpd.errors import input_error
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import Fit, FitStatus, fit
from pkpd.estimation.multi_start import ENDED, SAME_OFV
from pkpd.estimation.scale import inside, scale_of, to_free, to_values
from pkpd.model.population import ParameterKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from pkpd.estimation.scale import Scale
    from pkpd.model.population import PopulationParameter

    Held = Callable[[str, float, FloatArray], "ProfilePoint"]
    """Parameter, value it is held at, and values that the others start from, to the fit there."""

# Error of the objective at an end that is found: a few times that of its quadrature.
_TOLERANCE = 5e-3
_MOST_FITS = 25
_MOST_FAILURES = 4
_FIRST_SHARE, _LARGEST_GROWTH = 0.5, 3.0
# Where no standard error says how far to go: on the scale of the search, whose units are shares of a value.
_STEP_WITHOUT_SE = 0.3
# How far is far: a thousandfold of what is positive, and this many units of a coefficient.
_FAR_LOG, _FAR_UNITS = float(np.log(1000.0)), 50.0
# What counts as the bound: of a variance one that has no effect, else a share of the estimate's distance from it.
_LEAST_VARIANCE, _LEAST_SHARE = 1e-6, 1e-4
# Share of an initial value at which the search for the end of what lies at a bound begins.
_OFF_BOUND = 1e-3
# A variance from which a search on logarithms does not find back.
_NEARLY_ZERO = 1e-5


class EndStatus(Enum):
    """How the search for one end of an interval ended; the value is what the reader is told."""

    FOUND = "found"
    AT_BOUND = "the objective rises less than that up to the bound"
    NOT_REACHED = "the objective rises less than that as far as was looked"
    FIT_FAILED = "fits with the parameter held did not converge there"
    LOWER_OFV = "the profile found a lower objective: start the fit again from there"


@dataclass(frozen=True, slots=True)
class ProfilePoint:
    """A fit with one parameter held.

    Parameters
    ----------
    value : float
        What it was held at.
    ofv : float
        The objective; NaN where it is not finite.
    status : FitStatus
        How the fit of the others ended.
    values : (n_parameters,) array
        All parameters.
    n_evaluations : int
        Evaluations of the objective.
    """

    value: float
    ofv: float
    status: FitStatus
    values: FloatArray
    n_evaluations: int


@dataclass(frozen=True, slots=True)
class ProfileEnd:
    """One end of an interval.

    Parameters
    ----------
    status : EndStatus
        How the search for it ended.
    value : float
        The end where it is found, the bound where it is reached; NaN otherwise.
    farthest, ofv_change : float
        The last value with a fit that converged on this side (the end itself where it is found), and the change of the objective
        there.
    """

    status: EndStatus
    value: float
    farthest: float
    ofv_change: float


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of one parameter.

    Parameters
    ----------
    name : str
        Parameter.
    estimate, ofv : float
        Its estimate, and the objective there.
    se : float
        Its standard error from the observed information; NaN where there is none.
    threshold : float
        Change of the objective at the ends of the interval.
    points : tuple of ProfilePoint
        Fits with the parameter held, by ascending value; the estimate is not among them.
    lower, upper : ProfileEnd
        Ends of the interval.
    """

    name: str
    estimate: float
    ofv: float
    se: float
    threshold: float
    points: tuple[ProfilePoint, ...]
    lower: ProfileEnd
    upper: ProfileEnd

    @property
    def lowest(self) -> ProfilePoint | None:
        """Return the point with the lowest objective, where that lies below the estimate's."""
        ended = [one for one in self.points if one.status in ENDED]
        least = min(ended, key=lambda one: one.ofv, default=None)
        return least if least is not None and least.ofv < self.ofv - SAME_OFV else None


def profiled_names(original: Fit, wanted: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return which parameters are to be profiled: those asked for, or all that are free and in no block of Omega.

    Raises
    ------
    InputError
        For a name that is none of theirs, a fixed parameter, and one of a block, whose parts are only estimated together.
    """
    by_name = {one.name: place for place, one in enumerate(original.parameters)}
    single = {piece.places[0] for piece in original.scale.pieces if piece.kind != "block"}
    free = set(original.scale.free)
    possible = tuple(name for name, place in by_name.items() if place in single)
    for name in wanted:
        if name not in by_name:
            raise input_error("--parameter", f"{name} is not a parameter of this model, which has {', '.join(by_name)}")
        if by_name[name] not in free:
            raise input_error("--parameter", f"{name} is fixed and has no profile; free are {', '.join(possible)}")
        if by_name[name] not in single:
            message = f"{name} is part of a block of omega, which is estimated as a whole; expected one of "
            raise input_error("--parameter", message + ", ".join(possible))
    return tuple(dict.fromkeys(wanted)) or possible


def fit_held(original: Fit, name: str, value: float, start: FloatArray) -> ProfilePoint:
    """Fit all parameters but one.

    Parameters
    ----------
    original : Fit
        The fit of all of them.
    name, value : str and float
        The one that is held, and what at.
    start : (n_parameters,) array
        Where the others start; where that leads nowhere, they start at the estimates.
    """
    options = replace(original.options, with_covariance=False)
    found = None
    for begun in (start, original.values):
        again = fit(original.population, options, parameters=_holding(original, name, value, begun))
        if found is None or not found.ofv <= again.ofv:
            found = again
        if found.status in ENDED:
            break
    assert found is not None, "one fit at least"  # noqa: S101 (built here)
    return ProfilePoint(value, found.ofv, found.status, found.values, found.n_evaluations)


def profile_parameter(original: Fit, name: str, *, level: float = 0.95, held: Held | None = None) -> Profile:
    """Return the profile of a parameter and the interval in which the objective rises by less than a quantile of chi-square.

    Each end is sought from the estimate outwards by false position on the square root of the change, which is linear where the
    likelihood is normal. Each fit starts at the nearest one before.

    Parameters
    ----------
    original : Fit
        The fit of all parameters.
    name : str
        One of ``profiled_names``.
    level : float
        Probability of the interval.
    held : callable, optional
        Makes the fits; ``fit_held`` where left out.

    References
    ----------
    Venzon DJ, Moolgavkar SH. A method for computing profile-likelihood-based confidence intervals. Appl Stat 1988;37:87-94,
    doi:10.2307/2347496.
    """
    place = [one.name for one in original.parameters].index(name)
    one = original.parameters[place]
    estimate = float(original.values[place])
    known = uncertainty(original, CovarianceKind.R)
    se = float(known.se[original.scale.free.index(place)]) if known else float("nan")
    threshold = float(chi2.ppf(level, 1))
    course = _Course(original, one, _begin(original, one, estimate), se, threshold, held or _held_by(original))
    (lower, below), (upper, above) = (_end(course, direction) for direction in (-1.0, 1.0))
    points = tuple(sorted((*below, *above), key=lambda point: point.value))
    return Profile(name, estimate, original.ofv, se, threshold, points, lower, upper)


@dataclass(frozen=True, slots=True)
class _Course:
    """What both ends are sought with: ``begin`` is where from, on the parameter's own scale of the search."""

    original: Fit
    one: PopulationParameter
    begin: float
    se: float
    threshold: float
    held: Held

    @property
    def scale(self) -> Scale:
        return scale_of((replace(self.one, is_fixed=False),))

    def value(self, coordinate: float) -> float:
        return float(to_values(self.scale, np.array([coordinate]))[0])

    @property
    def first_step(self) -> float:
        """Return about how far the end is, on the scale of the search."""
        around = 1e-4 * np.array([-1.0, 1.0]) + self.begin
        slope = (self.value(around[1]) - self.value(around[0])) / 2e-4
        step = np.sqrt(self.threshold) * self.se / slope
        return float(min(step, 3.0)) if np.isfinite(step) else _STEP_WITHOUT_SE

    def farthest(self, direction: float) -> tuple[float, bool]:
        """Return how far to look on one side, on the scale of the search, and whether a bound lies there."""
        bound = _bound(self.one, direction)
        if not np.isfinite(bound):
            if self.scale.pieces[0].kind == "identity":
                return max(_FAR_UNITS, 10.0 * self.first_step), False
            # What ended at its other bound says nothing of its size: a thousandfold of where the fit began is far.
            initial = float(to_free(self.scale, np.array([self.one.value]))[0])
            is_at_bound = self.one.name in self.original.at_bound
            return _FAR_LOG + (max(direction * (initial - self.begin), 0.0) if is_at_bound else 0.0), False
        is_variance = self.one.kind is ParameterKind.OMEGA
        least = _LEAST_VARIANCE if is_variance else _LEAST_SHARE * abs(self.value(self.begin) - bound)
        edge = float(to_free(self.scale, np.array([bound - direction * least]))[0])
        return max(direction * (edge - self.begin), 0.0), True


def _held_by(original: Fit) -> Held:
    return lambda name, value, start: fit_held(original, name, value, start)


def _begin(original: Fit, one: PopulationParameter, estimate: float) -> float:
    """Return where an estimate lies on its scale; of one at a bound, a thousandth of its initial value away from there."""
    scale = scale_of((replace(one, is_fixed=False),))
    if one.name in original.at_bound:
        estimate = inside(one, estimate, _OFF_BOUND)
    return float(to_free(scale, np.array([estimate]))[0])


def _holding(original: Fit, name: str, value: float, start: FloatArray) -> tuple[PopulationParameter, ...]:
    """Return the parameters with one held; variances that start at zero, where no gradient leads away, start where the fit did."""
    in_block = {place for piece in original.scale.pieces if piece.kind == "block" for place in piece.places}
    changed: list[PopulationParameter] = []
    for place, (one, begun) in enumerate(zip(original.parameters, start, strict=True)):
        is_zero = one.kind is ParameterKind.OMEGA and not begun > _NEARLY_ZERO
        if one.name == name:
            changed.append(replace(one, value=value, is_fixed=True))
        elif one.is_fixed or (place not in in_block and (is_zero or one.name in original.at_bound)):
            changed.append(one)
        else:
            changed.append(replace(one, value=float(begun)))
    return tuple(changed)


@dataclass(slots=True)
class _Bracket:
    """Distances from the estimate and the square root of the objective's rise: below the wanted one, and above."""

    low: tuple[float, float]
    high: tuple[float, float] | None = None
    failed: float = float("inf")
    n_failures: int = 0

    def next_distance(self, wanted: float, most: float) -> float:
        """Return where to look next."""
        (t, r), high = self.low, self.high
        if high is not None:
            share = (wanted - r) / (high[1] - r)
            # Kept off both sides, so that the bracket shrinks also where the rise is bent.
            return t + min(max(share, 0.05), 0.95) * (high[0] - t)
        ahead = t * wanted / r if r > 0.0 else np.inf
        ahead = min(max(1.02 * ahead, 1.1 * t), _LARGEST_GROWTH * t, most)
        return ahead if ahead < self.failed else 0.5 * (t + self.failed)


def _end(course: _Course, direction: float) -> tuple[ProfileEnd, list[ProfilePoint]]:
    """Return one end of the interval, and the fits on its side."""
    wanted = float(np.sqrt(course.threshold))
    most, has_bound = course.farthest(direction)
    bracket = _Bracket((0.0, 0.0))
    points: list[ProfilePoint] = []
    near: ProfilePoint | None = None
    distance = min(_FIRST_SHARE * course.first_step, most)
    if not most > 0.0:
        return ProfileEnd(EndStatus.AT_BOUND, _bound(course.one, direction), course.value(course.begin), 0.0), points
    for _ in range(_MOST_FITS):
        value = course.value(course.begin + direction * distance)
        start = near.values if near is not None else course.original.values
        point = course.held(course.one.name, value, start)
        points.append(point)
        change = point.ofv - course.original.ofv
        if point.status not in ENDED:
            bracket.failed, bracket.n_failures = min(bracket.failed, distance), bracket.n_failures + 1
            if bracket.n_failures == _MOST_FAILURES:
                return _unfound(EndStatus.FIT_FAILED, near, course), points
            base = bracket.low[0]
            distance = 0.5 * (base + distance)
            continue
        if change < -SAME_OFV:
            return ProfileEnd(EndStatus.LOWER_OFV, float("nan"), value, change), points
        if abs(change - course.threshold) < _TOLERANCE:
            return ProfileEnd(EndStatus.FOUND, value, value, change), points
        reached = (distance, float(np.sqrt(max(change, 0.0))))
        if reached[1] < wanted:
            near = point
            bracket.low = reached
            if bracket.high is None and distance >= most:
                end = _unfound(EndStatus.AT_BOUND if has_bound else EndStatus.NOT_REACHED, near, course)
                return replace(end, value=_bound(course.one, direction)) if has_bound else end, points
        else:
            bracket.high = reached
        distance = bracket.next_distance(wanted, most)
    if bracket.high is not None:
        # The bracket is all but closed around a jump of the objective: the end is where it jumps.
        value = course.value(course.begin + direction * bracket.high[0])
        return ProfileEnd(EndStatus.FOUND, value, value, bracket.high[1] ** 2), points
    return _unfound(EndStatus.NOT_REACHED, near, course), points


def _unfound(status: EndStatus, near: ProfilePoint | None, course: _Course) -> ProfileEnd:
    if near is None:
        return ProfileEnd(status, float("nan"), course.value(course.begin), 0.0)
    return ProfileEnd(status, float("nan"), near.value, near.ofv - course.original.ofv)


def _bound(one: PopulationParameter, direction: float) -> float:
    return one.upper if direction > 0.0 else one.lower
