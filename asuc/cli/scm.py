"""`asuc scm`: a stepwise covariate search, in a folder that keeps what is done."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import check_folder, check_settings, make_folder, write_json
from asuc.cli.fit_options import (
    Bounded,
    CensoredName,
    CohortFile,
    Fixed,
    Initial,
    MethodName,
    OutFolder,
    bound_settings,
    bounds_of,
    pairs,
)
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.result_tables import FINAL, FULL, write_search
from asuc.cli.scm_inputs import SearchInputs, Wanted, read_search
from asuc.cli.scm_trace import add_to_trace, begin_trace, finish_trace, fit_of_row, key_of
from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import Resume, Scheduler, Workers, n_workers, task_farm
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asuc.cli.scm_trace import Key
    from asuc.cli.task import Compute
    from pkpd.diagnostics.trials import TestedFit, Trial

_SETTINGS, _TRACE, _RESULT = "settings.json", "trace.csv", "scm.json"


def scm(
    cohort: CohortFile,
    model: Annotated[
        str, typer.Option(metavar="NAME|FILE.toml", help="Model whose covariate effects are searched anew.")
    ],
    out: OutFolder,
    covariate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Candidate: its name in a model, or its column; repeatable."),
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Candidate whose numbers are codes, each with a multiplier of its own; repeatable."
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Searched parameter; repeatable. Those with a random effect where left out."),
    ] = None,
    form: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORM",
            help="Form of continuous covariates; repeatable. Linear, exponential, power, linear_log and hockey_stick where left "
            "out; power_log_ratio is another.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="PARAMETER:COVARIATE", help="Effect that stays in the base model; repeatable."),
    ] = None,
    p_forward: Annotated[float, typer.Option(min=0.0, max=1.0, help="An effect is taken in below this p.")] = 0.05,
    p_backward: Annotated[float, typer.Option(min=0.0, max=1.0, help="An effect stays in below this p.")] = 0.01,
    method: Annotated[MethodName, typer.Option(help="Objective that is minimised.")] = "exact",
    fix: Fixed = None,
    init: Initial = None,
    bound: Bounded = None,
    censored: CensoredName = None,
    impute: Annotated[
        Literal["median", "multiple"], typer.Option(help="What stands for covariates that a subject has no value of.")
    ] = "median",
    imputations: Annotated[
        int, typer.Option(min=2, max=1000, help="Completed cohorts for each test of --impute multiple.")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the covariates that --impute multiple draws.")] = 1,
    workers: Workers = None,
    scheduler: Scheduler = None,
    full: Annotated[
        bool, typer.Option("--full", help="Fit the full covariate model as well: every candidate at once, shrunken.")
    ] = False,
    resume: Resume = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where the folder exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Search for covariate effects step by step: forward selection, then backward elimination."""
    from pkpd.diagnostics.imputed_full_model import full_model  # noqa: PLC0415 - loads the engine
    from pkpd.diagnostics.scm import fit_trial, search_covariates  # noqa: PLC0415
    from pkpd.diagnostics.scm_document import scm_document  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    wanted = Wanted(
        parameters=tuple(parameter or ()),
        covariates=tuple(covariate or ()),
        categories=tuple(category or ()),
        forms=tuple(form or ()),
        keep=tuple(keep or ()),
        initial=pairs("--init", init),
        fixed=pairs("--fix", fix),
        bounds=bounds_of(bound),
        censored=censored,
        method=method,
        p_forward=p_forward,
        p_backward=p_backward,
        impute=impute,
        imputations=imputations if impute == "multiple" else None,
        seed=seed if impute == "multiple" else None,
    )
    given = read_search(cohort, model, wanted)
    settings = _settings(given, wanted)
    if resume:
        check_settings(folder / _SETTINGS, settings)
    with task_farm(n_workers(workers, scheduler), scheduler) as begin:
        make_folder(folder)
        write_json(folder / _SETTINGS, settings)
        # An earlier result is none of the fits that now begin.
        for name in (_RESULT, FINAL, FULL):
            (folder / name).unlink(missing_ok=True)
        kept = begin_trace(folder / _TRACE, resume=resume)
        fits = _Fits(folder, kept, begin(fit_trial, given.search))
        try:
            result = search_covariates(given.search, fits)
        except KeyboardInterrupt:
            report(f"{out}: {fits.n_done} fits are kept; the same command with --resume goes on from there.")
            raise
    finish_trace(folder / _TRACE, result.tested)
    document = scm_document(given.search, result) | {"notes": list(given.notes), "settings": settings}
    if full:
        with shown_progress("Full covariate model") as tell:
            document["full"] = full_model(given.search, tell=tell)
    write_search(folder, document)
    write_json(folder / _RESULT, document)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


