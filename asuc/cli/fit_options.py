"""Options that every command has which fits a model to a cohort, and what they stand for."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import read_cohort_for
from asuc.cli.output import report
from asuc.cli.source import read_model
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.data.cohort import Cohort
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec

MethodName = Literal["fo", "foce", "focei", "laplace", "exact"]
FitMethodName = Literal[MethodName, "saem"]
CensoredName = Annotated[
    Literal["drop", "half"] | None,
    typer.Option(help="Leave censored levels out, or take half the lower limit, instead of their likelihood."),
]
CohortFile = Annotated[
    str, typer.Argument(metavar="COHORT.csv", help="Cohort in NONMEM's convention (CSV or Parquet).")
]
OutFolder = Annotated[str, typer.Option(metavar="DIR", help="Folder for the results.")]
ValuedModel = Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="Model, with its values.")]
Fixed = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Hold a parameter at a value.")]
Initial = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Start a parameter at a value.")]
Bounded = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=LOW:HIGH", help="Look for a parameter between two values; either may be left out."),
]

FitFolder = Annotated[str | None, typer.Option(metavar="DIR", help="Folder of a fit, whose estimates are taken.")]


def pairs(option: str, given: Sequence[str] | None) -> dict[str, float]:
    """Return what stands behind `--fix`, `--init` or `--reference`.

    Raises
    ------
    InputError
        For words that are not NAME=VALUE, and values that are not finite.
    """
    found: dict[str, float] = {}
    for text in given or ():
        name, sign, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            sign = ""
            number = float("nan")
        if not sign:
            raise input_error(option, f"“{text}” is not NAME=VALUE, such as cl=0.49")
        if not math.isfinite(number):
            raise input_error(option, f"“{text}” is no finite number; expected one, such as cl=0.49")
        found[name.strip()] = number
    return found


def bounds_of(given: Sequence[str] | None) -> dict[str, tuple[float, float]]:
    """Return what stands behind `--bound`: lower and upper bound by name, infinite where left out.

    Raises
    ------
    InputError
        For words that are not NAME=LOW:HIGH with at least one finite number.
    """
    found: dict[str, tuple[float, float]] = {}
    for text in given or ():
        name, sign, values = text.partition("=")
        low, colon, high = values.partition(":")
        try:
            bounds = (float(low) if low.strip() else -math.inf, float(high) if high.strip() else math.inf)
        except ValueError:
            sign, bounds = "", (math.nan, math.nan)
        if not (sign and colon) or any(map(math.isnan, bounds)) or not any(map(math.isfinite, bounds)):
            raise input_error("--bound", f"“{text}” is not NAME=LOW:HIGH, such as cl=0.1:2, cl=0.1: or cl=:2")
        found[name.strip()] = bounds
    return found


def bound_settings(bounds: Mapping[str, tuple[float, float]]) -> dict[str, list[float | None]]:
    """Return bounds as a document holds them, null where there is none."""
    return {name: [one if math.isfinite(one) else None for one in pair] for name, pair in bounds.items()}


def estimates_of(fit: str | None, model: str | None = None) -> dict[str, float]:
    """Return the estimates in the folder of a fit.

    Parameters
    ----------
    fit : str or None
        The folder; None for no fit, whose estimates are none.
    model : str or None
        Name or file of the model that they are taken for. Where its file has changed since the fit, standard error says so.

    Raises
    ------
    InputError
        Where the folder holds no fit, or that of another model.
    """
    if fit is None:
        return {}
    file = Path(fit) / "fit.json"
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8"))
        groups: list[Mapping[str, Any]] = [document[group] for group in ("theta", "omega", "sigma")]
        fitted: Mapping[str, Any] = document.get("model") or {}
        estimates = {name: float(entry["estimate"]) for group in groups for name, entry in group.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise input_error(
            str(file), "cannot be read as a fit; expected the folder that `asuc fit --out` wrote"
        ) from None
    if model is not None and fitted:
        _check_model(file, fitted, read_model(model))
    return estimates


def _check_model(file: Path, fitted: Mapping[str, Any], model: ModelSpec) -> None:
    """Refuse estimates of another model: names of parameters may be the same where what they mean is not."""
    if fitted.get("name") != model.id:
        raise input_error(str(file), f"is a fit of {fitted.get('name')}; expected one of {model.id}, as --model says")
    if fitted.get("sha256") != model.sha256:
        report(
            f"{file}: the file of {model.id} is not the same as when it was fitted; its estimates are taken all the same."
        )


@dataclass(frozen=True, slots=True)
class FitInputs:
    """What is to be fitted.

    Parameters
    ----------
    population : Population
        Model and subjects.
    parameters : tuple of PopulationParameter
        What is estimated and what held, with initial values.
    data_sha256 : str
        Hash of the cohort file.
    incomplete : Cohort
        The subjects' data with NaN for covariates that a subject has no value of.
    notes : tuple of str
        What was assumed of the file, and what stands for missing covariates where they are filled.
    """

    population: Population
    parameters: tuple[PopulationParameter, ...]
    data_sha256: str
    incomplete: Cohort
    notes: tuple[str, ...]

    def origin(self) -> dict[str, Any]:
        """Return what a result at the initial values rests on: hashes of model and data, and the values."""
        return {
            "model_sha256": self.population.model.sha256,
            "data_sha256": self.data_sha256,
            "values": {one.name: one.value for one in self.parameters},
        }


def read_inputs(
    cohort: str,
    model: str,
    *,
    initial: Mapping[str, float],
    fixed: Mapping[str, float],
    censored: Literal["drop", "half"] | None,
    is_filled: bool = True,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    has_exposure: bool = False,
) -> FitInputs:
    """Read cohort and model, and say on standard error what was assumed; of missing covariates only where they are filled.

    With ``has_exposure`` a model that no exposure is computed from is refused.

    Raises
    ------
    InputError
        With every problem of either.
    """
    from pkpd.data.censored import without_censored  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.diagnostics.level_scale import far_from_predictions  # noqa: PLC0415
    from pkpd.estimation.fit import with_changes  # noqa: PLC0415
    from pkpd.likelihood.population import bind_population  # noqa: PLC0415
    from pkpd.model.bounds import with_bounds  # noqa: PLC0415
    from pkpd.problem import refuse_forecasts  # noqa: PLC0415

    spec = with_bounds(read_model(model), bounds or {})
    if has_exposure:
        refuse_forecasts(spec)
    reading, ready = read_cohort_for(cohort, spec, is_filled=is_filled)
    data, incomplete = (
        one if censored is None else without_censored(one, censored) for one in (ready.cohort, ready.carried)
    )
    population = bind_population(spec, data)
    parameters = with_changes(population.parameters, initial=initial, fixed=fixed)
    notes = (*reading.notes, *(ready.notes if is_filled else ()))
    if far := far_from_predictions(population):
        report(f"{cohort}: {far}")
        notes = (*notes, far)
    return FitInputs(population, parameters, reading.table.sha256, incomplete, notes)
