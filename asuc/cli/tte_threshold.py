"""`asuc tte threshold`: how well markers predict the event by a horizon, and which threshold parts high from low risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.figure_files import FOLDER, write_figures
from asuc.cli.fit_options import OutFolder
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.threshold_options import given_thresholds, wanted_markers
from asuc.cli.threshold_study import Study, evaluated, populations_of, with_published
from asuc.cli.tte_fit import EventsFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pkpd.figures.sheet import Drawing
    from tte.evaluation.threshold import MarkerFinding

_SHARE_OF_AREA = 0.9


def threshold(
    events: EventsFile,
    out: OutFolder,
    marker: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:lower|:higher]",
            help="Column, and which values mean the event; the better direction where none is given. May be repeated. [default: all numeric columns]",
        ),
    ] = None,
    horizon: Annotated[float, typer.Option(metavar="DAY", help="Events count until this day.")] = 90.0,
    landmark: Annotated[
        float,
        typer.Option(metavar="DAY", help="Also evaluate those still at risk after this day; 0 for all subjects alone."),
    ] = 28.0,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]VALUE", help="Threshold to evaluate besides the best one. May be repeated."),
    ] = None,
    n: Annotated[int, typer.Option("--n", min=2, max=100_000, help="Draws of subjects behind intervals.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same subjects.")] = 1,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Evaluate markers of the event by a day: areas, best threshold with its optimism, exact intervals and tests."""
    from asuc.cli.threshold_result import threshold_document  # noqa: PLC0415
    from asuc.cli.threshold_tables import threshold_sheets  # noqa: PLC0415
    from tte.data.events_file import read_events  # noqa: PLC0415 - the engine loads after the words are read

    folder = check_folder(out, force=force)
    reading = read_events(events)
    data = reading.checked()
    markers = wanted_markers(events, marker, data.covariates)
    given = given_thresholds(at, markers)
    populations, notes = populations_of(events, data, horizon, landmark)
    for note in (*reading.notes, *notes):
        report(f"{events}: {note}")
    study = Study(horizon, n, seed, populations, markers, given)
    study, said = with_published(study)
    for note in said:
        report(f"{events}: {note}")
    with shown_progress("Drawing subjects") as tell:
        findings = evaluated(study, tell)
    document = threshold_document(
        study,
        findings,
        notes=[*reading.notes, *notes, *said],
        origin={"landmark_day": landmark if landmark > 0.0 else None, "data": {"sha256": reading.table.sha256}},
    )
    make_folder(folder)
    write_json(folder / "threshold.json", document)
    _write_tables(folder, study, findings)
    if not no_figures:
        _draw(folder, study, findings, is_chosen=marker is not None)
    if as_json:
        print_json(document)
    else:
        write_output(threshold_sheets(document, findings, {one.key: one.words for one in populations}, folder))


def _write_tables(folder: Path, study: Study, findings: dict[str, dict[str, MarkerFinding]]) -> None:
    from tte.evaluation.threshold_document import RULE_HEAD, rule_rows, summary_head, summary_row  # noqa: PLC0415

    head = summary_head([one.key for one in study.populations])
    write_csv(folder / "markers.csv", head, [summary_row(found) for found in findings.values()])
    rows = [row for by in findings.values() for key, found in by.items() for row in rule_rows(key, found)]
    write_csv(folder / "rules.csv", RULE_HEAD, rows)


def _draw(folder: Path, study: Study, findings: dict[str, dict[str, MarkerFinding]], *, is_chosen: bool) -> None:
    """Draw the markers that were asked for, or the one with the largest area."""
    from tte.figures.threshold import threshold_figures  # noqa: PLC0415 - loads Matplotlib

    last = study.populations[-1].key
    named = [one.name for one in study.markers if one.source is None]
    largest = max(named, key=lambda name: area.area.value if (area := findings[name][last].auroc) else 0.0)
    shown = named if is_chosen else [largest]
    pairs = [(name, population) for name in shown for population in study.populations]
    left_out: list[str] = []
    with shown_progress("Drawing figures") as tell:

        def drawings() -> Iterator[Drawing]:
            for k, (name, population) in enumerate(pairs):
                for one in threshold_figures(
                    findings[name][population.key],
                    population.times,
                    population.columns[name],
                    horizon_day=study.horizon,
                    population=(population.key, population.words),
                    n_draws=study.n_draws,
                    seed=study.seed,
                    tell=lambda share, k=k: tell((k + _SHARE_OF_AREA * share) / len(pairs)),
                ):
                    if isinstance(one, str):
                        left_out.append(one)
                    else:
                        yield one

        write_figures(folder / FOLDER, drawings(), left_out=left_out, written=lambda _: None)
