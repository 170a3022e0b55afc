"""GET /health: whether this process computes what it should, for whatever watches over the server."""

from __future__ import annotations

import json
import math
import time
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from flask import Response

from dosing_app.decision.examples import example_case
from dosing_app.decision.forecast import forecast
from dosing_app.ui import audit
from pkpd.errors import InputError
from pkpd.model import load_model, model_names
from tte import load_event_model

if TYPE_CHECKING:
    from flask import Flask

    from tte import EventModel

HEALTH_PATH = "/health"
EXAMPLE = "typical"
EXAMPLE_RISK = 0.108282
"""Middle of the risk by day 90 of the example, both uncertainties included."""

TOLERANCE = 1e-4


def add_health_page(server: Flask) -> None:
    """Add the page; it needs no user, and holds nothing of a patient."""

    def answer() -> Response:
        document = check_health()
        status = 200 if document["status"] == "ok" else 503
        return Response(json.dumps(document) + "\n", status=status, mimetype="application/json")

    server.add_url_rule(HEALTH_PATH, "health", answer)


def check_health() -> dict[str, Any]:
    """Compute the example, read every model and look whether the audit log can be written.

    Returns
    -------
    dict
        ``status`` ("ok" or "failing"), ``version``, ``models`` (how many), ``seconds`` (what the check took), and
        ``reason`` where the status is "failing".
    """
    started = time.perf_counter()
    reason = _example_fault() or audit.audit_fault()
    document: dict[str, Any] = {"status": "failing" if reason else "ok", "version": version("asuc")}
    try:
        document["models"] = sum(load_model(name).id == name for name in model_names())
    except InputError as error:
        reason = reason or f"models: {error}"
    if reason:
        document |= {"status": "failing", "reason": reason}
    return document | {"seconds": round(time.perf_counter() - started, 4)}


def _example_fault() -> str:
    """Return what is wrong with the forecast of the example; empty where nothing is."""
    try:
        result = forecast(example_case(EXAMPLE), _event_model())
    except Exception as error:  # noqa: BLE001 - whatever fails here is what is asked for
        return f"engine: the forecast of the example ended with {type(error).__name__}"
    risk = math.nan if result.risk is None else float(result.risk.total.day90.quantiles[2])
    if abs(risk - EXAMPLE_RISK) <= TOLERANCE:
        return ""
    return f"engine: the example's risk is {risk:.6f}, expected {EXAMPLE_RISK:.6f} within {TOLERANCE:g}"


@cache
def _event_model() -> EventModel:
    return load_event_model()
