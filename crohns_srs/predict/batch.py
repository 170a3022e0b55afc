"""Labels of many patients at once, the same as those of each alone, in chunks that stay in the processor's cache."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from crohns_srs.design import INTERCEPT
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.population import likely_values_of_many
from crohns_srs.subgroups import ALPHA, label_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from crohns_srs.predict.class_model import ClassModel, ModelSet
    from crohns_srs.predict.population import Population
    from pkpd.arrays import BoolArray, FloatArray, IntArray

    ByteArray = NDArray[np.int8]

CHUNK = 8_192
"""Patients that are computed together."""
N_SETS = 256
"""Sets of values of a patient with inputs that are not known."""
# Of those, patients that are computed together.
_PATIENTS = 32


@dataclass(frozen=True, slots=True)
class Rule:
    """How labels are made, with what does not depend on the patient computed beforehand.

    Parameters
    ----------
    ids : tuple of str
        Classes that are labelled.
    terms : tuple of str
        Columns of the matrix of patients: those of the placebo model.
    placebo, placebo_covariance : (n_terms,), (n_terms, n_terms) array
        Its coefficients, and their covariance.
    estimate : (n_terms, n_classes) array
        Coefficients of the classes; 0 for terms that a class has not.
    covariance, lever_square : list of (n_terms, n_terms) array
        Of each class, as in `ClassModel`.
    left : list of (n_terms, n_placebo_terms) array
        How the expected outcome of each class follows the placebo model's coefficients.
    between : dict
        For each pair of classes, how its difference follows the placebo model's coefficients: the terms that do, and their part of the map.
    models : tuple of ClassModel
        The classes' models.
    placebo_model : ClassModel
        The placebo model.
    uncertainty : Uncertainty
        Whose rules.
    dropped : frozenset of str
        Classes that are left out of the labels afterwards.
    limit : float or None
        Outcome from which on there is a response; None where its chances are not asked for.
    """

    ids: tuple[str, ...]
    terms: tuple[str, ...]
    placebo: FloatArray
    placebo_covariance: FloatArray
    estimate: FloatArray
    covariance: list[FloatArray]
    lever_square: list[FloatArray]
    left: list[FloatArray]
    between: dict[tuple[int, int], tuple[list[int], FloatArray]]
    models: tuple[ClassModel, ...]
    placebo_model: ClassModel
    uncertainty: Uncertainty
    dropped: frozenset[str]
    limit: float | None


@dataclass(frozen=True, slots=True)
class Labels:
    """What is found for some patients.

    Parameters
    ----------
    code : (n,) array
        Place of each patient's label among `possible_labels`.
    placebo : (n,) array
        Expected outcome on placebo.
    effect : (n_classes, n) array
        What each class adds.
    response : (1 + n_classes, n) array
        Chance of a response on placebo and under each class; without rows where it was not asked for.
    difference_variance, difference_df : (n_pairs, n) array
        Variance of the difference of each pair of classes (first and second, first and third, …), and its degrees of freedom.
    """

    code: IntArray
    placebo: FloatArray
    effect: FloatArray
    response: FloatArray
    difference_variance: FloatArray
    difference_df: FloatArray


def create_rule(
    models: ModelSet, uncertainty: Uncertainty, unavailable: Sequence[str] = (), limit: float | None = None
) -> Rule:
    """Return the rule of some models.

    Parameters
    ----------
    models : ModelSet
        Models.
    uncertainty : Uncertainty
        Whose errors and tests.
    unavailable : sequence of str
        Classes that are not to be had: left out before anything is tested, or by the publication's rules afterwards.
    limit : float or None
        Outcome from which on there is a response, for its chances.
    """
    is_coherent, is_paper = uncertainty is Uncertainty.COHERENT, uncertainty is Uncertainty.PAPER
    kept = tuple(one for one in models.classes if not (is_coherent and one.id in unavailable))
    placebo = models.placebo
    places = [[placebo.terms.index(term) for term in one.terms] for one in kept]
    width = len(placebo.terms)
    estimate = np.zeros((width, len(kept)))
    for k, (one, place) in enumerate(zip(kept, places, strict=True)):
        estimate[place, k] = one.held_estimate if is_paper else one.estimate
    carried = [_rows(one.carried, place, width) for one, place in zip(kept, places, strict=True)]
    between: dict[tuple[int, int], tuple[list[int], FloatArray]] = {}
    for a, b in combinations(range(len(kept)), 2):
        apart = carried[a] - carried[b]
        # What is rounding next to the identity that both hold is none of it.
        used = [j for j in range(width) if is_coherent and np.abs(apart[:, j]).max() > 1e-9]
        between[a, b] = used, apart[:, used]
    return Rule(
        tuple(one.id for one in kept),
        placebo.terms,
        placebo.held_estimate if is_paper else placebo.estimate,
        placebo.held_covariance if is_paper else placebo.covariance,
        estimate,
        [
            _square(one.held_covariance if is_paper else one.covariance, place, width)
            for one, place in zip(kept, places, strict=True)
        ],
        [_square(one.lever_square, place, width) for one, place in zip(kept, places, strict=True)],
        [np.eye(width) - one for one in carried],
        between,
        kept,
        placebo,
        uncertainty,
        frozenset(unavailable),
        limit,
    )


def possible_labels(rule: Rule) -> list[str]:
    """Return every label that a rule can give, in the order of their codes: 13 of three classes."""
    return [label_of(_groups(rule, levels)) for levels in _weak_orders(len(rule.ids))]


def label_levels(rule: Rule) -> IntArray:
    """Return the group of each class in every label that a rule can give, 0 for the best, (n_labels, n_classes), in the order of their codes."""
    return np.array(_weak_orders(len(rule.ids)), dtype=np.int64)


def label_chunks(
    rule: Rule, columns: Mapping[str, FloatArray], n: int, population: Population | None = None
) -> Iterator[tuple[slice, Labels]]:
    """Yield the labels of patients, chunk by chunk.

    Parameters
    ----------
    rule : Rule
        How.
    columns : mapping of str to (n,) array
        Covariates by term, centred; NaN where not known, for which there must be a population.
    n : int
        Patients.
    population : Population or None
        Where given, inputs that are not known are integrated over.
    """
    codes = _codes(len(rule.ids))
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        matrix = np.empty((len(rule.terms), part.stop - part.start))
        for j, term in enumerate(rule.terms):
            matrix[j] = 1.0 if term == INTERCEPT else columns[term][part]
        found = _labels(rule, codes, matrix)
        if population is not None:
            for own, sets in _completed(rule, matrix, population):
                _put(found, own, _labels(rule, codes, sets, N_SETS))
        yield part, found


def _completed(rule: Rule, matrix: FloatArray, population: Population) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield patients of whom the same inputs are not known, some at a time, and what theirs may be: columns of a matrix, all sets of a patient beside each other."""
    is_missing = np.isnan(matrix)
    if not is_missing.any():
        return
    patterns, which = np.unique(is_missing, axis=1, return_inverse=True)
    terms = [rule.terms.index(term) for term in population.terms]
    for i in range(patterns.shape[1]):
        if not patterns[:, i].any():
            continue
        rows = np.flatnonzero(which.ravel() == i).astype(np.int64)
        for start in range(0, rows.size, _PATIENTS):
            own = rows[start : start + _PATIENTS]
            known = {rule.terms[j]: matrix[j, own] for j in terms if not patterns[j, i]}
            likely = likely_values_of_many(population, known, N_SETS)
            sets = np.repeat(matrix[:, own], N_SETS, axis=1)
            for term, values in likely.items():
                sets[rule.terms.index(term)] = np.broadcast_to(values, (own.size, N_SETS)).ravel()
            yield own, sets


