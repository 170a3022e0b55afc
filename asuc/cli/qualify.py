"""`asuc qualify`: installation and operational qualification on the user's machine."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from asuc.cli.cohort_source import check_folder, make_folder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from asuc.qualification.installation import Installation
    from asuc.qualification.outcome import Outcome

DOCUMENT, PAGE, UNDONE = "qualification.json", "qualification.html", ".unfinished"
_FAILED = 1
# How long each part takes beside the others.
_INSTALLATION, _STEP, _TESTS = 3.0, 1.0, 120.0


def qualify(
    out: Annotated[str, typer.Option(metavar="DIR", help="Folder for page and document.")],
    tests: Annotated[
        bool, typer.Option("--tests", help="Run the tests that speak for requirements here; needs a source tree.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a qualification in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Check what is installed here and whether it computes what it should; write a page and a document to be signed and kept."""
    folder = check_folder(out, force=force)
    from asuc.qualification.document import canonical, qualification_document  # noqa: PLC0415 - the engine loads after the words are read
    from asuc.qualification.page import qualification_page  # noqa: PLC0415
    from asuc.qualification.traceability import run_tests, shipped_table  # noqa: PLC0415

    started = time.monotonic()
    total = _INSTALLATION + _STEP * len(_steps()) + (_TESTS if tests else 0.0)
    with shown_progress("Qualifying") as tell:
        installed, outcomes = _checked(lambda done: tell(done / total))
        before = total - _TESTS
        table = run_tests(lambda share: tell((before + _TESTS * share) / total)) if tests else shipped_table()
        tell(1.0)
    document = qualification_document(
        installed,
        outcomes,
        table,
        tests_ran_here=tests,
        computed=datetime.now().astimezone().isoformat(timespec="seconds"),
        seconds=time.monotonic() - started,
    )
    _write(folder, {DOCUMENT: canonical(document) + "\n", PAGE: qualification_page(document)})
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_told(document, folder)))
    if document["verdict"] == "fail":
        raise typer.Exit(_FAILED)


def _steps() -> tuple[tuple[str, Callable[[], list[Outcome]]], ...]:
    from asuc.qualification import operation, reference_folders, speed  # noqa: PLC0415 - as above

    return (*operation.steps(), *reference_folders.steps(), *speed.steps())


def _checked(tell: Callable[[float], None]) -> tuple[Installation, list[Outcome]]:
    """Return what is installed and every check; a check that breaks fails with what it broke with."""
    from asuc.qualification.installation import installation  # noqa: PLC0415
    from asuc.qualification.outcome import Outcome, Verdict  # noqa: PLC0415

    installed = installation(lambda share: tell(_INSTALLATION * share))
    outcomes = list(installed.outcomes)
    for number, (name, step) in enumerate(_steps(), start=1):
        try:
            outcomes += step()
        except Exception as error:  # noqa: BLE001 - an installation that is broken is a finding, not the end of its qualification
            why = f"{type(error).__name__}: {error}"
            outcomes.append(
                Outcome(f"OQ-{name}", f"The check of {name} runs", "no error", "an error", Verdict.FAIL, why)
            )
        tell(_INSTALLATION + _STEP * number)
    return installed, outcomes


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write files so that none is there in part, whatever interrupts.

    Raises
    ------
    InputError
        Where they cannot be written.
    """
    make_folder(folder)
    try:
        for name, text in files.items():
            unfinished = folder / f"{name}{UNDONE}"
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(folder / name)
    except OSError as error:
        message = f"cannot be written ({error.strerror or error}); expected a folder for the results"
        raise input_error(str(folder), message) from None


def _told(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    counts = ", ".join(f"{n} {name}" for name, n in document["counts"].items())
    shown = [one for one in document["checks"] if one["verdict"] != "pass"]
    rows = tuple((one["code"], one["title"], one["expected"], one["found"], one["verdict"]) for one in shown)
    verdicts = [row["verdict"] for row in document["traceability"]["requirements"]]
    of_requirements = ", ".join(f"{verdicts.count(word)} {word}" for word in dict.fromkeys(verdicts))
    parts: list[Sheet | str] = [f"{document['environment']['software']}: {document['verdict']} ({counts})."]
    if rows:
        parts.append(
            Sheet("Checks with another verdict than pass", ("check", "what", "expected", "found", ""), rows, wraps=3)
        )
    return [
        *parts,
        f"{len(verdicts)} requirements, tests ran {document['traceability']['tests_ran']}: {of_requirements}.",
        f"SHA-256 {document['sha256']}",
        f"Written to {folder}: {PAGE}, {DOCUMENT}.",
    ]
