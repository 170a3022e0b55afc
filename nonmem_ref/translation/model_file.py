"""A recognized model as the text of a model file (`asuc-model/1`), every number in the units of the run."""

from __future__ import annotations

import json
import math
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nonmem_ref.recognition.parameter import Coefficient
from nonmem_ref.recognition.values import coefficient_value, covariate_values, parameter_values
from nonmem_ref.translation.covariates import case_name_of, column_of, covariates_of
from nonmem_ref.translation.terms import named_terms
from pkpd.model.build import build_model
from pkpd.model.library import MODEL_FILE
from pkpd.model.schema import SCHEMA
from pkpd.model.spec import EffectForm, RandomEffectShape, ResidualKind
from pkpd.toml_file import checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.control.thetas import Theta
    from nonmem_ref.dataset.read import Dataset
    from nonmem_ref.recognition.parameter import Covariate, RandomEffect, RecognizedParameter
    from nonmem_ref.recognition.recognize import RecognizedModel
    from nonmem_ref.recognition.residual import ErrorParts
    from nonmem_ref.translation.terms import NamedTerm
    from pkpd.model.spec import ModelSpec

# NM-TRAN's bound for none.
_NO_BOUND = 1e6
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_UNITS = (
    "Every number is in the units of the run: of time, amount and concentration as in its data. "
    "Where a unit is asked for, it says “own”."
)


@dataclass(frozen=True, slots=True)
class TranslatedModel:
    """A model file.

    Parameters
    ----------
    text : str
        The file.
    spec : ModelSpec
        What the engine makes of it.
    """

    text: str
    spec: ModelSpec


def translated_model(
    control: ControlProblem, dataset: Dataset, model: RecognizedModel, *, source: str
) -> TranslatedModel:
    """Return a recognized model as a model file.

    Parameters
    ----------
    control : ControlProblem
        The control stream, for what is fixed and for bounds.
    dataset : Dataset
        Its data, for the ranges of covariates.
    model : RecognizedModel
        What was recognized.
    source : str
        Name of the control stream.

    Raises
    ------
    InputError
        For numbers that a model file cannot hold.
    """
    text = "".join(f"{line}\n" for line in _lines(_content(control, dataset, model, source=source)))
    content = checked(MODEL_FILE, tomllib.loads(text), source)
    return TranslatedModel(text, build_model(content, source, ""))


def _content(control: ControlProblem, dataset: Dataset, model: RecognizedModel, *, source: str) -> dict[str, Any]:
    known = {f"THETA({i})": theta.initial for i, theta in enumerate(control.thetas, start=1)}
    n_observations = int((dataset.columns["MDV"] == 0.0).sum())
    kind = "_".join(name for name in ("cl", "ke", "v", "v1", "q", "v2", "ka") if name in model.parameters)
    is_fixed = [block.is_fixed for block in control.omega for _ in range(block.size)]
    return {
        "schema": SCHEMA,
        "id": _identifier(source),
        "version": "1",
        "title": control.title or source,
        "citation": f"Control stream {source}",
        "population": f"{len(dataset.names)} individuals with {n_observations} observations in {dataset.file.rpartition('/')[2]}",
        "route": "oral" if "ka" in model.parameters else "iv",
        "units": "own",
        "structure": "two_compartment" if "v1" in model.parameters else "one_compartment",
        "parameterization": kind,
        "in_default_panel": False,
        "panel_reason": "Translated from a control stream of NONMEM.",
        "caveats": [_UNITS],
        "decisions": [f"Initial estimates of {source} are the values; what it fixes is fixed."],
        "domain": {"adult": True, "disease": "not said by the control stream"},
        "parameters": {name: _parameter(one, control.thetas, known) for name, one in model.parameters.items()},
        "iiv": dict(_random_effects(model, is_fixed, control.thetas)),
        "iov": dict(_occasion_effects(model, is_fixed)),
        "correlations": list(_correlations(model, is_fixed)),
        "residual": _residual(model),
        "bounds": dict(_bounds(model, control.thetas)),
        "covariates": {
            case_name_of(one): _domain(one, column, dataset) for column, one in covariates_of(model).items()
        },
        "checks": {"typical": _check(model, dataset, known)},
    }


