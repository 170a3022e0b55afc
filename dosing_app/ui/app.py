"""The dosing app: layout and callbacks put together."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.patient import read_case, to_json
from dosing_app.decision.regimen_search import find_regimens
from dosing_app.decision.sensitivity import compare_models
from dosing_app.decision.view import View, compute_view
from dosing_app.language import say
from dosing_app.ui import case_file, model_cards, page, report_file, rows, side_by_side, tokens, update
from dosing_app.ui.answers import Answers
from dosing_app.ui.crohns import files as crohns_files
from dosing_app.ui.crohns import omop as crohns_omop
from dosing_app.ui.crohns import report_file as crohns_report_file
from dosing_app.ui.crohns import update as crohns_update
from dosing_app.ui.elements import Dash
from dosing_app.ui.security import secure
from dosing_app.ui.server import serve

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.crohns.case import Tree
    from dosing_app.decision.crohns.omop import OmopSource
    from dosing_app.decision.optimize_result import OptimizeResult
    from dosing_app.decision.sensitivity import ModelAverage
    from tte import EventModel

__all__ = ["create_app", "serve"]

_ASSETS = Path(__file__).parent / "assets"
# A view holds a third of a megabyte. An entry asks for it twice: for the figures, and for the search after them.
_REMEMBERED_VIEWS, _REMEMBERED_SEARCHES, _REMEMBERED_COMPARISONS = 96, 64, 8
_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
{%css%}
<style>ROOT_VARIABLES</style>
</head>
<body>
{%app_entry%}
<div hidden>{%config%}{%scripts%}{%renderer%}</div>
</body>
</html>"""


def create_app(
    *,
    event_model: EventModel,
    case: PatientCase | None = None,
    crohns_case: Tree | None = None,
    omop: OmopSource | None = None,
) -> Dash:
    """Return the app, ready to be served.

    Parameters
    ----------
    event_model : EventModel
        The event model that every risk is computed with.
    case : PatientCase, optional
        The case that every visitor finds on the screen at first; without one the screen is empty.
    crohns_case : dict, optional
        Likewise that of the page on Crohn's disease.
    omop : OmopSource, optional
        The database that persons with Crohn's disease are chosen from; without one nothing of it is shown.

    Returns
    -------
    Dash
        No state of a visitor is held by it: the screen's entries come with each request. The results of the last few
        cases are remembered by the case's JSON, so that one entry is not computed twice.
    """
    answers = _answers(event_model)
    app = Dash(
        "asuc",
        title=say("header.page_title"),
        update_title="",
        assets_folder=str(_ASSETS),
        index_string=_INDEX.replace("ROOT_VARIABLES", tokens.root_variables()),
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        serve_locally=True,
        enable_mcp=False,
        add_log_handler=False,
    )
    page.register(app, case, crohns_case, event_model, omop)
    update.register(app, answers)
    rows.register(app)
    case_file.register(app)
    report_file.register(app, answers)
    side_by_side.register(app, answers)
    model_cards.register(app, event_model)
    crohns_update.register(app)
    crohns_files.register(app)
    crohns_report_file.register(app)
    if omop is not None:
        crohns_omop.register(app, omop)
    secure(app)
    # The first forecast of a process loads compiled code for a second; no visitor should wait for it.
    answers.regimens(to_json(case or example_case(example_names()[0]), indent=None))
    return app


def _answers(event_model: EventModel) -> Answers:
    """Return what is computed of a case, remembered for the last few of them."""

    @lru_cache(maxsize=_REMEMBERED_VIEWS)
    def view(case_json: str) -> View:
        return compute_view(read_case(case_json), event_model)

    @lru_cache(maxsize=_REMEMBERED_SEARCHES)
    def regimens(case_json: str) -> OptimizeResult:
        result = view(case_json).forecast
        return find_regimens(result.case, event_model, posterior=result.posterior)

    @lru_cache(maxsize=_REMEMBERED_COMPARISONS)
    def models(case_json: str) -> ModelAverage:
        return compare_models(view(case_json).forecast.case, event_model)

    return Answers(view, regimens, models)
