"""`asuc forecast`: exposure and risk of one case."""

from __future__ import annotations

from typing import Annotated

import typer

from asuc.cli.output import print_json
from asuc.cli.progress import shown_progress
from asuc.cli.source import read_case_file, read_event_model


def forecast(
    case: Annotated[str, typer.Argument(metavar="CASE.json", help="Patient case (asuc-case/1); - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
    event_model: Annotated[str | None, typer.Option(metavar="FILE.toml", help="Event model of your own.")] = None,
) -> None:
    """Show clearance, exposure and the risk of colectomy of one patient, with their intervals."""
    patient = read_case_file(case)
    from asuc.cli.forecast_tables import print_forecast  # noqa: PLC0415 - a wrong case is refused before the engine is loaded
    from dosing_app.decision.applicability import check_case  # noqa: PLC0415
    from dosing_app.decision.forecast import forecast as compute  # noqa: PLC0415
    from dosing_app.decision.result_json import forecast_json  # noqa: PLC0415
    from dosing_app.decision.sensitivity import compare_models  # noqa: PLC0415

    risk_model = read_event_model(event_model)
    result = compute(patient, risk_model)
    warnings = check_case(result)
    with shown_progress("Comparing models") as progress:
        average = compare_models(patient, risk_model, progress=progress)
    if as_json:
        print_json(forecast_json(result, average, warnings))
    else:
        print_forecast(result, average, warnings)
