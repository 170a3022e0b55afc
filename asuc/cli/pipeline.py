"""`asuc pipeline`: from levels and event times to an event model for the app, by the commands that a user would give one by one."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import make_folder, whole_cohort, write_json
from asuc.cli.fit_options import CohortFile, OutFolder
from asuc.cli.output import print_json, report, write_output
from asuc.cli.pipeline_steps import Asked, events_with_exposure, first_steps, later_steps, markers_of
from asuc.cli.pipeline_summary import found_by, summary_sheet
from asuc.cli.planned_options import Plan, PlannedFile
from asuc.cli.source import read_event_model, read_model
from asuc.cli.task_farm import Resume
from asuc.cli.tte_options import EventsFile, HazardName
from pkpd.data.planned_doses import listed
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asuc.cli.pipeline_steps import Step

_DOCUMENT = "pipeline.json"
_N_STEPS = 8


def pipeline(
    cohort: CohortFile,
    events: EventsFile,
    out: OutFolder,
    model: Annotated[
        str, typer.Option(metavar="NAME|FILE.toml", help="Pharmacokinetic model that is fitted.")
    ] = "niyigena_2026_asuc",
    event_model: Annotated[
        str, typer.Option(metavar="NAME|FILE.toml", help="Event model that is validated and brought up to date.")
    ] = "niyigena_2026_asuc",
    planned: PlannedFile = None,
    plan: Plan = None,
    hazard: Annotated[HazardName, typer.Option(help="Hazard of the fits.")] = "weibull",
    method: Annotated[
        Literal["intercept", "slope", "refit", "bayes"],
        typer.Option(help="How the event model is brought up to date, as in asuc tte recalibrate."),
    ] = "bayes",
    new_id: Annotated[str, typer.Option("--id", metavar="NAME", help="Name of the new event model.")] = "own_cohort",
    n: Annotated[
        int | None,
        typer.Option(
            "--n",
            min=2,
            max=100_000,
            help="Draws of subjects behind intervals; without it as many as each step draws by itself.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    opens_app: Annotated[bool, typer.Option("--app", help="Open the app with the new event model at the end.")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    resume: Resume = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the results of steps in a folder that exists.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Go the whole way of the publication with your own patients: fit, exposure, hazard, threshold, joint model, validation, new event model."""
    folder = _checked_folder(out, force=force, resume=resume)
    if planned is not None and plan is not None:
        raise input_error("--plan", f"{plan} is given beside --planned {planned}; expected one of the two")
    words = [] if planned is None else ["--planned", planned]
    words += [] if plan is None else ["--plan", plan]
    asked = Asked(cohort, events, model, event_model, words, hazard, method, new_id, seed, n, not no_figures)
    document: dict[str, Any] = {
        "schema": "asuc-pipeline/1",
        "data": {
            name: _entry(path) for name, path in (("cohort", cohort), ("events", events), ("planned", planned)) if path
        },
        "steps": [],
    }
    _check_files(cohort, events, model)
    kept = _kept(folder, document["data"]) if resume else {}
    threshold = read_event_model(event_model).threshold
    make_folder(folder)
    for place, step in enumerate(_steps(asked, folder, threshold), 1):
        entry = kept.get(step.name)
        if entry is None or entry["command"] != _line(step, folder):
            entry = _gone(step, folder, place)
            kept = {}  # what comes after depends on this
        else:
            report(f"{place}/{_N_STEPS} {step.question}: done before.")
        document["steps"].append(entry)
        write_json(folder / _DOCUMENT, document)
        if entry["exit_code"]:
            report(
                f"Step {place}, {step.name}, ended with code {entry['exit_code']}; what was done before stands in {folder}. "
                "Mend what it says and go on with --resume."
            )
            raise typer.Exit(entry["exit_code"])
    document["found"] = found_by(folder, new_id)
    write_json(folder / _DOCUMENT, document)
    app = ["app", "--event-model", str(folder / "event_model" / f"{new_id}.toml")]
    if as_json:
        print_json(document)
    else:
        write_output(summary_sheet(document["found"], folder, shlex.join(["asuc", *app])))
    if opens_app:
        subprocess.run([sys.executable, "-m", "asuc", *app], check=False)  # noqa: S603


def _checked_folder(out: str, *, force: bool, resume: bool) -> Path:
    """Return the folder of all steps; one that exists is gone on with or replaced only where that is asked for."""
    folder = Path(out)
    if folder.exists() and not (force or resume):
        raise input_error("--out", f"{folder} exists; nothing is written over without --force or --resume")
    return folder


def _check_files(cohort: str, events: str, model: str) -> None:
    """Refuse files with problems before the first step; the steps themselves say what is assumed.

    Raises
    ------
    InputError
        With every problem of both files, and for event times that have no threshold.
    """
    from pkpd.model_cohort_file import read_model_cohort  # noqa: PLC0415 - loads Arrow, which a wrong word need not wait for
    from tte.data.events_file import read_events  # noqa: PLC0415
    from tte.evaluation.marker_table import marker_table  # noqa: PLC0415

    levels = read_model_cohort(cohort, read_model(model))
    times = read_events(events)
    if problems := (*levels.problems, *times.problems):
        raise InputError(problems)
    marker_table(times.checked(), day=0.0)  # what the threshold refuses need not wait for the fits
    known = set(whole_cohort(levels).ids)
    if unknown := [name for name in times.checked().ids if name not in known]:
        raise input_error(
            events,
            f"holds subjects that stand in no row of {cohort}: {listed(unknown)}; expected the same ID in both files",
        )


def _steps(asked: Asked, folder: Path, threshold: float) -> Iterator[Step]:
    """Yield the steps; those after the exposures depend on what these are of."""
    yield from first_steps(asked, folder)
    yield from later_steps(asked, folder, markers_of(events_with_exposure(folder)), threshold=threshold)


def _gone(step: Step, folder: Path, place: int) -> dict[str, Any]:
    """Run a step with its output in a file beside its folder, and return its entry."""
    line = _line(step, folder)
    report(f"{place}/{_N_STEPS} {step.question}: {line}")
    started = time.monotonic()
    words = [*step.words, "--out", str(folder / step.name), "--force"]
    with (folder / f"{step.name}.txt").open("w", encoding="utf-8") as stream:
        done = subprocess.run([sys.executable, "-m", "asuc", *words], stdout=stream, check=False)  # noqa: S603
    return {
        "name": step.name,
        "question": step.question,
        "command": line,
        "exit_code": done.returncode,
        "seconds": round(time.monotonic() - started, 1),
    }


def _line(step: Step, folder: Path) -> str:
    return shlex.join(["asuc", *step.words, "--out", str(folder / step.name)])


def _kept(folder: Path, data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entries of steps that were done with the same data.

    Raises
    ------
    InputError
        Where the data are others.
    """
    file = folder / _DOCUMENT
    if not file.exists():
        return {}
    before = json.loads(file.read_text(encoding="utf-8"))
    for name in data.keys() | before["data"].keys():
        if data.get(name, {}).get("sha256") != before["data"].get(name, {}).get("sha256"):
            raise input_error(
                "--resume", f"the {name} file is not the one that {folder} was made from; expected --force"
            )
    return {entry["name"]: entry for entry in before["steps"] if entry["exit_code"] == 0}


def _entry(path: str) -> dict[str, str]:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise input_error(path, f"cannot be read: {error.strerror or error}") from error
    return {"file": path, "sha256": hashlib.sha256(content).hexdigest()}
