"""`asuc crohns power`: what a trial of one class against another, or against placebo, would find, if the models are right and if they may be wrong."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.crohns_recommend import FitFolder, models_of
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error

if TYPE_CHECKING:
    from pathlib import Path

    from crohns_srs.power.study import PowerStudy
    from crohns_srs.predict.class_model import ModelSet
    from pkpd.figures.sheet import Drawing

TrialEffectsName = Literal["marginal", "by-class", "none"]
_RESULT, _PAGE, _TABLES = "power.json", "report.html", "tables"
_SIZES = (100, 250, 500)
_LARGEST = 20_000


def power(
    out: OutFolder,
    fit: FitFolder = None,
    first: Annotated[str, typer.Option(metavar="CLASS", help="Class that is to be found better.")] = "anti_il12_23",
    second: Annotated[
        str, typer.Option(metavar="CLASS", help="Class that it is compared with, or placebo.")
    ] = "anti_tnf",
    population: Annotated[
        str | None,
        typer.Option(metavar="FILE.csv", help="Patients; without it synthetic ones like those of the trials."),
    ] = None,
    patients: Annotated[int, typer.Option(min=100, max=1_000_000, help="Synthetic patients.")] = 5000,
    eligible: Annotated[
        list[str] | None, typer.Option(metavar="CONDITION", help="Such as age_year>=50 or sex=female; all must hold.")
    ] = None,
    size: Annotated[list[int] | None, typer.Option(metavar="N", help="Participants in each arm [100 250 500].")] = None,
    n: Annotated[
        int, typer.Option("--n", min=100, max=1_000_000, help="Simulated trials of each size, and draws of parameters.")
    ] = 1000,
    response: Annotated[
        float | None, typer.Option(help="Outcome that counts as a response; the models' own without it.")
    ] = None,
    alpha: Annotated[float, typer.Option(help="Level of the two-sided test.")] = 0.05,
    target: Annotated[float, typer.Option(help="Power to find a size for.")] = 0.8,
    trial_effects: Annotated[
        TrialEffectsName, typer.Option(help="What trials differ by: for each participant, for each class, or nothing.")
    ] = "marginal",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Simulate trials of two classes, or of one and placebo, outcome by outcome, and say what power, assurance and type I error a chi-square test has."""
    from crohns_srs.power.chances import TrialEffects  # noqa: PLC0415 - the engine loads after the words are read
    from crohns_srs.power.document import power_document  # noqa: PLC0415
    from crohns_srs.power.population import eligible as eligible_patients  # noqa: PLC0415
    from crohns_srs.power.population import read_population, synthetic_population  # noqa: PLC0415
    from crohns_srs.power.study import Asked, power_study  # noqa: PLC0415

    folder = check_folder(out, force=force)
    models = models_of(fit)
    _check_classes(first, second, [one.id for one in models.classes])
    for name, value in (("--alpha", alpha), ("--target", target)):
        if not 0.0 < value < 1.0:
            raise input_error(name, f"{value:g} is not between 0 and 1, such as {0.05 if name == '--alpha' else 0.8}")
    outcome = models.config.outcome
    threshold = outcome.response[0] if response is None else response
    if not outcome.low < threshold < outcome.high:
        raise input_error(
            "--response", f"{threshold:g} is not between {outcome.low:g} and {outcome.high:g} {outcome.unit}"
        )
    everyone = (
        synthetic_population(models, patients, seed)
        if population is None
        else read_population(population, models.config)
    )
    people = eligible_patients(everyone, models.config, eligible or [])
    effects = TrialEffects[trial_effects.replace("-", "_").upper()]
    asked = Asked(first, second, _sizes(size), n, alpha, target, threshold, effects, seed)
    settings: dict[str, Any] = {
        "fit": fit,
        "population": population,
        "patients": patients if population is None else None,
        "eligible": eligible or [],
        "n": n,
        "seed": seed,
    }
    started = time.perf_counter()
    with shown_progress("Simulating") as tell:
        study = power_study(models, people, asked, tell)
    document = power_document(study, models, settings)
    document["seconds"] = round(time.perf_counter() - started, 2)
    _write(folder, study, models, document, is_drawn=not no_figures)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_parts(document, folder)))


def _check_classes(first: str, second: str, ids: list[str]) -> None:
    from crohns_srs.data.config import PLACEBO  # noqa: PLC0415

    for name, value, known in (("--first", first, ids), ("--second", second, [*ids, PLACEBO])):
        if value not in known:
            raise input_error(name, f"“{value}” is no class; expected one of {', '.join(known)}")
    if first == second:
        raise input_error(
            "--second",
            f"“{second}” is the first class too; expected another one, since the error of no difference is reported anyway",
        )


def _sizes(asked: list[int] | None) -> tuple[int, ...]:
    for value in asked or ():
        if not 2 <= value <= _LARGEST:
            raise input_error("--size", f"{value} is not from 2 to {_LARGEST:,} participants in each arm")
    return tuple(sorted(set(asked or _SIZES)))


def _write(folder: Path, study: PowerStudy, models: ModelSet, document: dict[str, Any], *, is_drawn: bool) -> None:
    """Write figures, page, tables and the document."""
    from asuc.crohns_report.power_sections import power_sections  # noqa: PLC0415
    from asuc.validation.page import validation_page  # noqa: PLC0415

    make_folder(folder)
    forget_figures(folder)
    drawings: list[Drawing] = []
    if is_drawn:
        from crohns_srs.figures.power import power_figures  # noqa: PLC0415 - loads Matplotlib

        drawings = list(power_figures(study))
        write_figures(folder / FOLDER, drawings, written=lambda _: None)
    sections = power_sections(document, drawings)
    page = validation_page(
        "The power of a new trial",
        f"{document['first']['title']} against {document['second']['title']}, simulated from models of pooled trials.",
        sections,
        warnings=document["notes"],
        facts=[
            ("Models", f"{models.citation or models.config.title} (SHA-256 {models.sha256})"),
            *((name, _told(value)) for name, value in document["settings"].items() if value not in (None, [])),
            ("asuc", version("asuc")),
        ],
    )
    (folder / _PAGE).write_text(page, encoding="utf-8")
    (folder / _TABLES).mkdir(exist_ok=True)
    for table in (one for section in sections for one in section.tables):
        write_csv(folder / _TABLES / f"{table.name}.csv", table.file_head(), table.file_rows())
    write_json(folder / _RESULT, document)


def _told(value: object) -> str:
    return " and ".join(map(str, cast("list[str]", value))) if isinstance(value, list) else str(value)


def _parts(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    """Return what is printed."""
    from asuc.crohns_report.power_sections import power_sections  # noqa: PLC0415

    found: list[Sheet | str] = []
    for section in power_sections(document, ()):
        found += section.paragraphs
        found += [Sheet(one.caption, one.head, tuple(map(tuple, one.shown())), wraps=0) for one in section.tables]
    return [*found, *document["notes"], f"Written to {folder}."]
