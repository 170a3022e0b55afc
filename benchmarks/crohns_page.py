"""The page on Crohn's disease without a browser: what the server takes for an entry."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.visitor import Visitor
from dosing_app.decision.crohns.case import example_tree
from dosing_app.ui import create_app, ids
from dosing_app.ui.crohns.screen import screen_from_tree
from dosing_app.ui.crohns.update import page_outputs
from dosing_app.ui.server import open_server
from tte import load_event_model

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray


def answer_times(n: int) -> FloatArray:
    """Return the times from what stands on the page to everything that is shown of it, ages typed one after another [s]."""
    screen = screen_from_tree(example_tree())
    page_outputs(screen, None, None)
    times = np.empty(n)
    for i in range(n):
        entered = replace(screen, fields={**screen.fields, "age_year": _age(i)})
        started = time.perf_counter()
        page_outputs(entered, None, None)
        times[i] = time.perf_counter() - started
    return times


def entry_times(n: int) -> FloatArray:
    """Return the times over HTTP, from an age sent to the last answer that follows from it [s]."""
    server = open_server(create_app(event_model=load_event_model(), crohns_case=example_tree()), port=0)
    Thread(target=server.run, daemon=True).start()  # until the process ends
    visitor = Visitor("127.0.0.1", int(server.effective_port))
    visitor.open()
    times = np.empty(n)
    for i in range(n):
        started = time.perf_counter()
        visitor.change(ids.crohns_field("age_year"), "value", _age(i))
        times[i] = time.perf_counter() - started
    visitor.close()
    return times


def _age(i: int) -> str:
    """Return an age that was not asked for before."""
    return f"{20.0 + 0.25 * i:.2f}"
