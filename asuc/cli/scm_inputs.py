"""What `asuc scm` searches: the base model, the cohort with every candidate covariate, and the candidates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from asuc.cli.cohort_source import whole_cohort
from asuc.cli.output import report
from asuc.cli.source import read_model
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.data.cohort import Cohort
    from pkpd.diagnostics.candidates import CovariateForm
    from pkpd.diagnostics.trials import Search, SearchImputation
    from pkpd.model.spec import CovariateDomain, ModelSpec

# Columns of covariates that no shipped model reads.
_OTHER_COLUMNS = {"age_year": "AGE", "height_cm": "HT"}
_UNIT_OF_FILE = "in the unit of the file"
# Fits of completed cohorts before those that a test is of: what the first were drawn with is forgotten by then.
_TURNS = 3
# Codes of a category whose effects a search can still tell apart.
_MOST_CODES = 20
_BMI, _FOR_BMI = "bmi_kg_per_m2", ("weight_kg", "height_cm")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options of the command ask for.

    Parameters
    ----------
    parameters : tuple of str
        Parameters that effects are searched on; empty for those with a random effect.
    covariates, categories : tuple of str
        Candidates, by their name in a model or their column; of the second the numbers are codes.
    forms : tuple of str
        Forms of continuous covariates; empty for the usual ones.
    keep : tuple of str
        Effects that stay in the base model, as PARAMETER:COVARIATE.
    initial, fixed : dict of str to float
        Changes of the base model's parameters.
    bounds : dict of str to (float, float)
        Bounds of the base model's parameters.
    censored : "drop", "half" or None
        What is done with censored levels.
    method : str
        Objective.
    p_forward, p_backward : float
        Limits of p.
    impute : "median" or "multiple"
        What stands for missing covariates.
    imputations, seed : int or None
        Completed cohorts, and what they are drawn from; None where nothing is drawn.
    """

    parameters: tuple[str, ...]
    covariates: tuple[str, ...]
    categories: tuple[str, ...]
    forms: tuple[str, ...]
    keep: tuple[str, ...]
    initial: Mapping[str, float]
    fixed: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]]
    censored: Literal["drop", "half"] | None
    method: str
    p_forward: float
    p_backward: float
    impute: Literal["median", "multiple"] = "median"
    imputations: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class SearchInputs:
    """A search and what was said of it.

    Parameters
    ----------
    search : Search
        What is searched.
    notes : tuple of str
        Forms that are not tried, and why.
    model_sha256, data_sha256 : str
        Hashes of the files.
    """

    search: Search
    notes: tuple[str, ...]
    model_sha256: str
    data_sha256: str


