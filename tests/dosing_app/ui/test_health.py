"""The health page computes, and says where that fails."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from dosing_app.decision.examples import example_case
from dosing_app.decision.forecast import forecast
from dosing_app.ui import create_app, health
from dosing_app.ui.audit import AUDIT_LOG
from pkpd.model import model_names
from tte import load_event_model

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from dosing_app.ui.elements import Dash


@pytest.fixture(scope="module")
def app() -> Dash:
    return create_app(event_model=load_event_model())


@pytest.fixture
def client(app: Dash) -> FlaskClient:
    return app.server.test_client()


def test_a_sound_process_is_ok(client: FlaskClient):
    answer = client.get("/health")
    document = answer.get_json()

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert 0.0 < document.pop("seconds") < 30.0
    assert document == {"status": "ok", "version": version("asuc"), "models": len(model_names())}


def test_the_stored_figure_is_the_examples_to_its_last_digit():
    risk = forecast(example_case(health.EXAMPLE), load_event_model()).risk

    assert risk is not None
    assert risk.total.day90.quantiles[2] == pytest.approx(health.EXAMPLE_RISK, abs=5e-7)


def test_a_figure_that_is_off_is_a_failure_with_its_reason(client: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health, "EXAMPLE_RISK", 0.2)
    answer = client.get("/health")

    assert answer.status_code == 503
    assert answer.get_json()["status"] == "failing"
    assert answer.get_json()["reason"].startswith("engine: the example's risk is 0.108282, expected 0.200000")


def test_an_engine_that_raises_is_a_failure_without_the_message(client: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise ArithmeticError("details")

    monkeypatch.setattr(health, "forecast", fail)
    answer = client.get("/health")

    assert answer.status_code == 503
    assert answer.get_json()["reason"] == "engine: the forecast of the example ended with ArithmeticError"


def test_an_audit_log_that_cannot_be_written_is_a_failure(app: Dash, client: FlaskClient, tmp_path: Path):
    app.server.config[AUDIT_LOG] = str(tmp_path / "missing" / "audit.log")
    answer = client.get("/health")
    app.server.config[AUDIT_LOG] = None

    assert answer.status_code == 503
    assert answer.get_json()["reason"] == "audit log: cannot be written (no such file or directory)"
