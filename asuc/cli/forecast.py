"""`asuc forecast`: exposure and risk of one case."""

from __future__ import annotations

from typing import Annotated

import typer

from asuc.cli.source import print_json, read_case_file


def forecast(
    case: Annotated[str, typer.Argument(metavar="CASE.json", help="Patient case (asuc-case/1); - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    event_model: Annotated[str | None, typer.Option(metavar="FILE.toml", help="Event model of your own.")] = None,
) -> None:
    """Show clearance, exposure and the risk of colectomy of one patient, with their intervals."""
    patient = read_case_file(case)
    from asuc.cli.tables import print_forecast  # noqa: PLC0415 - a wrong case is refused before the engine is loaded
    from dosing_app.decision.applicability import check_case  # noqa: PLC0415
    from dosing_app.decision.forecast import forecast as compute  # noqa: PLC0415
    from dosing_app.decision.result_json import forecast_json  # noqa: PLC0415
    from dosing_app.decision.sensitivity import compare_models  # noqa: PLC0415
    from tte import DEFAULT_EVENT_MODEL, load_event_model  # noqa: PLC0415

    risk_model = load_event_model(event_model or DEFAULT_EVENT_MODEL)
    result = compute(patient, risk_model)
    warnings = check_case(result)
    average = compare_models(patient, risk_model)
    if as_json:
        print_json(forecast_json(result, average, warnings))
    else:
        print_forecast(result, average, warnings)
