"""The likelihood that code gives each record (LIKELIHOOD, -2LOGLIKELIHOOD, F_FLAG 1 or 2), evaluated at any data items and any THETA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.control.evaluate import evaluate
from nonmem_ref.control.tree import Comparison, Conditional, Name, walk
from nonmem_ref.recognition.atoms import NotRecognizedError, indicator_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nonmem_ref.control.tree import Node, Statement
    from nonmem_ref.recognition.parameter import Covariate
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_LIKELIHOOD, _MINUS_TWICE_LOG = 1.0, 2.0


@dataclass(frozen=True, slots=True)
class LikelihoodCode:
    """Code whose Y is a likelihood, with the records that it is evaluated on.

    Parameters
    ----------
    statements : sequence of Statement
        Those that Y and F_FLAG depend on.
    columns : mapping of str to (n,) array
        Data items of all n records.
    is_counted : (n,) array
        Which records count (MDV 0).
    thetas : (n_theta,) array
        Initial THETA.
    constants : mapping of str to float
        ETA, OMEGA, SIGMA and reserved variables.
    flag : float
        F_FLAG where the code gives it no value.
    """

    statements: Sequence[Statement]
    columns: Mapping[str, FloatArray]
    is_counted: BoolArray
    thetas: FloatArray
    constants: Mapping[str, float]
    flag: float

    @property
    def items(self) -> tuple[str, ...]:
        """Return the data items that the code reads, in alphabetical order."""
        return _items(self, walk(*self.statements))

    @property
    def quantities(self) -> tuple[str, ...]:
        """Return the data items that it reads as quantities, not in conditions alone."""
        return _items(self, _outside_conditions(self.statements))

    def indicators(self, item: str) -> tuple[Covariate, ...]:
        """Return the comparisons of a data item with numbers, each once."""
        comparisons = (node for node in walk(*self.statements) if isinstance(node, Comparison))
        found = (indicator_of(node, {item}) for node in comparisons)
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def records(self, places: IntArray) -> dict[str, FloatArray]:
        """Return the data items at some places."""
        return {name: values[places] for name, values in self.columns.items()}


def log_likelihood(code: LikelihoodCode, columns: Mapping[str, FloatArray], thetas: FloatArray) -> FloatArray:
    """Return the logarithm of the likelihood of some records.

    Parameters
    ----------
    code : LikelihoodCode
        The code.
    columns : mapping of str to (n,) array
        Data items of the records.
    thetas : (n_theta,) or (n_theta, n) array
        THETA, of each record its own where there are n columns.

    Raises
    ------
    NotRecognizedError
        Where Y is a prediction.
    InputError
        For a name in the code that has no value.
    """
    value, flag, _ = _evaluated(code, columns, thetas, ())
    with np.errstate(all="ignore"):
        return np.where(flag == _MINUS_TWICE_LOG, -0.5 * value, np.log(value))


def log_likelihood_slope(
    code: LikelihoodCode, columns: Mapping[str, FloatArray], thetas: FloatArray, item: str
) -> FloatArray:
    """Return the derivative of `log_likelihood` by a data item, (n,)."""
    value, flag, slopes = _evaluated(code, columns, thetas, (item,))
    slope: FloatArray = slopes[0]
    with np.errstate(all="ignore"):
        return np.where(flag == _MINUS_TWICE_LOG, -0.5 * slope, slope / value)


def _evaluated(
    code: LikelihoodCode, columns: Mapping[str, FloatArray], thetas: FloatArray, by: Sequence[str]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return Y, F_FLAG and the derivatives of Y."""
    given = {**code.constants, "F_FLAG": code.flag, **columns}
    given |= {f"THETA({i})": values for i, values in enumerate(thetas, start=1)}
    made = evaluate(code.statements, given, by)
    if "Y" not in made:
        raise NotRecognizedError("gives Y no value")
    value = made["Y"].value
    flag = made["F_FLAG"].value if "F_FLAG" in made else np.full(value.size, code.flag)
    if not np.isin(flag, (_LIKELIHOOD, _MINUS_TWICE_LOG)).all():
        raise NotRecognizedError(
            "gives Y a prediction; expected likelihoods: LIKELIHOOD or -2LOGLIKELIHOOD in $ESTIMATION, or F_FLAG 1 or 2 at every record"
        )
    return value, flag, made["Y"].gradient


def _items(code: LikelihoodCode, nodes: Iterator[Node]) -> tuple[str, ...]:
    return tuple(sorted({node.name for node in nodes if isinstance(node, Name)} & set(code.columns)))


def _outside_conditions(statements: Sequence[Statement]) -> Iterator[Node]:
    for statement in statements:
        if isinstance(statement, Conditional):
            for body in (*(branch.body for branch in statement.branches), statement.otherwise or ()):
                yield from _outside_conditions(body)
        else:
            yield from walk(statement.value)
