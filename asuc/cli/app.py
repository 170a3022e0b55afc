"""`asuc app`: the dosing app in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from asuc.cli.omop_options import index_day
from asuc.cli.output import report
from asuc.cli.source import read_case_file, read_event_model
from pkpd.errors import input_error

if TYPE_CHECKING:
    from dosing_app.decision.crohns.omop import OmopSource


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
        int | None, typer.Option(envvar="ASUC_THREADS", help="Requests answered at the same time; 4 where left out.")
    ] = None,
    omop: Annotated[
        str | None,
        typer.Option(metavar="URL", envvar="ASUC_OMOP_URL", help="OMOP database to choose a person from (SQLAlchemy)."),
    ] = None,
    omop_schema: Annotated[
        str | None, typer.Option(metavar="NAME", envvar="ASUC_OMOP_SCHEMA", help="Schema of its tables.")
    ] = None,
    index_date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Day on which its values are taken; today where left out.")
    ] = None,
    cdai_concept: Annotated[
        list[int] | None, typer.Option(min=1, help="Concept of that database that holds the CDAI; may be repeated.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Open the dosing app."""
    from dosing_app.decision.crohns.case import example_tree  # noqa: PLC0415 - the screen is loaded only for this command
    from dosing_app.decision.examples import example_case  # noqa: PLC0415

    patient = example_case("typical") if case is None else read_case_file(case)
    risk_model = read_event_model(event_model)
    from dosing_app.ui.app import create_app, serve  # noqa: PLC0415
    from dosing_app.ui.server import LOOPBACK_NAMES  # noqa: PLC0415
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

    source = _omop_source(
        omop,
        omop_schema,
        index_date,
        cdai_concept or [],
        is_reached_by_anybody=options.sign_on is None and host not in LOOPBACK_NAMES,
    )
    crohns_patient = example_tree() if case is None else None
    dashboard = create_app(event_model=risk_model, case=patient, crohns_case=crohns_patient, omop=source)
    serve(dashboard, host=host, port=port, options=options, when_ready=announce)


def _omop_source(
    url: str | None,
    schema: str | None,
    index_date: str | None,
    cdai_concepts: list[int],
    *,
    is_reached_by_anybody: bool,
) -> OmopSource | None:
    """Return the database that persons are chosen from, after a look at its tables; None where none is asked for."""
    if not url:
        if index_date is not None:
            raise input_error("--index-date", "there is no database that it could hold for; add --omop URL")
        return None
    day = None if index_date is None else index_day(index_date)
    from dosing_app.decision.crohns.omop import open_source  # noqa: PLC0415 - loads SQLAlchemy

    return open_source(
        url,
        schema=schema,
        index_date=day,
        cdai_concepts=cdai_concepts,
        is_reached_by_anybody=is_reached_by_anybody,
    )
