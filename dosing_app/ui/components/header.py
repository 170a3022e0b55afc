"""The top of the page: name, skip links, and what is done with a whole case."""

from __future__ import annotations

from dosing_app.decision.examples import example_names
from dosing_app.ui import ids, text
from dosing_app.ui.elements import Component, dcc, dmc, html


def header() -> Component:
    """Return the header."""
    return html.Header(
        className="top",
        children=[
            html.A(text.SKIP_TO_RISK, href=f"#{ids.REGION_RISK}", className="skip"),
            html.A(text.SKIP_TO_INPUT, href=f"#{ids.REGION_INPUT}", className="skip"),
            html.Strong(text.TITLE, className="brand"),
            html.H1(text.PRODUCT, className="product"),
            html.Div(
                className="actions",
                children=[
                    dmc.Select(
                        id=ids.EXAMPLES,
                        data=[{"value": name, "label": text.EXAMPLE_NAMES.get(name, name)} for name in example_names()],
                        placeholder=text.EXAMPLES,
                        size="xs",
                        className="examples",
                        **{"aria-label": text.EXAMPLES},
                    ),
                    dcc.Upload(
                        id=ids.OPEN,
                        multiple=False,
                        children=html.Span(text.OPEN, className="link"),
                        className="upload",
                    ),
                    html.Button(text.SAVE, id=ids.SAVE, className="link", type="button"),
                    dcc.Download(id=ids.DOWNLOAD),
                ],
            ),
        ],
    )


def jumps() -> Component:
    """Return the links to the regions, for the narrow screen."""
    regions = (ids.REGION_RISK, ids.REGION_CURVE, ids.REGION_INPUT, ids.REGION_CHECKS, ids.REGION_FINDER)
    links = [html.A(name, href=f"#{region}") for name, region in zip(text.JUMPS, regions, strict=True)]
    return html.Nav(links, className="jumps", **{"aria-label": "Sections"})


def case_line(model_select: Component) -> Component:
    """Return the line that says what was entered, whether the figures follow from it, and the choice of the model."""
    return html.Div(
        [html.Ul(id=ids.CASE_LINE), html.Strong(id=ids.STALE, className="stale"), model_select], className="case-line"
    )


def connection() -> Component:
    """Return the place where ``assets/requests.js`` says that the server is away or failed."""
    words = {"data-away": text.SERVER_AWAY, "data-failed": text.SERVER_FAILED}
    return html.Div(id=ids.CONNECTION, className="notice", role="alert", **words)


def footer() -> Component:
    """Return the line that is always there."""
    return html.Footer(
        className="bottom",
        children=[
            html.Span([html.Strong(text.RESEARCH_USE), " ", text.RESEARCH_USE_MORE]),
            html.Span(id=ids.FOOTER_MODEL),
        ],
    )
