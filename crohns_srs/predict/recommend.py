"""What is said of one patient, `asuc-crohns/1`: effects, differences, label, chances of response, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.predict.applicability import applicability, applicability_warnings
from crohns_srs.predict.chances import chance, error_square, limits, placebo_chance
from crohns_srs.predict.contributions import contributions
from crohns_srs.predict.effects import Uncertainty, effects_on, expected, placebo_effect, single
from crohns_srs.predict.missing import missing_inputs
from crohns_srs.predict.preference import (
    Adjustment,
    best_probabilities,
    comparisons,
    counted_p,
    preference_groups,
    worthwhile_groups,
)
from crohns_srs.predict.profile import MissingInputs, filled, integrated, known_values
from crohns_srs.subgroups import ALPHA, label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.data.config import Config
    from crohns_srs.predict.case import CrohnsCase
    from crohns_srs.predict.chances import Chance
    from crohns_srs.predict.class_model import ModelSet
    from crohns_srs.predict.effects import Effects
    from crohns_srs.predict.preference import Comparison
    from crohns_srs.predict.profile import Profile
    from pkpd.arrays import FloatArray

SCHEMA = "asuc-crohns/1"
LEVEL = 0.95
"""Probability of the intervals."""
CAVEAT = "Association in pooled trials that did not randomise one class against another; no proven benefit for this patient. Research use only."

HELD_CLOSED = "Errors with trials' effects held are closed forms, the variances taken as known; `asuc crohns bootstrap` gives those of refits."
"""Said of `paper` answers by models that were not refitted."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is asked for.

    Parameters
    ----------
    uncertainty : Uncertainty
        Which error an effect has.
    missing : MissingInputs or None
        What becomes of inputs that are not known; None for what goes with the uncertainty: coherent answers integrate, the publication's take usual values.
    adjustment : Adjustment
        Which p-values the label is made of.
    worthwhile : float or None
        Smallest difference that would matter, above 0 [unit of the outcome]; None for that of the configuration.
    """

    uncertainty: Uncertainty = Uncertainty.COHERENT
    missing: MissingInputs | None = None
    adjustment: Adjustment = Adjustment.NONE
    worthwhile: float | None = None

    @property
    def is_integrated(self) -> bool:
        """Whether inputs that are not known are integrated over."""
        usual = MissingInputs.INTEGRATE if self.uncertainty is Uncertainty.COHERENT else MissingInputs.DEFAULTS
        return (self.missing or usual) is MissingInputs.INTEGRATE


def recommend(models: ModelSet, case: CrohnsCase, choices: Choices | Uncertainty = Choices()) -> dict[str, Any]:
    """Return the document of one patient.

    Classes that are not available are left out before anything is tested; the publication's rules (`paper`, `dashboard`) test first and leave them out
    of the label afterwards.

    Parameters
    ----------
    models : ModelSet
        Models.
    case : CrohnsCase
        Patient.
    choices : Choices or Uncertainty
        What is asked for; an uncertainty alone is that with all else as usual.
    """
    asked = choices if isinstance(choices, Choices) else Choices(choices)
    known, config = known_values(models, case), models.config
    profile = _profile(models, case, asked)
    effects = effects_on(models, profile, asked.uncertainty)
    ids = [one.id for one in models.classes]
    available = [k for k, name in enumerate(ids) if name not in case.unavailable]
    tested = available if asked.uncertainty is Uncertainty.COHERENT else list(range(len(ids)))
    pairs = [one for one in comparisons(effects, tested) if one.a in available and one.b in available]
    ranked = sorted(available, key=lambda k: -effects.effect[k])
    least = asked.worthwhile or config.outcome.worthwhile
    groups = preference_groups(effects, ids, case.unavailable, asked.uncertainty, asked.adjustment)
    at = limits(config, profile)
    on_placebo = {key: placebo_chance(effects, limit, LEVEL) for key, limit in at.items()}
    classes = _classes(models, effects, available, at, on_placebo)
    _add_worthwhile(classes, effects, ids, available, least)
    if asked.uncertainty is Uncertainty.DASHBOARD:
        main = next(iter(at))
        for one in classes.values():
            one["displayed_percent"] = int(one[main] * 100)  # cut, as the calculator does
    fits = applicability(models, known)
    return {
        "schema": SCHEMA,
        "uncertainty": asked.uncertainty.value,
        "case": case.label,
        "level": LEVEL,
        "placebo": _placebo(effects, on_placebo),
        "classes": classes,
        "contrasts": [_contrast(one, ids, least) for one in pairs],
        "label": label_of(groups),
        "label_adjustment": asked.adjustment.value,
        "groups": [_group(sorted(group), classes) for group in groups],
        "worthwhile": _worthwhile([ids[k] for k in ranked], pairs, least, models),
        "unavailable": list(case.unavailable),
        "imputed": list(case.imputed),
        "missing_inputs": (MissingInputs.INTEGRATE if asked.is_integrated else MissingInputs.DEFAULTS).value,
        "missing": missing_inputs(models, case, profile, asked.uncertainty, asked.adjustment)
        if asked.is_integrated
        else [],
        "contributions": {
            one.id: contributions(config, one, profile, case, asked.uncertainty)
            for one in (models.placebo, *(models.classes[k] for k in available))
        },
        "applicability": fits,
        "warnings": [
            *applicability_warnings(fits),
            *_missing_warnings(config, case, profile, is_integrated=asked.is_integrated),
            *_label_warnings(groups, pairs, ids, asked.adjustment),
            *(_boundary_warnings(models, available) if asked.uncertainty is Uncertainty.COHERENT else []),
            *([HELD_CLOSED] if asked.uncertainty is Uncertainty.PAPER and not models.is_refitted else []),
            CAVEAT,
        ],
        "models": {"id": models.id, "sha256": models.sha256},
    }


def _placebo(effects: Effects, chances: dict[str, Chance]) -> dict[str, Any]:
    found = placebo_effect(effects)
    return {
        "effect": found.value,
        "se": found.error,
        "df": found.df,
        "interval": found.interval(LEVEL),
        **_chance_fields(chances),
    }


def _profile(models: ModelSet, case: CrohnsCase, asked: Choices) -> Profile:
    return integrated(models, known_values(models, case)) if asked.is_integrated else filled(case)


def _classes(
    models: ModelSet,
    effects: Effects,
    available: list[int],
    at: dict[str, FloatArray],
    on_placebo: dict[str, Chance],
) -> dict[str, dict[str, Any]]:
    best = best_probabilities(effects, available)
    found: dict[str, dict[str, Any]] = {}
    for k, probability in zip(available, best, strict=True):
        one, both = single(effects, k), expected(effects, k)
        chances = {key: chance(effects, k, limit, LEVEL) for key, limit in at.items()}
        new = float(effects.spread[k] + error_square(effects, k).mean() + effects.expected_sets[:, k].var())
        found[models.classes[k].id] = {
            "title": models.classes[k].title,
            "effect": one.value,
            "se": one.error,
            "se_missing": one.missing_error,
            "df": one.df,
            "interval": one.interval(LEVEL),
            "expected": both.value,
            "se_expected": both.error,
            "df_expected": both.df,
            "interval_expected": both.interval(LEVEL),
            "se_prediction": float(np.sqrt(new)),
            **_chance_fields(chances),
            **{f"{key}_added": chances[key].value - on_placebo[key].value for key in at},
            "probability_best": float(probability),
        }
    return found


def _chance_fields(chances: dict[str, Chance]) -> dict[str, Any]:
    found: dict[str, Any] = {key: one.value for key, one in chances.items()}
    return found | {f"{key}_interval": [one.low, one.high] for key, one in chances.items()}


def _add_worthwhile(
    classes: dict[str, dict[str, Any]], effects: Effects, ids: list[str], available: list[int], least: float | None
) -> None:
    if least is not None:
        near = best_probabilities(effects, available, least)
        for k, probability in zip(available, near, strict=True):
            classes[ids[k]]["probability_within_worthwhile"] = float(probability)


def _contrast(one: Comparison, ids: list[str], least: float | None) -> dict[str, Any]:
    found = one.found
    interval = found.interval(LEVEL)
    entry: dict[str, Any] = {
        "a": ids[one.a],
        "b": ids[one.b],
        "difference": found.value,
        "se": found.error,
        "se_missing": found.missing_error,
        "df": found.df,
        "p": found.p,
        "p_holm": one.p_holm,
        "interval": interval,
        "probability_above_zero": found.probability_above(0.0),
    }
    if least is not None:
        entry |= {
            "probability_a_worthwhile": found.probability_above(least),
            "probability_b_worthwhile": 1.0 - found.probability_above(-least),
            "is_worthwhile": interval[0] > least or interval[1] < -least,
            "is_negligible": -least < interval[0] and interval[1] < least,
        }
    return entry


def _worthwhile(
    ranked: Sequence[str], pairs: Sequence[Comparison], least: float | None, models: ModelSet
) -> dict[str, Any] | None:
    if least is None:
        return None
    groups = worthwhile_groups(ranked, [one.id for one in models.classes], pairs, least, LEVEL)
    return {"points": least, "unit": models.config.outcome.unit, "label": label_of(groups), "groups": groups}


def _group(names: list[str], classes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"classes": names}
    percents: list[int] = [classes[name]["displayed_percent"] for name in names if "displayed_percent" in classes[name]]
    if percents:
        found["displayed_percent"] = sum(percents) / len(percents)
    return found


def _missing_warnings(config: Config, case: CrohnsCase, profile: Profile, *, is_integrated: bool) -> list[str]:
    missing = [one for one in config.covariates if one.case in case.imputed]
    if not missing:
        return []
    if is_integrated:
        said: list[str] = []
        for one in missing:
            values = profile.values[one.name] + one.centre
            if one.is_binary:
                said.append(f"{one.case} ({one.told(1.0)} {values.mean():.0%})")
            else:
                low, high = np.quantile(values, (0.05, 0.95))
                said.append(f"{one.case} (90 %: {low:.3g} to {high:.3g}{one.in_unit})")
        return [f"Not known, and averaged over what is likely given the rest: {', '.join(said)}."]
    said = [f"{one.case} {one.told(one.default)}" for one in missing]
    return [f"Not known, and taken as usual: {', '.join(said)}."]


def _boundary_warnings(models: ModelSet, available: list[int]) -> list[str]:
    """Return which models take trials as alike because theirs happened to be: their errors may be too small."""
    return [
        f"{one.title}: its {one.n_trials} trials differ no more than chance alone would make them, and degrees of freedom take that as known; its errors may be too small."
        for one in (models.placebo, *(models.classes[k] for k in available))
        if one.var_trial == 0.0
    ]


def _label_warnings(
    groups: list[list[str]], pairs: Sequence[Comparison], ids: list[str], adjustment: Adjustment
) -> list[str]:
    """Return what a label does not say: differences inside a group, and none between groups that the publication's tests of neighbours part."""
    if not groups:
        return ["No class is available; nothing can be compared."]
    place = {name: i for i, group in enumerate(groups) for name in group}
    found: list[str] = []
    for one in pairs:
        a, b = sorted((ids[one.a], ids[one.b]), key=lambda name: place[name])
        p = counted_p(one, adjustment)
        if p < ALPHA and place[a] == place[b]:
            found.append(
                f"{a} and {b} differ (p {p:.3f}), but neither from every class between them: the label joins them."
            )
        if p >= ALPHA and place[a] != place[b]:
            found.append(
                f"{a} stands before {b} in the label, but the two do not differ (p {p:.3f}): only neighbours are tested."
            )
    return found
