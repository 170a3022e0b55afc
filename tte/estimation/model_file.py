"""Models of event times as files: those of a fit, `asuc-tte-model/1`, written and read again, and published event models."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pkpd.errors import InputError, Problem, input_error
from tte.estimation.model import Effect, EventTimeModel
from tte.hazards.hazard import Hazard, Link
from tte.model.catalog import event_model_names, load_event_model

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from pkpd.arrays import FloatArray
    from tte.estimation.fit import EventFit
    from tte.model.event_model import EventModel

SCHEMA = "asuc-tte-model/1"
EXPOSURE = "LOG_AUC_CL"
"""Column of the exposure that published event models act through."""
# Below it a number loses digits.
_SMALLEST = float(np.finfo(np.float64).tiny)
_EXPECTED = "expected an event model (asuc-event-model/1) or the model.toml of a fit (asuc-tte-model/1)"


@dataclass(frozen=True, slots=True)
class ModelReading:
    """A model with its values.

    Parameters
    ----------
    model : EventTimeModel
        Every coefficient has an initial value.
    covariance : (n_coefficients, n_coefficients) array or None
        Of the coefficients on the linear scale, where the file has one.
    origin : str
        What the values come from.
    sha256 : str
        Hash of the file's bytes.
    """

    model: EventTimeModel
    covariance: FloatArray | None
    origin: str
    sha256: str


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class _EffectSection(_Section):
    parameter: str
    covariate: Annotated[str, Field(min_length=1)]
    value: float
    reference: float = 0.0


class _CovarianceSection(_Section):
    names: list[str]
    matrix: list[list[float]]


class _Logarithm(_Section):
    log: Annotated[float, Field(allow_inf_nan=False)]


class _ModelFile(_Section):
    schema_: Annotated[Literal["asuc-tte-model/1"], Field(alias="schema")]
    hazard: Annotated[Hazard, Field(strict=False)]
    origin: str = ""
    fixed: list[str] = []
    parameters: dict[str, float | _Logarithm]
    effects: list[_EffectSection] = []
    covariance: _CovarianceSection | None = None


def read_model_file(name_or_path: str) -> ModelReading:
    """Read a model: a shipped event model by its name, an event model's file, or the model file of a fit.

    Raises
    ------
    InputError
        Where there is none, or with every problem of the file.
    """
    if name_or_path in event_model_names():
        return _published(load_event_model(name_or_path))
    path = Path(name_or_path)
    try:
        content = path.read_bytes()
        data = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise input_error(name_or_path, f"cannot be read ({error.strerror or error}); {_EXPECTED}") from None
    except (ValueError, RecursionError) as error:
        raise input_error(name_or_path, f"is not valid TOML ({error}); {_EXPECTED}") from None
    if data.get("schema") == "asuc-event-model/1":
        return _published(load_event_model(path))
    if data.get("schema") != SCHEMA:
        raise input_error(name_or_path, f"has the schema {data.get('schema')!r}; {_EXPECTED}")
    try:
        found = _ModelFile.model_validate(data)
    except ValidationError as error:
        raise InputError(_problem(name_or_path, detail) for detail in error.errors()) from None
    return _fitted(found, name_or_path, hashlib.sha256(content).hexdigest())


def model_file(fit: EventFit, origin: str = "") -> str:
    """Return a fit as the text of a model file; reading it gives the same model with the same values.

    Parameters
    ----------
    fit : EventFit
        A fit with finite estimates.
    origin : str
        What a reader should know of where the values come from.
    """
    # What was held in a fit is a value like any other to those who take it over.
    model = replace(fit.model_at_estimates, fixed=frozenset())
    return model_text(model, origin, fit.covariance if np.isfinite(fit.covariance).all() else None)


def model_text(model: EventTimeModel, origin: str = "", covariance: FloatArray | None = None) -> str:
    """Return a model as the text of a model file.

    Parameters
    ----------
    model : EventTimeModel
        Every coefficient has an initial value, which becomes its value.
    origin : str
        What a reader should know of where the values come from.
    covariance : (n_coefficients, n_coefficients) array, optional
        Of the coefficients on the linear scale.
    """
    values, linear = model.given, model.initial
    lines = [
        f'schema = "{SCHEMA}"',
        f'hazard = "{model.hazard.value}" # {model.hazard.facts.equation}',
        f"origin = {json.dumps(origin, ensure_ascii=False)}",
    ]
    if model.fixed:
        held = ", ".join(json.dumps(name, ensure_ascii=False) for name in model.names if name in model.fixed)
        lines.append(f"fixed = [{held}] # held in a fit")
    lines += [
        "",
        "[parameters]",
        *(f"{one.name} = {_written(values[one.name], linear[one.name])}" for one in model.hazard.parameters),
    ]
    for effect in model.effects:
        lines += [
            "",
            "[[effects]]",
            f'parameter = "{effect.parameter}"',
            f"covariate = {json.dumps(effect.covariate, ensure_ascii=False)}",
            f"value = {float(values[effect.name])!r}",
            f"reference = {float(effect.reference)!r}",
        ]
    if covariance is not None:
        rows = ", ".join(f"[{', '.join(map(repr, row))}]" for row in covariance.tolist())
        names = ", ".join(json.dumps(name, ensure_ascii=False) for name in model.names)
        lines += ["", "[covariance] # on the scale of the links", f"names = [{names}]", f"matrix = [{rows}]"]
    return "\n".join(lines) + "\n"


def _written(value: float, linear: float) -> str:
    """Return a parameter as its value, or as its logarithm where that is all that a number holds."""
    is_held = value == linear or _SMALLEST < value < math.inf
    return repr(float(value)) if is_held else f"{{ log = {float(linear)!r} }}"


def published_model(model: EventModel, covariate: str = EXPOSURE) -> EventTimeModel:
    """Return an event model as one that can be fitted: ln H(t | x) = log_rate + shape·ln t + slope·(x - x_ref).

    Parameters
    ----------
    model : EventModel
        The event model, whose values are the initial ones.
    covariate : str
        Column of the exposure.
    """
    effect = Effect("lambda", covariate.upper(), model.x_ref)
    values = {"lambda": model.log_rate, "shape": math.log(model.shape), effect.name: model.slope}
    return EventTimeModel(Hazard.WEIBULL, (effect,), values)


def _published(model: EventModel) -> ModelReading:
    return ModelReading(published_model(model), None, model.title, model.sha256)


def _fitted(found: _ModelFile, file: str, sha256: str) -> ModelReading:
    names = [one.name for one in found.hazard.parameters]
    faults: list[Problem] = []
    if sorted(found.parameters) != sorted(names):
        message = f"are {', '.join(found.parameters) or 'none'}; the {found.hazard.value} hazard has {', '.join(names)}"
        faults.append(Problem(f"{file}, parameters", message))
    values: dict[str, float] = {}
    for parameter in found.hazard.parameters:
        value = found.parameters.get(parameter.name, 1.0)
        where = f"{file}, parameters.{parameter.name}"
        if isinstance(value, _Logarithm):
            values[parameter.name] = value.log
            if parameter.link is not Link.LOG:
                faults.append(Problem(where, "is given as a logarithm; expected a number"))
        elif parameter.link is Link.LOG and not 0.0 < value < math.inf:
            faults.append(Problem(where, f"{value:g}; expected a number above 0"))
        else:
            values[parameter.name] = math.log(value) if parameter.link is Link.LOG else value
    faults += [
        Problem(f"{file}, effects#{k}", f"acts on {one.parameter!r}; expected one of {', '.join(names)}")
        for k, one in enumerate(found.effects, start=1)
        if one.parameter not in names
    ]
    effects = tuple(Effect(one.parameter, one.covariate.upper(), one.reference) for one in found.effects)
    values |= {e.name: one.value for e, one in zip(effects, found.effects, strict=True)}
    if len({effect.name for effect in effects}) < len(effects):
        faults.append(Problem(f"{file}, effects", "hold the same covariate twice on one parameter"))
    model = EventTimeModel(found.hazard, effects, values, frozenset(found.fixed))
    faults += [
        Problem(f"{file}, fixed", f"names {name!r}; expected some of {', '.join(model.names)}")
        for name in found.fixed
        if name not in model.names
    ]
    faults += _reference_faults(model, file)
    covariance = None
    if found.covariance is not None:
        covariance = _matrix(found.covariance, model, file, faults)
    if faults:
        raise InputError(faults)
    return ModelReading(model, covariance, found.origin, sha256)


def _reference_faults(model: EventTimeModel, file: str) -> list[Problem]:
    """Return covariates with two references: a fit has one column of each."""
    by_covariate: dict[str, set[float]] = {}
    for effect in model.effects:
        by_covariate.setdefault(effect.covariate, set()).add(effect.reference)
    return [
        Problem(
            f"{file}, effects",
            f"have references {', '.join(f'{one:g}' for one in sorted(values))} of {name}; expected one",
        )
        for name, values in by_covariate.items()
        if len(values) > 1
    ]


def _matrix(section: _CovarianceSection, model: EventTimeModel, file: str, faults: list[Problem]) -> FloatArray | None:
    n = len(model.names)
    if section.names != list(model.names):
        faults.append(Problem(f"{file}, covariance.names", f"expected {', '.join(model.names)}"))
    if len(section.matrix) != n or any(len(row) != n for row in section.matrix):
        faults.append(Problem(f"{file}, covariance.matrix", f"expected {n} rows of {n} numbers"))
        return None
    matrix = np.array(section.matrix)
    if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=0.0):
        faults.append(Problem(f"{file}, covariance.matrix", "is not symmetric"))
    return matrix


def _problem(file: str, detail: ErrorDetails) -> Problem:
    where = ".".join(str(part) for part in detail["loc"])
    found = "" if detail["type"] == "missing" else f" (found {str(detail['input'])[:60]!r})"
    return Problem(f"{file}, {where}", f"{detail['msg'][0].lower()}{detail['msg'][1:]}{found}")