def read_search(cohort: str, model: str, wanted: Wanted) -> SearchInputs:
    """Read cohort and model, and say on standard error what was assumed.

    Raises
    ------
    InputError
        With every problem of the files, or of what is asked for.
    """
    from pkpd.data.censored import without_censored  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.diagnostics.candidates import (  # noqa: PLC0415
        candidate_relations,
        covariate_values,
        without_effects,
    )
    from pkpd.diagnostics.level_scale import far_from_predictions  # noqa: PLC0415
    from pkpd.diagnostics.trials import Search  # noqa: PLC0415
    from pkpd.estimation.fit import with_changes  # noqa: PLC0415
    from pkpd.estimation.objectives import Method  # noqa: PLC0415
    from pkpd.likelihood.population import (  # noqa: PLC0415
        bind_population,
        check_occasions_and_centres,
        hold_idle_errors,
    )
    from pkpd.model.bounds import with_bounds  # noqa: PLC0415
    from pkpd.model.population import population_parameters  # noqa: PLC0415
    from pkpd.model_cohort_file import read_model_cohort  # noqa: PLC0415
    from pkpd.model_covariates import with_model_covariates  # noqa: PLC0415

    if not (wanted.covariates or wanted.categories):
        raise input_error("--covariate", "is missing; expected at least one candidate, or one of --category")
    spec = read_model(model)
    parameters = wanted.parameters or tuple(dict.fromkeys(term.parameter for term in spec.terms if term.eta))
    forms = _forms(wanted.forms)
    kept = _kept(spec, wanted.keep)
    coded = {one.name for one in _domains(spec, wanted.categories)}
    candidates = _domains(spec, (*wanted.covariates, *wanted.categories))
    wider = _with_candidates(spec, candidates)
    # A column that is missing may be computed, and is asked for below.
    reading = read_model_cohort(cohort, wider, columns=_columns(wider), needed=())
    data = _with_body_mass_index(whole_cohort(reading), wider)
    _check_columns(data, cohort, candidates)
    candidates = tuple(_with_codes(one, data) if one.name in coded else one for one in candidates)
    wider = _with_candidates(spec, candidates)
    check_occasions_and_centres(spec, data)
    ready = with_model_covariates(data, wider)
    is_drawn = wanted.impute == "multiple"
    for note in (*reading.notes, *(() if is_drawn else ready.notes)):
        report(f"{cohort}: {note}")
    values = {one.name: covariate_values(ready.cohort, one) for one in candidates}
    relations, notes = candidate_relations(wider, values, parameters=parameters, forms=forms, kept=kept)
    base = with_bounds(without_effects(wider, parameters, kept), wanted.bounds)
    data, incomplete = (
        one if wanted.censored is None else without_censored(one, wanted.censored)
        for one in (ready.cohort, ready.carried)
    )
    if far := far_from_predictions(bind_population(base, data)):
        report(f"{cohort}: {far}")
    search = Search(
        base=base,
        cohort=data,
        parameters=with_changes(
            hold_idle_errors(population_parameters(base), base, data), initial=wanted.initial, fixed=wanted.fixed
        ),
        candidates=relations,
        method=Method(wanted.method),
        p_forward=wanted.p_forward,
        p_backward=wanted.p_backward,
        values=values,
    )
    if is_drawn:
        search = replace(search, imputation=_imputation(cohort, search, incomplete, wanted))
    return SearchInputs(search, notes, spec.sha256, reading.table.sha256)


def _imputation(path: str, search: Search, incomplete: Cohort, wanted: Wanted) -> SearchImputation | None:
    """Return how missing covariates are drawn, and say so; None where none is missing.

    Raises
    ------
    InputError
        For what cannot be drawn.
    """
    from pkpd.diagnostics.imputed_trial import search_imputation  # noqa: PLC0415 - loads the engine
    from pkpd.estimation.multiple_imputation import ImputationOptions  # noqa: PLC0415

    assert wanted.imputations is not None, "what is drawn is drawn some times"  # noqa: S101 (built by the command)
    options = ImputationOptions(wanted.imputations, wanted.seed or 0, burn_in=_TURNS)
    found = search_imputation(search, incomplete, options)
    if found is None:
        report(f"{path}: no covariate of the search is missing; nothing is drawn.")
        return None
    for name, n in found.missing.items():
        whom = "subject" if n == 1 else "subjects"
        report(
            f"{path}: {name} is missing in {n} {whom}; each test that it matters to draws it {options.n_imputations} times."
        )
    return found


def _forms(names: Sequence[str]) -> tuple[CovariateForm, ...]:
    """Return the forms of continuous covariates."""
    from pkpd.diagnostics.candidates import DEFAULT_FORMS, CovariateForm  # noqa: PLC0415

    known = {form.value: form for form in CovariateForm if form is not CovariateForm.CATEGORY}
    if unknown := [name for name in names if name not in known]:
        raise input_error(
            "--form", f"“{unknown[0]}” is not a form of continuous covariates, which are {', '.join(known)}"
        )
    return tuple(dict.fromkeys(known[name] for name in names)) or DEFAULT_FORMS


def _kept(spec: ModelSpec, keep: Sequence[str]) -> set[tuple[str, str]]:
    """Return the effects that stay in the base model."""
    known = {(term.parameter, effect.covariate) for term in spec.terms for effect in term.effects}
    found: set[tuple[str, str]] = set()
    for text in keep:
        parameter, _, covariate = text.partition(":")
        if (parameter, covariate) not in known:
            names = ", ".join(f"{one}:{other}" for one, other in sorted(known)) or "none"
            raise input_error("--keep", f"“{text}” is not an effect of {spec.id}, which has {names}")
        found.add((parameter, covariate))
    return found