def _identifier(source: str) -> str:
    stem = source.rpartition("/")[2].rpartition(".")[0] or source
    return (re.sub(r"[^A-Za-z0-9_.-]+", "_", stem).strip("_.-") or "imported")[:80]


def _parameter(one: RecognizedParameter, thetas: Sequence[Theta], known: Mapping[str, float]) -> dict[str, Any]:
    if not one.added:
        return {"unit": "own"} | _term(one, thetas, known)
    terms = {f"part{i}": _term(term, thetas, known) for i, term in enumerate(one.terms, start=1)}
    return {"unit": "own", "terms": terms}


def _term(one: RecognizedParameter, thetas: Sequence[Theta], known: Mapping[str, float]) -> dict[str, Any]:
    value = coefficient_value(one.typical, known)
    if one.is_log:
        value = one.typical.factor * math.exp(known[f"THETA({one.typical.theta})"])
    found: dict[str, Any] = {"value": value} | _held(one.typical, thetas)
    found["source"] = _origin(one.name, one.typical, thetas)
    if one.effects:
        found["effects"] = [
            {
                "covariate": case_name_of(effect.covariate),
                "form": effect.form.value,
                "coefficient": coefficient_value(effect.coefficient, known),
                **({"reference": effect.reference} if effect.reference or effect.form is EffectForm.POWER else {}),
                **_held(effect.coefficient, thetas),
                "source": _origin(f"{one.name}, {column_of(effect.covariate)}", effect.coefficient, thetas),
            }
            for effect in one.effects
        ]
    return found


def _held(coefficient: Coefficient, thetas: Sequence[Theta]) -> dict[str, bool]:
    """Return the mark of a number that nothing estimates: a constant, or of THETA that are all fixed."""
    of = [number for number in (coefficient.theta, coefficient.over) if number is not None]
    return {"fixed": True} if all(thetas[number - 1].is_fixed for number in of) else {}


def _origin(what: str, coefficient: Coefficient, thetas: Sequence[Theta]) -> str:
    if coefficient.theta is None:
        return f"{what}: a constant of the code"
    comment = thetas[coefficient.theta - 1].comment
    quotient = "" if coefficient.over is None else f"/THETA({coefficient.over})"
    factor = "" if coefficient.factor == 1.0 else f"{coefficient.factor:g}·"
    return f"{what}: {factor}THETA({coefficient.theta}){quotient}{f' ({comment})' if comment else ''}"