def _put(found: Labels, own: IntArray, of: Labels) -> None:
    """Put the labels of some patients in their place."""
    found.code[own] = of.code
    found.placebo[own] = of.placebo
    for whole, part in (
        (found.effect, of.effect),
        (found.response, of.response),
        (found.difference_variance, of.difference_variance),
        (found.difference_df, of.difference_df),
    ):
        whole[:, own] = part


def _labels(rule: Rule, codes: IntArray, matrix: FloatArray, n_sets: int = 1) -> Labels:
    """Return the labels of patients whose rows are the columns of a matrix, so that every step runs along memory.

    Where a patient has several sets of values, they are beside each other, and estimates and variances are means over them (see `effects`).
    """
    sets = rule.estimate.T @ matrix
    placebo = rule.placebo @ matrix
    own = np.array([_quadratic(matrix, one) for one in rule.covariance]).reshape(sets.shape)
    effect = _mean(sets, n_sets)
    position = _positions(effect)
    variance, df = _differences(rule, matrix, own, sets, n_sets)
    cuts = _cuts(rule, position, _clear(rule, effect, variance, df))
    digits = np.zeros(effect.shape[1], dtype=np.int64)
    for k in range(len(rule.ids)):
        for i, cut in enumerate(cuts):
            digits += (cut & (position[k] > i)) * len(rule.ids) ** k
    response = _mean(_responses(rule, matrix, placebo, sets, own), n_sets)
    return Labels(codes[digits], _mean(placebo, n_sets), effect, response, variance, df)