def _domains(spec: ModelSpec, names: Sequence[str]) -> tuple[CovariateDomain, ...]:
    """Return the domains of the candidates: the model's own, that of a shipped model, or of a column that no model reads."""
    from pkpd.model import load_model, model_names  # noqa: PLC0415

    known: dict[str, CovariateDomain] = dict(spec.covariates)
    for other in model_names():
        known = {**load_model(other).covariates, **known}
    by_column = {one.column.upper(): one.name for one in known.values()} | {
        column: name for name, column in _OTHER_COLUMNS.items()
    }
    found: dict[str, CovariateDomain] = {}
    for name in names:
        full = name if name in known else by_column.get(name.upper(), name)
        found[full] = known[full] if full in known else _column_domain(full)
    return tuple(found.values())


def _column_domain(name: str) -> CovariateDomain:
    """Return the domain of a covariate that nothing is known of but its column."""
    from math import inf, nan  # noqa: PLC0415

    from pkpd.model.spec import COVARIATE_UNITS, CovariateDomain  # noqa: PLC0415

    return CovariateDomain(
        name=name if name in COVARIATE_UNITS else name.lower(),
        column=_OTHER_COLUMNS.get(name, name.upper()),
        unit=COVARIATE_UNITS.get(name, _UNIT_OF_FILE),
        median=nan,
        median_source="",
        soft_range=(-inf, inf),
        soft_source="",
        hard_range=(-inf, inf),
        low_excluded=False,
        time_varying=True,
    )


def _with_candidates(spec: ModelSpec, candidates: Sequence[CovariateDomain]) -> ModelSpec:
    return replace(spec, covariates={**spec.covariates, **{one.name: one for one in candidates}})


def _with_codes(domain: CovariateDomain, cohort: Cohort) -> CovariateDomain:
    """Return the domain of a candidate whose numbers are codes: those of the model, else those that the cohort holds.

    Raises
    ------
    InputError
        Where its values are no codes.
    """
    import numpy as np  # noqa: PLC0415

    if domain.categories:
        return domain
    values = cohort.covariates[domain.name]
    codes = np.unique(values[~np.isnan(values)])
    broken = codes[codes != np.rint(codes)]
    if broken.size or codes.size > _MOST_CODES:
        found = f"holds {broken[0]:g}" if broken.size else f"has {codes.size} different values"
        message = f"{found}; expected codes: whole numbers, {_MOST_CODES} of them at most"
        raise input_error(f"--category {domain.name}", message)
    return replace(domain, categories=tuple((f"{code:g}", float(code)) for code in codes))


def _columns(model: ModelSpec) -> dict[str, str]:
    """Return the covariates of the columns, those included that a body-mass index can be computed from."""
    columns = {one.column: one.name for one in model.covariates.values()}
    if _BMI in model.covariates:
        columns = {"WT": _FOR_BMI[0], "HT": _FOR_BMI[1], **columns}
    return columns


def _with_body_mass_index(cohort: Cohort, model: ModelSpec) -> Cohort:
    """Return a cohort with the body-mass index, where it is asked for and can be computed."""
    from pkpd.model_covariates import with_body_mass_index  # noqa: PLC0415

    if _BMI not in model.covariates or _BMI in cohort.covariates or not set(_FOR_BMI) <= cohort.covariates.keys():
        return cohort
    report(f"{_BMI} is computed from weight_kg and height_cm.")
    return with_body_mass_index(cohort)


def _check_columns(cohort: Cohort, path: str, candidates: Sequence[CovariateDomain]) -> None:
    """Refuse candidates that the file does not hold."""
    import numpy as np  # noqa: PLC0415

    problems = [
        Problem(f"--covariate {one.name}", f"{path} has no column {one.column}; it has {', '.join(cohort.covariates)}")
        for one in candidates
        if one.name not in cohort.covariates
    ]
    problems += [
        Problem(f"--covariate {one.name}", f"column {one.column} of {path} is empty")
        for one in candidates
        if one.name in cohort.covariates and np.isnan(cohort.covariates[one.name]).all()
    ]
    if problems:
        raise InputError(problems)
