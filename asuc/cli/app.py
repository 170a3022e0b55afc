"""`asuc app`: the dosing app in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from asuc.cli.output import report
from asuc.cli.source import read_case_file, read_event_model


def app(
    case: Annotated[
        str | None, typer.Argument(metavar="CASE.json", help="Case to open; an example where left out.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")] = 8050,
    event_model: Annotated[str | None, typer.Option(metavar="FILE.toml", help="Event model of your own.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Open the dosing app."""
    from dosing_app.decision.examples import example_case  # noqa: PLC0415 - the screen is loaded only for this command

    patient = example_case("typical") if case is None else read_case_file(case)
    risk_model = read_event_model(event_model)
    from dosing_app.ui.app import create_app, serve  # noqa: PLC0415

    def announce(url: str) -> None:
        report(f"The dosing app is at {url} (Ctrl-C ends it). Research use only; enter no identifying data.")
        if not no_browser:
            typer.launch(url)

    serve(create_app(event_model=risk_model, case=patient), host=host, port=port, when_ready=announce)
