"""What is said of one patient: the engine's document as plain data, classes in the order of their expected falls."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.recommend import Choices, recommend
from dosing_app.decision.crohns.case import class_title, to_json
from dosing_app.decision.crohns.compared import ClassAnswer, Contrast, Interval
from dosing_app.decision.crohns.verdict import Verdict, verdict

if TYPE_CHECKING:
    from dosing_app.decision.crohns.case import Tree


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
    threshold, remission_below : float
        Fall from which it counts as a response, and CDAI below which it is remission [CDAI points].
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
    coherent : Verdict
        What the comparison comes to by the coherent one.
    document : dict
        The engine's own, `asuc-crohns/1`.
    """

    tree: Tree
    uncertainty: Uncertainty
    level: float
    worthwhile: float
    threshold: float
    remission_below: float
    placebo: float
    classes: tuple[ClassAnswer, ...]
    contrasts: tuple[Contrast, ...]
    contributions: dict[str, dict[str, float]]
    labels: dict[Uncertainty, tuple[tuple[str, ...], ...]]
    coherent: Verdict
    document: dict[str, Any]

    @property
    def verdict(self) -> Verdict:
        """Return what the comparison comes to by the uncertainty that was asked for."""
        return verdict(self.classes, self.contrasts, self.worthwhile)


def compute_answer(
    tree: Tree, *, uncertainty: Uncertainty = Uncertainty.COHERENT, worthwhile: float | None = None
) -> CrohnsAnswer:
    """Return what is said of a patient.

    Parameters
    ----------
    tree : dict
        A valid case.
    uncertainty : Uncertainty
        Which error an effect has.
    worthwhile : float or None
        Smallest difference that counts, above 0 [CDAI points]; None for the models' own.
    """
    models = shipped_models()
    case = read_case(to_json(tree), models.config)
    documents = {one: recommend(models, case, Choices(one, worthwhile=worthwhile)) for one in Uncertainty}
    document, outcome = documents[uncertainty], models.config.outcome
    least = float(document["worthwhile"]["points"])
    classes, contrasts = _compared(document)
    assert outcome.remission is not None, "shipped with it"  # noqa: S101
    return CrohnsAnswer(
        tree,
        uncertainty,
        document["level"],
        least,
        outcome.response[0],
        outcome.remission.below,
        document["placebo"]["effect"],
        classes,
        contrasts,
        _contributions(document),
        {one: tuple(tuple(group["classes"]) for group in of["groups"]) for one, of in documents.items()},
        verdict(*_compared(documents[Uncertainty.COHERENT]), least),
        document,
    )


def _compared(document: dict[str, Any]) -> tuple[tuple[ClassAnswer, ...], tuple[Contrast, ...]]:
    """Return classes, the greatest expected fall first, and the differences of all pairs, the greater over the smaller."""
    limit = next(iter(_responses(document)), "")
    found = [_class(name, one, limit) for name, one in document["classes"].items()]
    classes = tuple(sorted(found, key=lambda one: -one.expected))
    return classes, tuple(_contrast(a.id, b.id, document["contrasts"]) for a, b in combinations(classes, 2))


def _responses(document: dict[str, Any]) -> list[str]:
    """Return the keys of the chances of a response, the main one first."""
    return [f"response{at:g}" for at in shipped_models().config.outcome.response if document["classes"]]


def _class(name: str, one: dict[str, Any], response: str) -> ClassAnswer:
    return ClassAnswer(
        id=name,
        title=class_title(name),
        drug=one["effect"],
        expected=one["expected"],
        interval=_pair(one["interval_expected"]),
        df=one["df_expected"],
        response=one[response],
        response_interval=_pair(one[f"{response}_interval"]),
        remission=one["remission"],
        remission_interval=_pair(one["remission_interval"]),
        probability_first=one["probability_best"],
    )


def _contrast(a: str, b: str, contrasts: list[dict[str, Any]]) -> Contrast:
    """Return the contrast of two classes the way round that is asked for."""
    for one in contrasts:
        low, high = one["interval"]
        if (one["a"], one["b"]) == (a, b):
            return Contrast(a, b, one["difference"], (low, high), one["p"], one["p_holm"])
        if (one["a"], one["b"]) == (b, a):
            return Contrast(a, b, -one["difference"], (-high, -low), one["p"], one["p_holm"])
    raise KeyError(a, b)


def _contributions(document: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the points of each input by class, in the order of the models."""
    found: dict[str, dict[str, float]] = {}
    for name in document["classes"]:
        for one in document["contributions"][name]["inputs"]:
            found.setdefault(one["input"], {})[name] = one["points"]
    return found


def _pair(ends: list[float]) -> Interval:
    low, high = ends
    return low, high
