"""`asuc tte scm`: a stepwise search of covariate effects on a hazard."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import begin_results, check_folder, write_csv, write_json
from asuc.cli.figure_files import forget_figures, has_figures
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.task_farm import Resume
from asuc.cli.tte_landmark import beside_entry, draw_side_by_side, forget_beside, populations, sets_of, side_by_side
from asuc.cli.tte_options import EventsFile, HazardName, LandmarkDay, read_event_times
from asuc.cli.tte_scm_fits import KeptFits, forget_fits
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from asuc.cli.tte_landmark import EventPopulation
    from asuc.cli.tte_options import TteInputs
    from pkpd.figures.sheet import Drawing
    from tte.data.events import Events
    from tte.estimation.covariate_search import Candidate, CovariateSearch, Form

    _Search = tuple[CovariateSearch, tuple[str, ...]]

_REFUSAL, _RESULT, _TRACE, _MODEL = "Not searched in", "scm.json", "trace.csv", "model.toml"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options ask for: a hazard, covariates in words, their forms, and the levels of the tests."""

    hazard: HazardName
    covariate: tuple[str, ...]
    form: tuple[str, ...]
    forward: float
    backward: float


def scm(
    events: EventsFile,
    out: OutFolder,
    hazard: Annotated[HazardName, typer.Option(help="Hazard.")],
    covariate: Annotated[
        list[str],
        typer.Option(
            metavar="[PARAMETER:]NAME",
            help="Covariate to try on the hazard, on a parameter by name, or on every one (all:NAME); may be repeated.",
        ),
    ],
    form: Annotated[
        list[str] | None,
        typer.Option(
            metavar="linear|log|threshold|hockey_stick",
            help="How covariates may act; may be repeated. [default: linear, log]",
        ),
    ] = None,
    forward: Annotated[float, typer.Option(help="An effect is added with p below this.")] = 0.05,
    backward: Annotated[float, typer.Option(help="An effect stays with p up to this.")] = 0.01,
    landmark: LandmarkDay = None,
    resume: Resume = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Search covariate effects on a hazard by likelihood-ratio tests: forward, then backward."""
    for option, level in (("--forward", forward), ("--backward", backward)):
        if not 0.0 < level < 1.0:
            raise input_error(option, f"{level:g} is not above 0 and below 1, such as 0.05")
    asked = _Asked(
        hazard, tuple(covariate), tuple(one.value for one in _forms(form or ("linear", "log"))), forward, backward
    )
    folder = check_folder(out, force=force or resume)
    names = dict.fromkeys(word.rpartition(":")[2].strip() for word in covariate)
    given = read_event_times(events, list(names), landmark)
    # What cannot be searched is refused before the folder is begun.
    _candidates(given.events, asked)
    settings = {"data_sha256": given.data_sha256, "landmark_day": landmark, **json.loads(json.dumps(asdict(asked)))}
    document = begin_results(folder, _RESULT, settings, resume=resume, is_whole=no_figures or has_figures(folder))
    if document is None:
        document = _searched(folder, events, given, asked, resume=resume, is_drawn=not no_figures)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), f"Written to {folder}."]))


def _searched(
    folder: Path, file: str, given: TteInputs, asked: _Asked, *, resume: bool, is_drawn: bool
) -> dict[str, Any]:
    """Search, write tables, models and figures, and last the document, which says that all are there."""
    from tte.estimation.covariate_search import covariate_search  # noqa: PLC0415 - loads the engine
    from tte.estimation.covariate_search_document import TRACE_HEAD, covariate_search_document, trace_row  # noqa: PLC0415
    from tte.hazards.hazard import Hazard  # noqa: PLC0415

    fits = KeptFits(folder, resume=resume)
    people = populations(given.events, given.landmark, refusal=_REFUSAL)

    def searched(one: EventPopulation, tell: Callable[[float], None]) -> _Search:
        candidates, left_out = _candidates(one.events, asked)
        for sentence in left_out:
            report(f"{file}: {f'{one.name}: ' if one.is_beside else ''}{sentence}")
        # As many steps as there are candidates is the most there can be.
        search = covariate_search(
            one.events,
            Hazard(asked.hazard),
            candidates,
            forward=asked.forward,
            backward=asked.backward,
            fitted=partial(fits.fitted, one.name),
            tell=lambda done: tell(done / (done + len(candidates))),
        )
        return search, left_out

    def documented(result: _Search) -> dict[str, Any]:
        search, left_out = result
        own = covariate_search_document(search, forward=asked.forward, backward=asked.backward)
        return own | {"left_out": list(left_out)}

    try:
        with shown_progress("Searching") as tell:
            found = side_by_side(people, searched, refusal=_REFUSAL, tell=tell)
    except KeyboardInterrupt:
        report(f"{folder}: {fits.n_kept:,} fits are kept; the same command with --resume goes on from there.")
        raise
    document = documented(found[0][1]) | {
        "forms": list(asked.form),
        "landmark_day": None if given.landmark is None else given.landmark.day,
        "beside": beside_entry(found, "search", documented),
        "data": {"file": file, "sha256": given.data_sha256},
    }
    rows = [(one.name, *trace_row(tested)) for one, (search, _) in found for tested in search.tested]
    write_csv(folder / _TRACE, ("set", *TRACE_HEAD), rows)
    forget_beside(folder, [one for one, _ in found], _MODEL)
    for one, (search, _) in found:
        _write_model(one.file(folder, _MODEL), search)
    forget_figures(folder)
    if is_drawn:
        draw_side_by_side(folder, found, lambda one, result: _figures(result[0], one.called))
    write_json(folder / _RESULT, document)
    forget_fits(folder)
    return document


def _candidates(events: Events, asked: _Asked) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    from tte.estimation.covariate_search import Form, candidates_of  # noqa: PLC0415
    from tte.hazards.hazard import Hazard  # noqa: PLC0415

    return candidates_of(events, Hazard(asked.hazard), asked.covariate, [Form(one) for one in asked.form])


def _figures(search: CovariateSearch, population: tuple[str, str]) -> Iterator[Drawing | str]:
    from tte.figures.survival import survival_figure  # noqa: PLC0415 - loads Matplotlib

    yield survival_figure(search.final, population)


def _forms(words: Sequence[str]) -> list[Form]:
    """Return forms from their names, each once."""
    from tte.estimation.covariate_search import Form  # noqa: PLC0415

    known = {one.value: one for one in Form}
    for word in words:
        if word.strip().lower() not in known:
            raise input_error("--form", f"“{word}” is none; expected one of {', '.join(known)}")
    return list(dict.fromkeys(known[word.strip().lower()] for word in words))


def _write_model(file: Path, found: CovariateSearch) -> None:
    """Write the final model where all its columns are those of the file; an earlier search's model is none of this one's."""
    from tte.estimation.covariate_search import Form  # noqa: PLC0415
    from tte.estimation.model_file import model_file  # noqa: PLC0415

    file.unlink(missing_ok=True)
    if all(one.form is Form.LINEAR for one in found.selected):
        file.write_text(model_file(found.final, "Found by a stepwise search."), encoding="utf-8")


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    found: list[Sheet | str] = []
    for name, sentence, one in sets_of(document, "search", document["landmark_day"]):
        found += [sentence] if sentence else []
        found += _search_sheets(name, one)
    return found


def _search_sheets(name: str, document: dict[str, Any]) -> list[Sheet | str]:
    head = ("step", "", "effect", "form", "change of −2 ln L", "df", "p", "")
    rows = tuple(
        (
            str(one["step"]),
            one["direction"],
            f"{one['parameter']}:{one['covariate']}",
            one["form"].replace("_", " "),
            "" if one["change"] is None else f"{one['change']:.3f}",
            str(one["df"]),
            "" if one["p"] is None else f"{one['p']:.2g}",
            _remark(one),
        )
        for one in document["trace"]
    )
    final = document["final"]
    estimates = tuple(
        (
            parameter,
            "" if one["estimate"] is None else f"{one['estimate']:.5g}",
            "" if one["se"] is None else f"{one['se']:.3g}",
        )
        for parameter, one in final["parameters"].items()
    )
    said = (
        f"{counted(document['n_subjects'], 'subject')}, {counted(document['n_events'], 'event')}. Added with p below {document['forward']:g}, "
        f"kept with p up to {document['backward']:g}."
    )
    return [
        said,
        Sheet(f"Steps, {name}", head, rows, wraps=7),
        Sheet(
            f"Final model, {name}, log-likelihood {final['log_likelihood']:.4f}",
            ("parameter", "estimate", "SE"),
            estimates,
        ),
        *(one["text"] for one in document["warnings"]),
    ]


def _remark(one: dict[str, Any]) -> str:
    if one["selected"]:
        return "added" if one["direction"] == "forward" else "taken away"
    return "" if one["p"] is not None else one["status"].replace("_", " ")
