"""`asuc report`: the report of one case as a web page or as PDF, or of a fit as a web page."""

from __future__ import annotations

import time
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from asuc.cli.output import report as print_error
from asuc.cli.source import read_case_file, read_event_model
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.report.content import ReportContent
    from tte import EventModel

_ENDINGS = (".html", ".pdf")
_FAILED = 1
# What is over sooner shows nothing, and what takes longer is told of no more often [s].
_PATIENCE = 2.0


def report(
    case: Annotated[
        str,
        typer.Argument(
            metavar="CASE.json|DIR", help="Patient case (asuc-case/1), - for standard input; or folder of a fit."
        ),
    ],
    out: Annotated[str, typer.Option(metavar="FILE.html|FILE.pdf", help="File to write; its ending says the form.")],
    language: Annotated[Literal["en", "de"], typer.Option(help="Language of the report.")] = "en",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Paper that it is laid out on.")] = "a4",
    event_model: Annotated[str | None, typer.Option(metavar="FILE.toml", help="Event model of your own.")] = None,
    bootstrap: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of a bootstrap, bound into the report of a fit.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write the report of one case, on two pages, or of a population fit with its figures."""
    target = _target(out, force=force)
    if case.strip() and Path(case).is_dir():
        _check_of_fit(target, language=language, event_model=event_model)
        _write(target, _fit_page(Path(case), bootstrap, paper).encode())
        return
    if bootstrap is not None:
        raise input_error("--bootstrap", "only the report of a fit holds one; expected the folder of a fit before it")
    patient = read_case_file(case)
    from dosing_app.report.write import report_html, report_pdf  # noqa: PLC0415 - a wrong case is refused before the engine is loaded

    tell = _telling()
    content = _content(patient, read_event_model(event_model), language, tell)
    tell("Setting the report")
    if target.suffix.lower() == ".pdf":
        _write(target, report_pdf(content, paper=paper))
    else:
        _write(target, report_html(content, paper=paper).encode())


def _target(out: str, *, force: bool) -> Path:
    """Return the file to be written.

    Raises
    ------
    InputError
        Where its ending is unknown, its folder missing, or something stands there already.
    """
    path = Path(out)
    if path.suffix.lower() not in _ENDINGS:
        raise input_error("--out", f'"{out}" ends neither in .html nor in .pdf; expected one of these')
    if not path.parent.is_dir():
        raise input_error("--out", f'there is no folder "{path.parent}"; expected one that exists')
    if path.is_dir():
        raise input_error("--out", f'"{out}" is a folder; expected the name of a file')
    if path.exists() and not force:
        raise input_error("--out", f'"{out}" exists; give another name, or --force to replace it')
    return path


def _check_of_fit(target: Path, *, language: str, event_model: str | None) -> None:
    """Refuse what only the report of a case can be."""
    if target.suffix.lower() != ".html":
        raise input_error("--out", f'"{target}" is no .html; the report of a fit is a web page, which browsers print')
    if language != "en":
        raise input_error("--language", f'"{language}"; the report of a fit is in English (en)')
    if event_model is not None:
        raise input_error("--event-model", "the report of a fit holds no risk; expected a patient case before it")


def _fit_page(folder: Path, bootstrap: str | None, paper: Literal["a4", "letter"]) -> str:
    if not (folder / "fit.json").is_file():
        message = "holds no fit.json; expected a patient case (asuc-case/1), or the folder that `asuc fit` wrote"
        raise input_error(str(folder), message)
    from asuc.fit_report.page import fit_report  # noqa: PLC0415 - as above

    given = None if bootstrap is None else Path(bootstrap)
    return fit_report(folder, software=version("asuc"), bootstrap=given, paper=paper)


def _content(patient: PatientCase, risk_model: EventModel, language: str, tell: Callable[[str], None]) -> ReportContent:
    """Return what the report says, computed now."""
    from dosing_app.decision.regimen_search import find_regimens  # noqa: PLC0415 - as above
    from dosing_app.decision.sensitivity import compare_models  # noqa: PLC0415
    from dosing_app.decision.view import compute_view  # noqa: PLC0415
    from dosing_app.language import speaking  # noqa: PLC0415
    from dosing_app.report.content import report_content  # noqa: PLC0415

    computed_at = datetime.now().astimezone()
    view = compute_view(patient, risk_model)
    search = None
    if view.has_mass and view.forecast.risk is not None:
        search = find_regimens(
            patient,
            risk_model,
            posterior=view.forecast.posterior,
            progress=lambda share: tell(f"Searching regimens: {share:.0%} done"),
        )
    tell("Comparing models")
    average = compare_models(patient, risk_model)
    with speaking(language):
        return report_content(view, search=search, average=average, computed_at=computed_at, software=version("asuc"))


def _telling() -> Callable[[str], None]:
    """Return what says on standard error what is being done, once it takes long."""
    last = time.monotonic()

    def tell(doing: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PATIENCE:
            last = now
            print_error(f"{doing}.")

    return tell


def _write(path: Path, content: bytes) -> None:
    """Write a file; where that fails, say so in one sentence and leave with exit code 1."""
    try:
        path.write_bytes(content)
    except OSError as error:
        print_error(f"--out: {path}: cannot be written: {error.strerror or error}.")
        raise typer.Exit(_FAILED) from None
