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


def footer() -> Component:
    """Return the line that is always there."""
    return html.Footer(
        className="bottom",
        children=[
            html.Span([html.Strong(text.RESEARCH_USE), " ", text.RESEARCH_USE_MORE]),
            html.Span(id=ids.FOOTER_MODEL),
        ],
    )
