"""`asuc tte bootstrap`: a fit of event times to drawn subjects, many times, in a folder that keeps what is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import SETTINGS, check_folder, check_settings, make_folder, write_csv, write_json
from asuc.cli.figure_files import forget_figures
from asuc.cli.fit_options import Fixed, Initial, OutFolder, pairs
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import FewWorkers, Resume, Scheduler, n_workers, task_farm
from asuc.cli.tte_bootstrap_table import add_to_table, begin_table, finish_table
from asuc.cli.tte_landmark import (
    beside_entry,
    draw_side_by_side,
    forget_beside,
    populations,
    sets_of,
    side_by_side,
)
from asuc.cli.tte_options import (
    Covariates,
    EventsFile,
    HazardName,
    LandmarkDay,
    ModelFile,
    References,
    check_typed,
    read_event_time_model,
    read_event_times,
)
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from asuc.cli.task import Begin, Compute
    from asuc.cli.tte_landmark import EventPopulation
    from pkpd.figures.sheet import Drawing
    from tte.estimation.bootstrap import Resampled
    from tte.estimation.fit import EventFit
    from tte.estimation.model import EventTimeModel

_REPLICATES, _RESULT = "replicates.csv", "bootstrap.json"
# Fits of one task: what is lost with a worker, or with Ctrl-C, stays small.
_BLOCK = 100
_COLUMNS = ("estimate", "se", "bias", "q025", "q50", "q975")
_REFUSAL = "Not fitted to"


@dataclass(slots=True)
class _Run:
    """The fits of one population as they come in.

    Parameters
    ----------
    original : EventFit
        The fit to all its subjects.
    file : Path
        Their table.
    fits : dict of int to Resampled
        By number, those that an earlier run left included.
    n_resumed : int
        How many of those wanted an earlier run left.
    failures : list of str
        Sentences on fits that were not made.
    """

    original: EventFit
    file: Path
    fits: dict[int, Resampled]
    n_resumed: int
    failures: list[str] = field(default_factory=list[str])

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns of the estimates."""
        from tte.estimation.intervals import axis_name  # noqa: PLC0415 - loads the engine

        return tuple(axis_name(*one) for one in zip(self.original.model.names, self.original.model.links, strict=True))

    def used(self, n: int) -> list[Resampled]:
        """Return the first fits in the order of their numbers."""
        return [self.fits[number] for number in range(1, n + 1)]