def _mean(values: FloatArray, n_sets: int) -> FloatArray:
    """Return the mean over the sets of each patient, which are beside each other in the last axis."""
    if n_sets == 1:
        return values
    return values.reshape(*values.shape[:-1], values.shape[-1] // n_sets, n_sets).mean(axis=-1)


def _responses(rule: Rule, matrix: FloatArray, placebo: FloatArray, effect: FloatArray, own: FloatArray) -> FloatArray:
    """Return the chance of a response on placebo and under each class, (1 + n_classes, n); none where it is not asked for."""
    if rule.limit is None:
        return np.zeros((0, matrix.shape[1]))
    base = rule.placebo_model
    chances = np.empty((1 + len(rule.ids), matrix.shape[1]))
    variance = _quadratic(matrix, rule.placebo_covariance) + base.var_trial + base.var_residual
    chances[0] = ndtr((placebo - rule.limit) / np.sqrt(variance))
    for k, one in enumerate(rule.models):
        variance = own[k] + one.var_trial + one.var_residual
        if rule.uncertainty is Uncertainty.COHERENT:
            variance = variance + _quadratic(rule.left[k].T @ matrix, base.covariance)
        chances[1 + k] = ndtr((placebo + effect[k] - rule.limit) / np.sqrt(variance))
    return chances


def _positions(effect: FloatArray) -> list[ByteArray]:
    """Return how many classes come before each, the best first and equal ones in their order."""
    position: list[ByteArray] = [np.zeros(effect.shape[1], dtype=np.int8) for _ in effect]
    for a, b in combinations(range(effect.shape[0]), 2):
        is_second: BoolArray = effect[b] > effect[a]
        position[a] += is_second
        position[b] += ~is_second
    return position


def _cuts(rule: Rule, position: list[ByteArray], clear: dict[tuple[int, int], BoolArray]) -> list[BoolArray]:
    """Return whether the label parts the classes after each position."""
    is_adjacent = rule.uncertainty is not Uncertainty.COHERENT
    n = position[0].size if position else 0
    cuts: list[BoolArray] = [np.full(n, fill_value=not is_adjacent) for _ in range(len(rule.ids) - 1)]
    for (a, b), differ in clear.items():
        first, last = np.minimum(position[a], position[b]), np.maximum(position[a], position[b])
        for i in range(len(cuts)):
            if is_adjacent:
                cuts[i] |= differ & (first == i) & (last == i + 1)
            else:
                cuts[i] &= differ | (first > i) | (last <= i)
    return cuts


def _differences(
    rule: Rule, matrix: FloatArray, own: FloatArray, sets: FloatArray, n_sets: int
) -> tuple[FloatArray, FloatArray]:
    """Return variance and degrees of freedom of the difference of each pair of classes, (n_pairs, n) each."""
    is_coherent = rule.uncertainty is Uncertainty.COHERENT
    mean_own = _mean(own, n_sets)
    variances = np.empty((len(rule.between), mean_own.shape[1] if rule.ids else matrix.shape[1] // n_sets))
    degrees = np.empty_like(variances)
    spent = [
        _spent(model, mean_own[k], _mean(_quadratic(matrix, rule.lever_square[k]), n_sets)) if is_coherent else own[k]
        for k, model in enumerate(rule.models)
    ]
    for i, ((a, b), (used, apart)) in enumerate(rule.between.items()):
        variance: FloatArray = mean_own[a] + mean_own[b]
        df: FloatArray | float = float(rule.models[a].df_test + rule.models[b].df_test)
        if is_coherent:
            squares: FloatArray = spent[a] + spent[b]
            if used:
                shared = apart.T @ matrix
                kept = np.ix_(used, used)
                from_placebo = _mean(_quadratic(shared, rule.placebo_model.covariance[kept]), n_sets)
                lever = _mean(_quadratic(shared, rule.placebo_model.lever_square[kept]), n_sets)
                squares = squares + _spent(rule.placebo_model, from_placebo, lever)
                variance = variance + from_placebo
            df = variance**2 / squares
        if n_sets > 1:
            # What is not known adds to the variance, and its own variance is known (Welch and Satterthwaite).
            total = variance + (sets[a] - sets[b]).reshape(-1, n_sets).var(axis=1)
            df = df * (total / variance) ** 2
            variance = total
        variances[i], degrees[i] = variance, df
    return variances, degrees


def _clear(rule: Rule, effect: FloatArray, variance: FloatArray, df: FloatArray) -> dict[tuple[int, int], BoolArray]:
    """Return for each pair of classes whether its difference has p < 0.05."""
    return {
        (a, b): _is_clear((effect[a] - effect[b]) ** 2 / variance[i], df[i]) for i, (a, b) in enumerate(rule.between)
    }


def _spent(model: ClassModel, variance: FloatArray, lever_square: FloatArray) -> FloatArray:
    """Return v²/df of a variance by Satterthwaite's rule, which needs no division."""
    c = model.spread
    return 0.5 * (c[0, 0] * variance**2 + 2.0 * c[0, 1] * variance * lever_square + c[1, 1] * lever_square**2)


def _is_clear(t_square: FloatArray, df: FloatArray) -> BoolArray:
    """Return whether p < 0.05; only where t is near enough to the limit for the degrees of freedom to matter are these looked at."""
    least = float(stdtrit(np.inf, 1.0 - 0.5 * ALPHA)) ** 2
    most = float(stdtrit(float(df.min()), 1.0 - 0.5 * ALPHA)) ** 2
    found: BoolArray = t_square > most
    near = np.flatnonzero((t_square > least) & ~found)
    found[near] = 2.0 * stdtr(df[near], -np.sqrt(t_square[near])) < ALPHA
    return found


def _quadratic(columns: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return c'Mc of each column."""
    product = matrix @ columns
    product *= columns
    return product.sum(axis=0)


def _rows(matrix: FloatArray, place: list[int], width: int) -> FloatArray:
    found = np.zeros((width, matrix.shape[1]))
    found[place] = matrix
    return found


def _square(matrix: FloatArray, place: list[int], width: int) -> FloatArray:
    found = np.zeros((width, width))
    found[np.ix_(place, place)] = matrix
    return found


def _weak_orders(n: int) -> list[tuple[int, ...]]:
    """Return every way to rank classes with ties: the level of each class, the best 0."""
    orders: list[tuple[int, ...]] = [()]
    for _ in range(n):
        orders = [(*one, level) for one in orders for level in range(n)]
    return [one for one in orders if set(one) == set(range(max(one, default=-1) + 1))]


def _codes(n: int) -> IntArray:
    """Return the place of each ranking among all, by its levels as digits of a number."""
    found = np.full(n**n if n else 1, -1, dtype=np.int64)
    for i, levels in enumerate(_weak_orders(n)):
        found[sum(level * n**k for k, level in enumerate(levels))] = i
    return found


def _groups(rule: Rule, levels: tuple[int, ...]) -> list[list[str]]:
    groups: list[list[str]] = [[] for _ in range(max(levels, default=-1) + 1)]
    for name, level in zip(rule.ids, levels, strict=True):
        if name not in rule.dropped:
            groups[level].append(name)
    return [one for one in groups if one]
