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
    trusted_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", envvar="ASUC_TRUSTED_HOST", help="Name of this server in the address; repeatable."
        ),
    ] = None,
    user_header: Annotated[
        str | None,
        typer.Option(metavar="HEADER", envvar="ASUC_USER_HEADER", help="Header in which a sign-on names the user."),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", envvar="ASUC_TRUSTED_PROXY", help="Who may set that header; repeatable."),
    ] = None,
    audit_log: Annotated[
        str | None,
        typer.Option(metavar="FILE", envvar="ASUC_AUDIT_LOG", help="Log of who computed when; - for standard output."),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, max=64, envvar="ASUC_THREADS", help="Requests answered at the same time.")
    ] = 8,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Open the dosing app."""
    from dosing_app.decision.crohns.case import example_tree  # noqa: PLC0415 - the screen is loaded only for this command
    from dosing_app.decision.examples import example_case  # noqa: PLC0415

    patient = example_case("typical") if case is None else read_case_file(case)
    risk_model = read_event_model(event_model)
    from dosing_app.ui.app import create_app, serve  # noqa: PLC0415
    from dosing_app.ui.server_options import read_server_options  # noqa: PLC0415

    options = read_server_options(
        trusted_hosts=trusted_host or (),
        user_header=user_header or None,
        trusted_proxies=trusted_proxy or (),
        audit_log=audit_log or None,
        threads=threads,
    )

    def announce(url: str) -> None:
        report(f"The dosing app is at {url} (Ctrl-C ends it). Research use only; enter no identifying data.")
        if not no_browser:
            typer.launch(url)

    crohns_patient = example_tree() if case is None else None
    dashboard = create_app(event_model=risk_model, case=patient, crohns_case=crohns_patient)
    serve(dashboard, host=host, port=port, options=options, when_ready=announce)
