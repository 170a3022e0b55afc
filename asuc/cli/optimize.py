"""`asuc optimize`: the practical regimens that reach the target, or that none does."""

from __future__ import annotations

from typing import Annotated

import typer

from asuc.cli.output import print_json
from asuc.cli.progress import shown_progress
from asuc.cli.source import read_case_file, read_event_model


def optimize(
    case: Annotated[str, typer.Argument(metavar="CASE.json", help="Patient case (asuc-case/1); - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
    event_model: Annotated[str | None, typer.Option(metavar="FILE.toml", help="Event model of your own.")] = None,
) -> None:
    """Search every practical regimen for the least additional drug that reaches the target."""
    patient = read_case_file(case)
    from asuc.cli.regimen_tables import print_regimens  # noqa: PLC0415 - a wrong case is refused before the engine is loaded
    from dosing_app.decision.optimizer import result_json  # noqa: PLC0415
    from dosing_app.decision.regimen_search import find_regimens  # noqa: PLC0415

    risk_model = read_event_model(event_model)
    with shown_progress("Searching regimens") as progress:
        result = find_regimens(patient, risk_model, progress=progress)
    if as_json:
        print_json(result_json(result))
    else:
        print_regimens(result, patient)
