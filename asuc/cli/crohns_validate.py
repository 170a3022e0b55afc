"""`asuc crohns validate`: how far the two-stage models of a table can be trusted, as a report."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import begin_results, check_folder, write_csv, write_json
from asuc.cli.crohns_options import Described, ParticipantsFile
from asuc.cli.crohns_replicates import forget_replicates, kept_replicates
from asuc.cli.figure_files import FOLDER, forget_figures, has_figures, write_figures
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.task_farm import Resume, Scheduler, Workers, n_workers
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crohns_srs.data.config import Config
    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.evaluation.replicate_results import Study
    from crohns_srs.evaluation.resampling import Resampling
    from pkpd.figures.sheet import Drawing

UnitName = Literal["participants", "trials"]
ExchangeName = Literal["auto", "within-trials", "between-trials", "participants"]
_RESULT, _PAGE, _TABLES = "validation.json", "report.html", "tables"
_FEWEST_DRAWS = 20
_LEARNERS = ("forest", "boosting")


def validate(
    participants: ParticipantsFile,
    out: OutFolder,
    config: Described = None,
    folds: Annotated[
        int, typer.Option(min=2, max=1000, help="Parts of cross-validation, both stages fitted anew.")
    ] = 10,
    bootstrap: Annotated[
        int, typer.Option(min=0, max=100_000, help="Draws for the stability of labels; 0 for none.")
    ] = 200,
    unit: Annotated[
        UnitName, typer.Option(help="What is drawn: participants within each arm of a trial, or trials.")
    ] = "participants",
    exchanges: Annotated[
        int, typer.Option(min=0, max=100_000, help="Exchanges of treatments for false labels; 0 for none.")
    ] = 200,
    exchange: Annotated[ExchangeName, typer.Option(help="What is exchanged; auto: what the design allows.")] = "auto",
    learner: Annotated[
        list[str] | None,
        typer.Option(metavar="forest|boosting", help="Fitted in the place of the linear models; may be given twice."),
    ] = None,
    learner_draws: Annotated[
        int, typer.Option(min=_FEWEST_DRAWS, max=100_000, help="Draws behind the errors of a learner.")
    ] = 50,
    trees: Annotated[int, typer.Option(min=1, max=10_000, help="Trees of a forest.")] = 200,
    ablate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,NAME", help="Leave these covariates out together, besides each alone."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    workers: Workers = None,
    scheduler: Scheduler = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    resume: Resume = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Hold out trials, exchange treatments, draw participants, leave covariates out, fit other learners, and write what becomes of predictions and labels."""
    from crohns_srs.data.config import load_config  # noqa: PLC0415 - the engine loads after the words are read
    from crohns_srs.data.ipd_file import read_participants  # noqa: PLC0415
    from crohns_srs.evaluation.ablation import ablation_sets  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    learners = _learners(learner, bootstrap)
    how = load_config(config)
    _check_config(how, config)
    given = read_participants(participants, how)
    ablated = ablation_sets(given.config, ablate)
    shared = _resampling(given, unit, exchange, trees, seed)
    settings: dict[str, Any] = {
        "data_sha256": given.sha256,
        "config_sha256": given.config.sha256,
        "folds": folds,
        "bootstrap": bootstrap,
        "unit": unit,
        "exchanges": exchanges,
        "exchange": shared.exchange.name.lower(),
        "learners": learners,
        "learner_draws": learner_draws,
        "trees": trees,
        "ablate": [list(one) for one in ablated],
        "seed": seed,
    }
    document = begin_results(folder, _RESULT, settings, resume=resume, is_whole=no_figures or has_figures(folder))
    if document is None:
        if not resume:
            forget_replicates(folder)
        started = time.perf_counter()
        study = _studied(folder, shared, settings, ablated, (n_workers(workers, scheduler), scheduler))
        document = _write(folder, study, settings, started, is_drawn=not no_figures)
        forget_replicates(folder)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_parts(document, folder)))


def _studied(
    folder: Path,
    shared: Resampling,
    settings: dict[str, Any],
    ablated: Sequence[tuple[str, ...]],
    farm: tuple[int, str | None],
) -> Study:
    """Return the evaluation of the table itself, and of every replicate of it."""
    from crohns_srs.evaluation.replicate_results import study_of  # noqa: PLC0415
    from crohns_srs.evaluation.resampling import Kind, tasks_of  # noqa: PLC0415
    from crohns_srs.evaluation.study import evaluate  # noqa: PLC0415

    with shown_progress("Evaluating") as tell:
        found = evaluate(shared.participants, ablated, n_folds=settings["folds"], seed=settings["seed"], tell=tell)
    kinds = [Kind(name) for name in settings["learners"]]
    tasks = tasks_of(settings["bootstrap"], settings["exchanges"], settings["learner_draws"], kinds)
    replicates, failures = kept_replicates(folder, shared, tasks, farm)
    return study_of(shared, found, replicates, failures)


def _check_config(how: Config, file: str | None) -> None:
    """Refuse what has nothing to label.

    Raises
    ------
    InputError
        For a single class.
    """
    names = [one.id for one in how.classes]
    if len(names) < 2:
        raise input_error(f"{file}, classes", f"holds {names[0]} alone; expected two or more, which labels compare")