def _random_effects(
    model: RecognizedModel, is_fixed: Sequence[bool], thetas: Sequence[Theta]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in named_terms(model.parameters):
        random = one.term.random
        if random is None or model.omega[random.eta - 1, random.eta - 1] == 0.0:
            continue
        section = _on(one) | _variance(model, random)
        if random.shape is not RandomEffectShape.EXPONENTIAL:
            section["shape"] = random.shape.value
        yield one.eta, section | (_held(random.scale, thetas) if is_fixed[random.eta - 1] else {})


def _on(one: NamedTerm) -> dict[str, str]:
    """Return what says on which of several terms a random effect is."""
    return {"on": one.target} if one.key else {}


def _variance(model: RecognizedModel, random: RandomEffect) -> dict[str, Any]:
    """Return the variance of a random effect, or that of each category."""
    source = ", ".join(f"OMEGA({eta},{eta})" for eta in random.every_eta)
    if random.scale != Coefficient(1.0):
        factor = "" if random.scale.factor == 1.0 else f"{random.scale.factor:g}²·"
        source = f"{factor}{'' if random.scale.theta is None else f'THETA({random.scale.theta})²·'}{source}"
    if random.category is None:
        return {"omega2": float(model.omega[random.eta - 1, random.eta - 1]), "source": source}
    values = {category_label(code): float(model.omega[eta - 1, eta - 1]) for code, eta in random.etas}
    return {"omega2_by": {"covariate": case_name_of(random.category), "values": values}, "source": source}


def _occasion_effects(model: RecognizedModel, is_fixed: Sequence[bool]) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in named_terms(model.parameters):
        if one.term.occasion is not None:
            at = min(eta for _, eta in one.term.occasion.etas) - 1
            section: dict[str, Any] = _on(one) | {
                "omega2": float(model.omega[at, at]),
                "source": f"OMEGA({at + 1},{at + 1}), SAME",
            }
            yield one.eta, section | ({"fixed": True} if is_fixed[at] else {})


def _correlations(model: RecognizedModel, is_fixed: Sequence[bool]) -> Iterator[dict[str, Any]]:
    terms = [one for one in named_terms(model.parameters) if one.term.random is not None]
    etas = [(one.eta, one.term.random.eta - 1) for one in terms if one.term.random is not None]
    for place, (name, i) in enumerate(etas):
        for other, j in etas[:place]:
            if model.omega[i, j] != 0.0:
                value = float(model.omega[i, j] / math.sqrt(model.omega[i, i] * model.omega[j, j]))
                yield {"etas": [name, other], "value": value} | ({"fixed": True} if is_fixed[i] else {})


def _residual(model: RecognizedModel) -> dict[str, Any]:
    residual = model.residual
    found: dict[str, Any] = {"kind": residual.kind.value}
    if residual.exponent != 1.0 or residual.exponent_from:
        found["exponent"] = residual.exponent
        if residual.exponent_from:
            found["exponent_estimated"] = True
    found |= dict(_error_parts(residual.kind, residual.general))
    additive = "log" if residual.kind is ResidualKind.LOGARITHMIC else "additive"
    for key, is_there, of in (
        (f"{additive}_fixed", residual.general.additive > 0.0, residual.general.additive_from),
        ("proportional_fixed", residual.general.proportional > 0.0, residual.general.proportional_from),
    ):
        if is_there and not of:
            found[key] = True
    found["source"] = f"$ERROR: {', '.join(residual.elements) or 'constants'}"
    if residual.by_assay:
        found["by_assay"] = {
            one.name: dict(_error_parts(residual.kind, one.parts)) | {"source": _error_origin(one.parts)}
            for one in residual.by_assay
        }
    return found


def _error_parts(kind: ResidualKind, parts: ErrorParts) -> Iterator[tuple[str, float]]:
    """Yield the parts of an error that are there, by their keys."""
    additive = "log_sd" if kind is ResidualKind.LOGARITHMIC else "additive_sd_mg_per_L"
    for key, value in ((additive, parts.additive), ("proportional_sd", parts.proportional)):
        if value > 0.0:
            yield key, value


def _error_origin(parts: ErrorParts) -> str:
    return f"$ERROR: {', '.join(sorted({*parts.additive_from, *parts.proportional_from})) or 'constants'}"


def _bounds(model: RecognizedModel, thetas: Sequence[Theta]) -> Iterator[tuple[str, dict[str, float]]]:
    for one in named_terms(model.parameters):
        found = _bound(one.term.typical, thetas, is_log=one.term.is_log, is_positive=True)
        if found:
            yield one.prefix, found
        for name, effect in one.effects():
            is_positive = effect.form is EffectForm.FACTOR
            found = _bound(effect.coefficient, thetas, is_log=False, is_positive=is_positive)
            if found:
                yield name, found


def _bound(coefficient: Coefficient, thetas: Sequence[Theta], *, is_log: bool, is_positive: bool) -> dict[str, float]:
    """Return the bounds of a number that THETA is an element of; none of a quotient, and none that it has anyway."""
    if coefficient.theta is None or coefficient.over is not None or thetas[coefficient.theta - 1].is_fixed:
        return {}
    theta = thetas[coefficient.theta - 1]
    ends = [end if abs(end) < _NO_BOUND else math.copysign(math.inf, end) for end in (theta.lower, theta.upper)]
    lower, upper = sorted(coefficient.factor * (math.exp(end) if is_log else end) for end in ends)
    found = {"lower": lower, "upper": upper}
    return {side: value for side, value in found.items() if math.isfinite(value) and not (is_positive and value <= 0.0)}


def category_label(code: float) -> str:
    """Return what a category is called that has only a code."""
    return f"{code:g}"


def _domain(covariate: Covariate, column: str, dataset: Dataset) -> dict[str, Any]:
    values = covariate_values(covariate, dataset.columns)
    if covariate.is_category:
        codes, counts = np.unique(values, return_counts=True)
        return {
            "column": column,
            "unit": "category",
            "median": float(codes[int(np.argmax(counts))]),
            "median_source": "the category of most records",
            "time_varying": False,
            "categories": {category_label(float(code)): float(code) for code in codes},
        }
    low, high = (0.0, 1.0) if covariate.relation is not None else (float(values.min()), float(values.max()))
    if low == high:
        low, high = low - max(1.0, abs(low)), high + max(1.0, abs(high))
    return {
        "column": column,
        "unit": "own",
        "median": _median(covariate, dataset),
        "median_source": "the individuals' first records",
        "soft_range": [low, high],
        "soft_source": "the data of the run",
        "hard_range": [low, high],
        "time_varying": True,
    }


def _median(covariate: Covariate, dataset: Dataset) -> float:
    """Return the median of the individuals' first records, of a comparison what more of them have."""
    first = np.flatnonzero(np.concatenate(([True], np.diff(dataset.individual) != 0)))
    found = float(np.median(covariate_values(covariate, dataset.columns)[first]))
    return found if covariate.relation is None else float(found > 0.5)


def _check(model: RecognizedModel, dataset: Dataset, known: Mapping[str, float]) -> dict[str, Any]:
    """Return the first record's covariates, and the parameters that the code's formulas give there with random effects of 0."""
    values = {name: float(column[0]) for name, column in dataset.columns.items()}
    etas = {f"ETA({i + 1})": 0.0 for i in range(len(model.omega))}
    at = {**values, **known, **etas}
    return {
        "covariates": {
            case_name_of(one): float(covariate_values(one, values)) for one in covariates_of(model).values()
        },
        "expected": {name: float(parameter_values(one, at)) for name, one in model.parameters.items()},
        "source": "the formulas of $PK at the first record",
    }


def _lines(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a TOML file: keys, then tables, then lists of tables."""
    yield from _table((), content)


def _table(path: tuple[str, ...], content: Mapping[str, Any]) -> Iterator[str]:
    below = {key: value for key, value in content.items() if _is_table(value) or _is_list_of_tables(value)}
    if path and (len(below) < len(content) or not content):
        yield ""
        yield f"[{'.'.join(map(_key, path))}]"
    for key, value in content.items():
        if key not in below:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in below.items():
        if _is_table(value):
            yield from _table((*path, key), value)
            continue
        for entry in value:
            yield ""
            yield f"[[{'.'.join(map(_key, (*path, key)))}]]"
            for inner, of_it in entry.items():
                yield f"{_key(inner)} = {_value(of_it)}"


def _is_table(value: Any) -> bool:  # noqa: ANN401 - of a document
    return isinstance(value, dict)


def _is_list_of_tables(value: Any) -> bool:  # noqa: ANN401 - of a document
    return isinstance(value, list) and any(map(_is_table, cast("list[Any]", value)))


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def _value(value: Any) -> str:  # noqa: ANN401 - of a document
    """Return a value in TOML: text, numbers, truth and lists of them are written as in JSON."""
    if isinstance(value, list):
        return f"[{', '.join(map(_value, cast('list[Any]', value)))}]"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
