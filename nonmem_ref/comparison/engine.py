"""A translated run in the engine: its population, its method, and fits at given estimates or from the initial ones."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nonmem_ref.control.tokens import is_short_for
from nonmem_ref.recognition.recognize import recognize
from nonmem_ref.translation.model_file import translated_model
from pkpd.errors import InputError, input_error
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.likelihood.population import bind_population
from pkpd.model.spec import ResidualKind
from pkpd.model_cohort_file import read_model_cohort

if TYPE_CHECKING:
    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.recognition.recognize import RecognizedModel
    from nonmem_ref.translation.translate import Translation
    from pkpd.data.cohort import Cohort
    from pkpd.estimation.fit import Fit

_OTHER_METHODS = {
    "CHAIN": "which makes initial estimates alone",
    "HYBRID": "which holds some ETA at 0",
    "ITS": "whose steps minimize no objective",
}


def cohort_of_run(run: Translation) -> Cohort:
    """Return the data of a run as a cohort, by the file that `asuc nonmem import` writes.

    Raises
    ------
    InputError
        With what the engine refuses in it.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cohort.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(run.head)
            writer.writerows(run.rows)
        reading = read_model_cohort(str(file), run.model.spec)
    if reading.cohort is None:
        raise InputError(reading.problems)
    return reading.cohort


def other_method(name: str) -> str:
    """Return in words why a method's objective is none of the engine's."""
    return f"is METHOD={name}, {_OTHER_METHODS.get(name, 'whose objective is sampled')}; expected METHOD=0, METHOD=1 or LAPLACIAN"


def method_of(run: Translation) -> Method:
    """Return the engine's method that is the last $ESTIMATION of a run.

    Raises
    ------
    InputError
        Where its objective is none of the engine's, with the reason.
    """
    if not run.control.estimations:
        raise input_error("$ESTIMATION", "is missing, so that there is no objective")
    last = run.control.estimations[-1]
    place = f"line {last.line}, $ESTIMATION"
    has_interaction = last.has("interaction")
    if last.has("centering"):
        raise input_error(place, "has CENTERING, whose objective the engine has not")
    if last.has("laplacian") and any(is_short_for(name, "STIELTJES") for name in last.options):
        raise input_error(place, "has STIELTJES, whose objective the engine has not")
    if last.options.get("FNLETA") == "2":
        raise input_error(place, "has FNLETA=2, which takes ETA from a file; expected those that are searched")
    if last.method == "FO":
        if last.has("laplacian"):
            raise input_error(place, "has LAPLACIAN with METHOD=0; expected METHOD=1")
        return Method.FO
    if last.method != "FOCE":
        raise input_error(place, other_method(last.method))
    residual = run.recognized.residual
    is_constant = residual.kind is ResidualKind.LOGARITHMIC or all(
        parts.proportional == 0.0 for _, parts in residual.groups
    )
    if last.has("laplacian"):
        if not has_interaction and not is_constant:
            raise input_error(
                place, "has LAPLACIAN without INTERACTION, which the engine has only for errors that do not depend on F"
            )
        return Method.LAPLACE
    return Method.FOCEI if has_interaction else Method.FOCE


def recognized_at(run: Translation, control: ControlProblem) -> RecognizedModel:
    """Return the model of a run at other estimates.

    Raises
    ------
    InputError
        Where it is not recognized there.
    """
    found = recognize(control, run.dataset)
    if found.model is None:
        raise InputError(found.problems)
    return found.model


def evaluated(run: Translation, control: ControlProblem, cohort: Cohort, method: Method) -> Fit:
    """Return the engine's evaluation of a run at the estimates of a control stream."""
    spec = translated_model(control, run.dataset, recognized_at(run, control), source="the run's estimates").spec
    return fit(bind_population(spec, cohort), FitOptions(method, most_evaluations=0, with_covariance=False))


def refitted(run: Translation, cohort: Cohort, method: Method, *, with_covariance: bool) -> Fit:
    """Return the engine's fit of a run from its initial estimates."""
    return fit(bind_population(run.model.spec, cohort), FitOptions(method, with_covariance=with_covariance))
