"""What is said of one patient: the engine's document as plain data, classes in the order of their expected falls."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from scipy.special import ndtr, stdtrit

from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.recommend import recommend
from dosing_app.decision.crohns.case import Tree, class_title, inputs, to_json

if TYPE_CHECKING:
    from crohns_srs.data.config import Covariate

WORTHWHILE = 20.0
"""Smallest difference that counts unless another is entered [CDAI points]."""
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
    response : float
        Chance of a response.
    response_interval : tuple of float
        Of that chance.
    probability_first : float
        Chance that its expected fall is the greatest of those compared.
    n_obs : int
        Participants behind it.
    """

    id: str
    title: str
    drug: float
    expected: float
    interval: Interval
    response: float
    response_interval: Interval
    probability_first: float
    n_obs: int


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
    p : float
        Of no difference, for this pair alone.
    """

    a: str
    b: str
    difference: float
    interval: Interval
    p: float


@dataclass(frozen=True, slots=True)
class CrohnsAnswer:
    """What is said of one patient.

    Parameters
    ----------
    tree : dict
        The case.
    uncertainty : Uncertainty
        Which error an effect has.
    level : float
        Probability of the intervals.
    worthwhile : float
        Smallest difference that counts [CDAI points].
    threshold : float
        Fall from which it counts as a response [CDAI points].
    placebo : float
        Expected fall on placebo.
    classes : tuple of ClassAnswer
        Those that can be used, the greatest expected fall first.
    contrasts : tuple of Contrast
        Every pair of them.
    contributions : dict of str to dict of str to float
        By how many points each input moves the drug part of each class, by the input's key and the class's id.
    labels : dict of Uncertainty to tuple of tuple of str
        Groups of classes, the best first, by each way to state uncertainty.
    imputed : tuple of str
        Keys of inputs that are not known.
    outside : tuple of str
        Keys of inputs beyond the values that the trials had.
    document : dict
        The engine's own, `asuc-crohns/1`.
    """

    tree: Tree
    uncertainty: Uncertainty
    level: float
    worthwhile: float
    threshold: float
    placebo: float
    classes: tuple[ClassAnswer, ...]
    contrasts: tuple[Contrast, ...]
    contributions: dict[str, dict[str, float]]
    labels: dict[Uncertainty, tuple[tuple[str, ...], ...]]
    imputed: tuple[str, ...]
    outside: tuple[str, ...]
    document: dict[str, Any]


def compute_answer(
    tree: Tree, *, uncertainty: Uncertainty = Uncertainty.COHERENT, worthwhile: float = WORTHWHILE
) -> CrohnsAnswer:
    """Return what is said of a patient.

    Parameters
    ----------
    tree : dict
        A valid case.
    uncertainty : Uncertainty
        Which error an effect has.
    worthwhile : float
        Smallest difference that counts [CDAI points].
    """
    models = shipped_models()
    case = read_case(to_json(tree), models.config)
    documents = {one: recommend(models, case, one) for one in Uncertainty}
    document = documents[uncertainty]
    n_obs = {one.id: one.n_obs for one in models.classes}
    found = [_class(name, one, n_obs[name]) for name, one in document["classes"].items()]
    classes = tuple(sorted(found, key=lambda one: -one.expected))
    return CrohnsAnswer(
        tree,
        uncertainty,
        0.95,
        worthwhile,
        models.config.outcome.response[0],
        document["placebo"]["effect"],
        classes,
        tuple(_contrast(a.id, b.id, document["contrasts"]) for a, b in combinations(classes, 2)),
        _contributions(tree, [one.id for one in classes]),
        {one: _groups(said) for one, said in documents.items()},
        tuple(document["imputed"]),
        tuple(one.case for one in inputs() if _is_outside(one, tree.get(one.case))),
        document,
    )


def probabilities_first(tree: Tree, uncertainty: Uncertainty) -> dict[str, float]:
    """Return the chance of each class that its expected fall is the greatest, by its id."""
    models = shipped_models()
    document = recommend(models, read_case(to_json(tree), models.config), uncertainty)
    return {name: one["probability_best"] for name, one in document["classes"].items()}


def _class(name: str, one: dict[str, Any], n_obs: int) -> ClassAnswer:
    reach = float(stdtrit(one["df"], 0.95)) * one["se_expected"]
    low, high = one["expected"] - reach, one["expected"] + reach
    sd = one["se_prediction"]
    chances = (float(ndtr((low - 100.0) / sd)), float(ndtr((high - 100.0) / sd)))
    return ClassAnswer(
        name,
        class_title(name),
        one["effect"],
        one["expected"],
        (low, high),
        one["response100"],
        chances,
        one["probability_best"],
        n_obs,
    )


def _contrast(a: str, b: str, contrasts: list[dict[str, Any]]) -> Contrast:
    """Return the contrast of two classes the way round that is asked for."""
    for one in contrasts:
        low, high = one["interval"]
        if (one["a"], one["b"]) == (a, b):
            return Contrast(a, b, one["difference"], (low, high), one["p"])
        if (one["a"], one["b"]) == (b, a):
            return Contrast(a, b, -one["difference"], (-high, -low), one["p"])
    raise KeyError(a, b)


def _contributions(tree: Tree, ids: list[str]) -> dict[str, dict[str, float]]:
    models = shipped_models()
    case = read_case(to_json(tree), models.config)
    return {
        one.case: {
            model.id: float(model.estimate[model.terms.index(one.name)] * case.values[one.name])
            for model in models.classes
            if model.id in ids
        }
        for one in inputs()
    }


def _groups(document: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(group["classes"]) for group in document["groups"])


def _is_outside(one: Covariate, value: object) -> bool:
    if not one.usual or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not one.usual[0] <= value <= one.usual[1]
