"""Likelihood profiles: one coefficient held, all others estimated again, and where the likelihood has fallen too far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from statistics import NormalDist
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tte.estimation.fit import FitOptions, FitStatus, pack
from tte.estimation.intervals import LEVEL
from tte.kernels import codes
from tte.kernels.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pkpd.arrays import FloatArray
    from tte.estimation.fit import EventFit, Packed

# Distance of an end, as a multiple of what counts as one of a coefficient, beyond which it is as good as infinite.
_FARTHEST = 60.0
_FIRST_STEP, _SHORTEST_STEP, _MOST_UNFOUND = 0.5, 0.01, 20
_MOST_STEPS, _TOLERANCE = 60, 1e-7
# A profile that lies this much above the fit has found a better optimum.
_HIGHER = 1e-6


class EndStatus(Enum):
    """What became of an end of an interval; the value is the sentence the user reads."""

    FOUND = "The likelihood falls to the threshold there."
    OPEN = "The likelihood does not fall to the threshold on this side: the interval has no end there."
    AT_BOUND = "The likelihood does not fall to the threshold before the bound of the parameter."
    HIGHER = "The profile found a higher likelihood than the fit; start the fit again from there."
    NOT_FOUND = "Estimates with the coefficient held could not be found."


@dataclass(frozen=True, slots=True)
class ProfileEnd:
    """One end of an interval.

    Parameters
    ----------
    value : float
        On the linear scale; infinite or NaN where there is none.
    status : EndStatus
        What became of it.
    """

    value: float
    status: EndStatus


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of one coefficient, on the linear scale.

    Parameters
    ----------
    name : str
        The coefficient.
    estimate, se : float
        Of the fit.
    lower, upper : ProfileEnd
        The interval.
    values, falls : (n,) arrays
        Where it was held, in order, and twice the fall of the log-likelihood there.
    threshold : float
        Twice the fall at which the interval ends.
    """

    name: str
    estimate: float
    se: float
    lower: ProfileEnd
    upper: ProfileEnd
    values: FloatArray
    falls: FloatArray
    threshold: float


def profiles(
    fit: EventFit, *, level: float = LEVEL, progress: Callable[[float], None] | None = None
) -> tuple[Profile, ...]:
    """Return the profile of every coefficient that was estimated.

    Parameters
    ----------
    fit : EventFit
        A fit that ended at a maximum, or whose likelihood is monotone: then an interval has one end.
    level : float
        Probability of the intervals.
    progress : callable, optional
        Told the share that is done.

    Returns
    -------
    tuple of Profile
        Empty for a fit that ended otherwise.
    """
    if fit.status not in (FitStatus.CONVERGED, FitStatus.AT_BOUND, FitStatus.MONOTONE_LIKELIHOOD):
        return ()
    packed = pack(fit.events, fit.model, FitOptions())
    at_bound = fit.named if fit.status is FitStatus.AT_BOUND else ()
    places = [i for i, name in enumerate(fit.model.names) if fit.is_free[i] and name not in at_bound]
    found: list[Profile] = []
    for done, i in enumerate(places):
        found.append(_profile(fit, packed, i, level))
        if progress is not None:
            progress((done + 1) / len(places))
    return tuple(found)


def _profile(fit: EventFit, packed: Packed, place: int, level: float) -> Profile:
    return profile_of(_Held(fit, packed, place), fit.model.names[place], level=level)


class HeldFits(Protocol):
    """Fits with one coefficient held at one value after another.

    Parameters
    ----------
    estimate, se : float
        Of the fit that leaves it free.
    unit, lower, upper : float
        What counts as one of the coefficient, and its bounds.
    known : dict of float to float
        Twice the fall of the log-likelihood by value, the estimate among them.
    tolerance : float
        Error of the square root of a fall that nothing depends on.
    most_unfound : int
        Fits without a maximum after which an end is given up.
    """

    estimate: float
    se: float
    unit: float
    lower: float
    upper: float
    known: dict[float, float]
    tolerance: float
    most_unfound: int

    def fall(self, value: float) -> float:
        """Return twice the fall of the log-likelihood with the coefficient held at a value; NaN where no maximum is found."""
        ...


def profile_of(held: HeldFits, name: str, *, level: float = LEVEL) -> Profile:
    """Return the profile of a coefficient from fits that hold it.

    Parameters
    ----------
    held : HeldFits
        The fits; those that the search for the ends asked for are kept in it.
    name : str
        The coefficient.
    level : float
        Probability of the interval.
    """
    z = NormalDist().inv_cdf(0.5 + 0.5 * level)
    lower, upper = (_end(held, side, z) for side in (-1.0, 1.0))
    values = np.array(sorted(held.known))
    falls = np.array([held.known[value] for value in values.tolist()])
    return Profile(name, held.estimate, held.se, lower, upper, values, falls, z * z)


