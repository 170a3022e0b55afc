"""Parametric time-to-event analysis: event models as data, risk and survival with their uncertainty."""

from __future__ import annotations

from tte.model.catalog import DEFAULT_EVENT_MODEL, event_model_names, load_event_model
from tte.model.event_model import EventModel
from tte.model.predict import log_auc_cl_for_risk, risk_day90, risk_from, stratum, survival

__all__ = [
    "DEFAULT_EVENT_MODEL",
    "EventModel",
    "event_model_names",
    "load_event_model",
    "log_auc_cl_for_risk",
    "risk_day90",
    "risk_from",
    "stratum",
    "survival",
]