class _Fits:
    """What fits the models of a step: those that are kept are taken from there, every other gets its line at once."""

    def __init__(self, folder: Path, kept: Mapping[Key, Mapping[str, str]], compute: Compute) -> None:
        self.file, self.kept, self.compute = folder / _TRACE, kept, compute
        self.n_done = 0

    def __call__(self, trials: Sequence[Trial]) -> list[TestedFit]:
        from pkpd.diagnostics.trials import failed_trial  # noqa: PLC0415 - loads the engine

        found = {key_of(one): fit_of_row(one, self.kept[key_of(one)]) for one in trials if key_of(one) in self.kept}
        missing = [one for one in trials if key_of(one) not in found]
        self.n_done += len(found)
        with shown_progress(f"{trials[0].direction.value.capitalize()} step") as tell:
            for done, (trial, outcome) in enumerate(self.compute(missing), start=1):
                fitted = outcome
                if isinstance(outcome, TaskFailure):
                    fitted = failed_trial(trial)
                    report(f"{trial.direction.value} {trial.tested or 'model'}: {outcome.reason}; it counts as failed.")
                add_to_trace(self.file, fitted)
                found[key_of(trial)] = fitted
                self.n_done += 1
                tell(done / len(missing))
        return [found[key_of(one)] for one in trials]


def _settings(given: SearchInputs, wanted: Wanted) -> dict[str, Any]:
    """Return what a result depends on, as it stands in the file."""
    options: dict[str, Any] = json.loads(json.dumps(asdict(replace(wanted, bounds={}))))
    options["bounds"] = bound_settings(wanted.bounds)
    return {"model_sha256": given.model_sha256, "data_sha256": given.data_sha256, **options}


def _sheets(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    base, final = document["base"], document["final"]
    effects = tuple(
        (one["parameter"], one["covariate"], one["form"], f"{one['reference']:.5g}", _coefficients(one))
        for one in final["effects"]
    )
    others = tuple(
        (name, f"{value:.5g}")
        for name, value in final["estimates"].items()
        if not any(name in one["coefficients"] for one in final["effects"])
    )
    test = "test, information missing" if "imputation" in document else "df"
    return [
        f"{document['n_candidates']} candidates, {document['n_fits']} fits by {document['method']} ({counted(document['n_subjects'], 'subject')}).",
        f"OFV {base['ofv']:.4f} without and {final['ofv']:.4f} with the effects that were found.",
        *_imputed(document),
        *(warning["text"] for warning in document["warnings"]),
        *document["notes"],
        Sheet("Steps", ("step", "", "effect", "change of OFV", test, "p", ""), tuple(map(_step, document["steps"]))),
        Sheet("Effects", ("parameter", "covariate", "form", "reference", "estimates"), effects, wraps=4)
        if effects
        else "No effect is in the final model.",
        Sheet("Other estimates", ("parameter", "estimate"), others),
        *_full_sheets(document),
        f"Written to {folder}.",
    ]


def _full_sheets(document: dict[str, Any]) -> list[Sheet | str]:
    """Return the full covariate model, where there is one."""
    if "full" not in document:
        return []
    full = document["full"]
    rows = tuple(
        (
            name,
            f"{one['estimate']:.4g}",
            "–" if one["se"] is None else f"{one['q025']:.4g} to {one['q975']:.4g}",
            "–" if one["se"] is None else f"{one['shrunken']:.4g} ± {one['shrunken_se']:.2g}",
        )
        for name, one in full["coefficients"].items()
    )
    bounds = f" At a bound: {', '.join(full['at_bound'])}." if full["at_bound"] else ""
    ended = f"{full['status_text']}{bounds}"
    return [Sheet("Full covariate model", ("coefficient", "estimate", "95 %", "shrunken"), rows), ended]


def _step(step: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of a step: what was selected, or what came nearest to it."""
    is_forward = step["direction"] == "forward"
    known = [one for one in step["fits"] if one["p"] is not None]
    if not known:
        return str(step["step"]), step["direction"], "", "", "", "", "every fit failed"
    best = next((one for one in known if one["selected"]), None) or (min if is_forward else max)(
        known, key=lambda one: one["p"]
    )
    verdict = ("taken in", "none taken in") if is_forward else ("removed", "all stay")
    return (
        str(step["step"]),
        step["direction"],
        f"{best['parameter']} {best['covariate']} {best['form']}",
        f"{best['change']:.3f}",
        _test(best),
        f"{best['p']:.2g}",
        verdict[0] if step["selected"] else verdict[1],
    )


def _test(fit: dict[str, Any]) -> str:
    """Return what a change of the objective is compared with: degrees of freedom of chi-square, or the pooled test."""
    if "imputation" not in fit:
        return str(fit["df"])
    pooled = fit["imputation"]
    df = "∞" if pooled["df_denominator"] is None else f"{pooled['df_denominator']:.0f}"
    return f"F({fit['df']}, {df}) {pooled['statistic']:.2f}, {pooled['missing_information_pct']:.0f} %"


def _imputed(document: dict[str, Any]) -> list[str]:
    """Return a sentence on completed cohorts, where there are any."""
    if "imputation" not in document:
        return []
    made = document["imputation"]
    failed = f"{made['n_fits_failed']} of {made['n_fits']} fits to them failed."
    tests = "1 test is" if made["n_tests"] == 1 else f"{made['n_tests']} tests are"
    return [f"{tests} pooled, each over {made['n']} completed cohorts. {failed}"]


def _coefficients(one: dict[str, Any]) -> str:
    """Return the estimates of an effect, each behind what tells it from the others."""
    prefix = f"{one['parameter']}_{one['covariate']}"
    values = {name.removeprefix(prefix).strip("_"): f"{value:.5g}" for name, value in one["coefficients"].items()}
    if one["form"] == "hockey_stick":
        values = dict(zip(("below", "above"), values.values(), strict=True))
    return ", ".join(f"{label} {value}".strip() for label, value in values.items())