class _Held:
    """Fits with one coefficient held, each begun where the nearest one ended."""

    tolerance, most_unfound = _TOLERANCE, _MOST_UNFOUND

    def __init__(self, fit: EventFit, packed: Packed, place: int) -> None:
        self.fit, self.packed, self.place = fit, packed, place
        # Of an estimate on its way to infinity the standard error says where the search stopped, and nothing of the data.
        is_endless = fit.status is FitStatus.MONOTONE_LIKELIHOOD and fit.model.names[place] in fit.named
        self.estimate, self.se = float(fit.theta[place]), math.nan if is_endless else float(fit.se[place])
        self.known: dict[float, float] = {self.estimate: 0.0}
        self.ends: dict[float, FloatArray] = {self.estimate: fit.theta}
        self.is_free = packed.is_free.copy()
        self.is_free[place] = False
        column = int(packed.column[place])
        unit = float(packed.unit[packed.parameter[place]])
        variance = float(fit.covariance[place, place])
        has_slope = math.isfinite(self.se) and variance > 0.0
        # How the others move with this one where the likelihood is a parabola. A level far from the data moves effects by all of its step.
        self.slope = fit.covariance[:, place] / variance if has_slope else None
        self.unit = unit if column < 0 else unit / float(np.ptp(packed.design[:, column]))
        self.lower = float(packed.lower[place]) if column < 0 else -np.inf
        self.upper = float(packed.upper[place]) if column < 0 else np.inf

    def fall(self, value: float) -> float:
        """Return twice the fall of the log-likelihood with the coefficient held at a value; NaN where no maximum is found."""
        if value in self.known:
            return self.known[value]
        nearest = min(self.ends, key=lambda other: abs(other - value))
        for start in self._starts(nearest, value):
            found, theta, ended = self._search(start)
            if math.isfinite(found) and ended != codes.NOT_FLAT:
                self.known[value] = 2.0 * (self.fit.log_likelihood - found)
                self.ends[value] = theta
                return self.known[value]
        return math.nan

    def _starts(self, nearest: float, value: float) -> Iterator[FloatArray]:
        """Yield where a search may begin: the others as a parabola has them, and as they were nearby."""
        end = self.ends[nearest].copy()
        if self.slope is not None:
            yield np.where(np.arange(end.size) == self.place, value, end + self.slope * (value - nearest))
        end[self.place] = value
        yield end

    def _search(self, start: FloatArray) -> tuple[float, FloatArray, int]:
        packed, n = self.packed, start.size
        theta = np.empty(n)
        value, ended, _, _ = search(
            self.fit.model.hazard.code,
            packed.time,
            self.fit.events.kind,
            packed.design,
            np.ones(self.fit.events.n_rows),
            packed.parameter,
            packed.column,
            packed.unit,
            self.is_free,
            packed.lower,
            packed.upper,
            start[None, :],
            theta,
            np.empty(n),
            np.empty((n, n)),
            np.empty((n, n)),
            np.zeros(n, dtype=np.bool_),
            FitOptions().most_steps,
        )
        return value, theta, ended


def _end(held: HeldFits, side: float, z: float) -> ProfileEnd:
    """Return where the signed square root of twice the fall is z on one side of the estimate."""
    se = held.se
    step = z * se if math.isfinite(se) and se < _FARTHEST * held.unit else _FIRST_STEP * held.unit
    inside, outside = held.estimate, math.nan
    root_inside, root_outside = -z, math.nan
    unfound, n_unfound = math.inf, 0  # the shortest step that had no maximum, and how many had none
    while not math.isfinite(outside):
        at = held.estimate + side * step
        bound = held.lower if side < 0.0 else held.upper
        is_bound = side * (at - bound) >= 0.0
        at = bound if is_bound else at
        fall = held.fall(at)
        if math.isnan(fall):
            # A standard error may be far too large for the data: where a step leads out of all numbers, a shorter one may not.
            unfound, reached = abs(at - held.estimate), abs(inside - held.estimate)
            n_unfound += 1
            if n_unfound >= held.most_unfound or unfound - reached < _SHORTEST_STEP * held.unit:
                return ProfileEnd(math.nan, EndStatus.NOT_FOUND)
            step = 0.5 * (reached + unfound)
            continue
        if fall < -max(_HIGHER, held.tolerance):
            return ProfileEnd(at, EndStatus.HIGHER)
        root = math.sqrt(max(fall, 0.0)) - z
        if root >= 0.0:
            outside, root_outside = at, root
        elif is_bound:
            return ProfileEnd(bound, EndStatus.AT_BOUND)
        elif step > _FARTHEST * held.unit and step > 2.0 * z * (se if math.isfinite(se) else 0.0):
            return ProfileEnd(side * math.inf, EndStatus.OPEN)
        else:
            inside, root_inside = at, root
            if unfound - step < _SHORTEST_STEP * held.unit:
                return ProfileEnd(math.nan, EndStatus.NOT_FOUND)
            step = min(2.0 * step, 0.5 * (step + unfound))
    return _between(held, (inside, root_inside), (outside, root_outside), z)


def _between(held: HeldFits, inside: tuple[float, float], outside: tuple[float, float], z: float) -> ProfileEnd:
    """Return the root between two places by false position (Illinois)."""
    (a, fa), (b, fb) = inside, outside
    last, at = 0, b
    for _ in range(_MOST_STEPS):
        at = b - fb * (b - a) / (fb - fa)
        fall = held.fall(at)
        if math.isnan(fall):
            return ProfileEnd(math.nan, EndStatus.NOT_FOUND)
        if fall < -max(_HIGHER, held.tolerance):
            return ProfileEnd(at, EndStatus.HIGHER)
        root = math.sqrt(max(fall, 0.0)) - z
        if abs(root) <= held.tolerance:
            return ProfileEnd(at, EndStatus.FOUND)
        if root > 0.0:
            b, fb = at, root
            fa = fa * 0.5 if last > 0 else fa
            last = 1
        else:
            a, fa = at, root
            fb = fb * 0.5 if last < 0 else fb
            last = -1
    return ProfileEnd(at, EndStatus.FOUND)
