"""What is said of one patient, `asuc-crohns/1`: effects, differences, label and chances of response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from crohns_srs.predict.best import probabilities_best
from crohns_srs.predict.effects import Difference, Uncertainty, difference, effects_on, single
from crohns_srs.subgroups import ALPHA, adjacent_groups, label_of, transitive_groups, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from crohns_srs.predict.case import CrohnsCase
    from crohns_srs.predict.class_model import ModelSet
    from crohns_srs.predict.effects import Effects
    from pkpd.arrays import FloatArray

SCHEMA = "asuc-crohns/1"
_LEVEL = 0.95
CAVEAT = "Association in pooled trials that did not randomise one class against another; no proven benefit for this patient. Research use only."


def recommend(models: ModelSet, case: CrohnsCase, uncertainty: Uncertainty = Uncertainty.COHERENT) -> dict[str, Any]:
    """Return the document of one patient.

    Classes that are not available are left out before anything is tested; the publication's rules (`paper`, `dashboard`) test first and leave them out
    of the label afterwards.

    Parameters
    ----------
    models : ModelSet
        Models.
    case : CrohnsCase
        Patient.
    uncertainty : Uncertainty
        Which error an effect has.
    """
    effects = effects_on(models, case, uncertainty)
    ids = [one.id for one in models.classes]
    available = [k for k, name in enumerate(ids) if name not in case.unavailable]
    is_coherent = uncertainty is Uncertainty.COHERENT
    ranked = sorted(available if is_coherent else range(len(ids)), key=lambda k: -effects.effect[k])

    def p_value(a: str, b: str) -> float:
        return _p(difference(effects, ids.index(a), ids.index(b)))

    names = [ids[k] for k in ranked]
    groups = transitive_groups(names, p_value) if is_coherent else adjacent_groups(names, p_value)
    groups = without(groups, case.unavailable)
    classes = _classes(models, effects, available)
    if uncertainty is Uncertainty.DASHBOARD:
        main = _response_key(models.config.outcome.response[0])
        for one in classes.values():
            one["displayed_percent"] = int(one[main] * 100)  # cut, as the calculator does
    return {
        "schema": SCHEMA,
        "uncertainty": uncertainty.value,
        "case": case.label,
        "placebo": {"effect": effects.placebo, "se": effects.placebo_error},
        "classes": classes,
        "contrasts": [_contrast(effects, ids, a, b) for i, a in enumerate(available) for b in available[i + 1 :]],
        "label": label_of(groups),
        "groups": [_group(sorted(group), classes) for group in groups],
        "unavailable": list(case.unavailable),
        "imputed": list(case.imputed),
        "warnings": _warnings(case, groups, p_value, is_any=bool(available)),
        "models": {"id": models.id, "sha256": models.sha256},
    }


def _classes(models: ModelSet, effects: Effects, available: list[int]) -> dict[str, dict[str, Any]]:
    best = _best(effects, available)
    found: dict[str, dict[str, Any]] = {}
    for k, chance in zip(available, best, strict=True):
        one, expected = single(effects, k), effects.placebo + float(effects.effect[k])
        sd = float(np.sqrt(effects.new_variance[k]))
        found[models.classes[k].id] = {
            "title": models.classes[k].title,
            "effect": one.value,
            "se": one.error,
            "df": one.df,
            "interval": _interval(one),
            "expected": expected,
            "se_expected": float(np.sqrt(effects.total_variance[k])),
            "se_prediction": sd,
            **{_response_key(at): float(ndtr((expected - at) / sd)) for at in models.config.outcome.response},
            "probability_best": float(chance),
        }
    return found


def _best(effects: Effects, available: list[int]) -> FloatArray:
    if not available:
        return np.empty(0)
    shared = effects.shared[available]
    return probabilities_best(
        effects.effect[available],
        np.sqrt(effects.own_variance[available]),
        effects.own_df[available],
        shared @ effects.placebo_covariance @ shared.T,
    )


def _contrast(effects: Effects, ids: list[str], a: int, b: int) -> dict[str, Any]:
    found = difference(effects, a, b)
    return {
        "a": ids[a],
        "b": ids[b],
        "difference": found.value,
        "se": found.error,
        "df": found.df,
        "p": _p(found),
        "interval": _interval(found),
    }


def _group(names: list[str], classes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"classes": names}
    percents: list[int] = [classes[name]["displayed_percent"] for name in names if "displayed_percent" in classes[name]]
    if percents:
        found["displayed_percent"] = sum(percents) / len(percents)
    return found


def _warnings(
    case: CrohnsCase, groups: list[list[str]], p_value: Callable[[str, str], float], *, is_any: bool
) -> list[str]:
    found = [*case.warnings]
    if not is_any:
        found.append("No class is available; nothing can be compared.")
    for group in groups:
        found += [
            f"{a} and {b} differ (p {p_value(a, b):.3f}), but neither from every class between them: the label joins them."
            for i, a in enumerate(group)
            for b in group[i + 1 :]
            if p_value(a, b) < ALPHA
        ]
    return [*found, CAVEAT]


def _p(one: Difference) -> float:
    return float(2.0 * stdtr(one.df, -abs(one.value) / one.error))


def _interval(one: Difference) -> list[float]:
    reach = one.error * float(stdtrit(one.df, 0.5 + 0.5 * _LEVEL))
    return [one.value - reach, one.value + reach]


def _response_key(at: float) -> str:
    return f"response{at:g}"
