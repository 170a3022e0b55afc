"""Classes and their differences, as a comparison has them."""

from __future__ import annotations

from dataclasses import dataclass

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ClassAnswer:
    """What is expected of one class.

    Parameters
    ----------
    id, title : str
        Its id and what it is called.
    drug, expected : float
        What it adds to placebo, and the expected fall with it.
    interval : tuple of float
        Of the expected fall.
    df : float
        Degrees of freedom of that interval.
    response, remission : float
        Chances of a response, and of remission.
    response_interval, remission_interval : tuple of float
        Of those chances.
    probability_first : float
        Chance that its expected fall is the greatest of those compared.
    """

    id: str
    title: str
    drug: float
    expected: float
    interval: Interval
    df: float
    response: float
    response_interval: Interval
    remission: float
    remission_interval: Interval
    probability_first: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """By how much the expected fall of one class exceeds that of another, which comes after it.

    Parameters
    ----------
    a, b : str
        Ids of the classes.
    difference : float
        Of a over b [CDAI points].
    interval : tuple of float
        Of the difference.
    p, p_holm : float
        Of no difference, for this pair alone and adjusted for all of them (Holm).
    """

    a: str
    b: str
    difference: float
    interval: Interval
    p: float
    p_holm: float