def _learners(asked: list[str] | None, bootstrap: int) -> list[str]:
    """Return the learners that are asked for, each once.

    Raises
    ------
    InputError
        For one that there is not, and where too few draws are there to compare labels.
    """
    for name in asked or ():
        if name not in _LEARNERS:
            raise input_error("--learner", f"“{name}” is no learner; expected {' or '.join(_LEARNERS)}")
    if asked and bootstrap < _FEWEST_DRAWS:
        message = f"{bootstrap} draws are too few to compare a learner's labels with those of the linear models; expected {_FEWEST_DRAWS} or more"
        raise input_error("--bootstrap", message)
    return sorted(set(asked or ()))


def _resampling(given: Participants, unit: UnitName, exchange: ExchangeName, trees: int, seed: int) -> Resampling:
    """Return what replicates share, after one exchange was tried."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from crohns_srs.evaluation.resampling import Resampling  # noqa: PLC0415
    from crohns_srs.evaluation.rows import Exchange, Unit, exchanged, usual_exchange  # noqa: PLC0415

    how = usual_exchange(given) if exchange == "auto" else Exchange[exchange.replace("-", "_").upper()]
    exchanged(given, how, np.random.default_rng(seed))
    return Resampling(given, Unit(unit), how, trees, seed)


def _write(folder: Path, study: Study, settings: dict[str, Any], started: float, *, is_drawn: bool) -> dict[str, Any]:
    """Write figures, page and tables, and last the document, which says that all are there."""
    from asuc.crohns_report.validation_sections import sections_of, warnings_of  # noqa: PLC0415
    from asuc.validation.page import validation_page  # noqa: PLC0415
    from crohns_srs.evaluation.document import validation_document  # noqa: PLC0415

    document = validation_document(study, settings)
    drawings, left_out = _drawn(folder, study, is_drawn=is_drawn)
    sections = sections_of(document, drawings, left_out)
    facts = [
        ("Participants", f"{document['data']['file']} (SHA-256 {document['data']['sha256']})"),
        ("Configuration", f"{document['config']['title']} (SHA-256 {document['config']['sha256']})"),
        *((name.replace("_", " "), f"{value}") for name, value in settings.items() if not name.endswith("sha256")),
        ("asuc", version("asuc")),
    ]
    page = validation_page(
        "Two-stage models of pooled trials: validation",
        f"{document['data']['n_rows']:,} participants of {document['data']['n_trials']} trials. {document['config']['title']}.",
        sections,
        warnings=warnings_of(document),
        facts=facts,
    )
    (folder / _PAGE).write_text(page, encoding="utf-8")
    (folder / _TABLES).mkdir(exist_ok=True)
    for table in (one for section in sections for one in section.tables):
        write_csv(folder / _TABLES / f"{table.name}.csv", table.file_head(), table.file_rows())
    _write_participants(folder, study)
    document["seconds"] = round(time.perf_counter() - started, 1)
    write_json(folder / _RESULT, document)
    return document


def _drawn(folder: Path, study: Study, *, is_drawn: bool) -> tuple[list[Drawing], list[str]]:
    """Draw the figures, and return them with the sentences on those that are not drawn."""
    from crohns_srs.figures.evaluation import evaluation_figures  # noqa: PLC0415 - loads Matplotlib

    forget_figures(folder)
    if not is_drawn:
        return [], []
    parts = list(evaluation_figures(study))
    drawings = [one for one in parts if not isinstance(one, str)]
    left_out = [one for one in parts if isinstance(one, str)]
    write_figures(folder / FOLDER, drawings, left_out=left_out, written=lambda _: None)
    return drawings, left_out


def _write_participants(folder: Path, study: Study) -> None:
    """Write each participant's label by each uncertainty, with how stable it is."""
    from crohns_srs.evaluation.comparison import label_name  # noqa: PLC0415
    from crohns_srs.evaluation.resampling import UNCERTAINTIES  # noqa: PLC0415

    given, found, stability = study.shared.participants, study.evaluation, study.stability
    ids = [one.id for one in given.config.classes]
    head = ["row", "trial", "arm", *(f"effect_{name}" for name in ids), *(one.value for one in UNCERTAINTIES)]
    if stability is not None:
        head += [f"{one.value}_same" for one in UNCERTAINTIES]
    names: dict[tuple[int, ...], str] = {}

    def row(i: int) -> list[object]:
        labels: list[object] = []
        for one in UNCERTAINTIES:
            group = found.groups[one][i]
            key = tuple(group.tolist())
            labels.append(names[key] if key in names else names.setdefault(key, label_name(group, ids)))
        same: list[float] = [] if stability is None else stability.same[:, i].tolist()
        return [i + 1, given.trial[i], given.arm[i], *found.effect[i].tolist(), *labels, *same]

    write_csv(folder / _TABLES / "participants.csv", head, map(row, range(given.n_rows)))


def _parts(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    """Return what is printed."""
    from asuc.crohns_report.validation_sections import sections_of, warnings_of  # noqa: PLC0415

    found: list[Sheet | str] = []
    for section in sections_of(document, (), ()):
        found += section.paragraphs
        found += [Sheet(one.caption, one.head, tuple(map(tuple, one.shown())), wraps=0) for one in section.tables]
    return [*found, *warnings_of(document), f"Written to {folder}."]