def bootstrap(
    events: EventsFile,
    out: OutFolder,
    hazard: Annotated[HazardName | None, typer.Option(help="Hazard.")] = None,
    covariate: Covariates = None,
    reference: References = None,
    model: ModelFile = None,
    fix: Fixed = None,
    init: Initial = None,
    landmark: LandmarkDay = None,
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="Fits.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same subjects.")] = 1,
    workers: FewWorkers = None,
    scheduler: Scheduler = None,
    resume: Resume = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where the folder exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit a hazard to subjects drawn with replacement, many times; write intervals, and how the fits ended."""
    from tte.estimation.bootstrap import bootstrap_document  # noqa: PLC0415 - loads the engine

    folder = check_folder(out, force=force or resume)
    wanted, origin = read_event_time_model(
        hazard, model, covariates=covariate, references=reference, initial=init, fixed=fix
    )
    given = read_event_times(events, wanted.covariates, landmark)
    check_typed(wanted, given.events, references=reference, initial=init, fixed=fix)
    settings: dict[str, Any] = {
        "data_sha256": given.data_sha256,
        "model_sha256": origin and origin["sha256"],
        "hazard": wanted.hazard.value,
        "effects": {effect.name: effect.reference for effect in wanted.effects},
        "fix": pairs("--fix", fix),
        "init": pairs("--init", init),
        "landmark_day": landmark,
        "seed": seed,
    }
    if resume:
        check_settings(folder / SETTINGS, settings)
    people = populations(given.events, given.landmark, refusal=_REFUSAL)
    with task_farm(n_workers(workers, scheduler, usual=1), scheduler) as begin:
        found = _resampled(folder, people, wanted, begin, (n, seed), settings, resume=resume)

    def documented(run: _Run) -> dict[str, Any]:
        own = {"n_resumed": run.n_resumed, "failures": sorted(run.failures)}
        return bootstrap_document(run.original, run.used(n)) | own

    document = documented(found[0][1])
    document |= {"seed": seed, "settings": settings, "beside": beside_entry(found, "bootstrap", documented)}
    _write(folder, document)
    if not no_figures:
        draw_side_by_side(folder, found, lambda one, run: _figures(run, n, one.called))
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), f"Written to {folder}."]))


def _resampled(
    folder: Path,
    people: Sequence[EventPopulation],
    wanted: EventTimeModel,
    begin: Begin,
    drawn: tuple[int, int],
    settings: dict[str, Any],
    *,
    resume: bool,
) -> list[tuple[EventPopulation, _Run]]:
    """Fit each population, then its samples, and write their tables; ``drawn`` is how many, and the seed."""
    from tte.estimation.fit import fit as fit_events  # noqa: PLC0415 - loads the engine

    n, seed = drawn
    originals = side_by_side(people, lambda one, _: fit_events(one.events, wanted), refusal=_REFUSAL)
    make_folder(folder)
    write_json(folder / SETTINGS, settings)
    # An earlier result is none of the fits that now begin.
    (folder / _RESULT).unlink(missing_ok=True)
    forget_figures(folder)
    forget_beside(folder, [one for one, _ in originals], _REPLICATES)
    # Every table begins before the first fit, so that none is left of other settings where this run is stopped.
    found = [(one, _begun(one, original, folder, n, resume=resume)) for one, original in originals]
    runs = [run for _, run in found]
    compute = begin(partial(resampled_of, seed=seed), [run.original for run in runs])
    try:
        _fit_missing(runs, drawn, compute)
    except KeyboardInterrupt:
        n_kept, n_all = sum(len(run.fits) for run in runs), n * len(runs)
        report(f"{folder}: {n_kept:,} of {n_all:,} fits are kept; the same command with --resume goes on from there.")
        raise
    for run in runs:
        finish_table(run.file, run.names, run.fits.values())
    return found


def resampled_of(
    originals: Sequence[EventFit], block: tuple[int, Sequence[int]], *, seed: int
) -> tuple[Resampled, ...]:
    """Return the fits of a block: which of the originals, and the numbers of its samples."""
    from tte.estimation.bootstrap import resampled_fits  # noqa: PLC0415 - loads the engine

    which, numbers = block
    return resampled_fits(originals[which], numbers, seed=seed)


def _begun(one: EventPopulation, original: EventFit, folder: Path, n: int, *, resume: bool) -> _Run:
    """Return the run of one population with the fits that its table holds, which it leaves ready for more."""
    run = _Run(original, one.file(folder, _REPLICATES), {}, 0)
    run.fits = begin_table(run.file, run.names, resume=resume)
    run.n_resumed = sum(number <= n for number in run.fits)
    return run


def _fit_missing(runs: Sequence[_Run], drawn: tuple[int, int], compute: Compute) -> None:
    """Add the fits that are not there yet, each block to its table as soon as it is done."""
    from tte.estimation.bootstrap import failed_fit  # noqa: PLC0415 - loads the engine

    n, seed = drawn
    blocks: list[tuple[int, tuple[int, ...]]] = []
    for which, run in enumerate(runs):
        missing = [number for number in range(1, n + 1) if number not in run.fits]
        blocks += [(which, tuple(missing[first : first + _BLOCK])) for first in range(0, len(missing), _BLOCK)]
    with shown_progress("Fitting") as tell:
        for done, (block, outcome) in enumerate(compute(blocks), start=1):
            which: int = block[0]
            run, numbers, found = runs[which], block[1], outcome
            if isinstance(outcome, TaskFailure):
                run.failures.append(f"Fits {numbers[0]} to {numbers[-1]}: {outcome.reason}")
                report(f"{run.failures[-1]}; they count as failed.")
                found = tuple(failed_fit(run.original, number, seed=seed) for number in numbers)
            run.fits |= {one.number: one for one in found}
            add_to_table(run.file, found)
            tell(done / len(blocks))


def _write(folder: Path, document: dict[str, Any]) -> None:
    rows = [
        (name, parameter, *(one[key] for key in _COLUMNS))
        for name, _, own in _sets(document)
        for parameter, one in own["parameters"].items()
    ]
    write_csv(folder / "parameters.csv", ("set", "parameter", *_COLUMNS), rows)
    write_json(folder / _RESULT, document)


def _figures(run: _Run, n: int, population: tuple[str, str]) -> Iterator[Drawing | str]:
    from tte.figures.bootstrap import bootstrap_figure  # noqa: PLC0415 - loads Matplotlib

    yield bootstrap_figure(run.original, run.used(n), population)


def _sets(document: dict[str, Any]) -> list[tuple[str, str | None, dict[str, Any]]]:
    return sets_of(document, "bootstrap", document["settings"]["landmark_day"])


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    found: list[Sheet | str] = []
    for name, sentence, one in _sets(document):
        found += [sentence] if sentence else []
        found += _set_sheets(name, one)
    return found


def _set_sheets(name: str, document: dict[str, Any]) -> list[Sheet | str]:
    ended = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in document["statuses"].items())
    rows = tuple(
        (parameter, one["limit"] or _number(one["estimate"]), _median(one), _number(one["se"]), _number(one["bias"]))
        for parameter, one in document["parameters"].items()
        if not one["fixed"]
    )
    head = ("parameter", "estimate", "bootstrap median [95 % CI]", "SE", "bias")
    return [
        f"{counted(document['n_subjects'], 'subject')}, {counted(document['n_events'], 'event')}. {document['n']:,} fits: {ended}.",
        *(warning["text"] for warning in document["warnings"]),
        Sheet(f"{document['hazard'].capitalize()}, {name}: {document['equation']}", head, rows, wraps=0),
    ]


def _median(one: dict[str, Any]) -> str:
    if one["q50"] is None:
        return ""
    return f"{_number(one['q50'])} [{_number(one['q025'])} to {_number(one['q975'])}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
