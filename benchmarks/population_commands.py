"""Commands on cohorts as a user runs them, start of the program and of its workers included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MODEL = "niyigena_2026_asuc"
# A fit of a cohort in a process of its own: seconds, statuses and most memory as one line of JSON.
_LARGE = """
import json, resource, sys, time
import numpy as np
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

n = int(sys.argv[1])
model = load_model("niyigena_2026_asuc")
population = bind_population(model, virtual_cohort(model, Design(n, missing=0.0), np.random.default_rng(1)))
started = time.perf_counter()
found = fit(population, FitOptions(Method(sys.argv[2]), with_covariance=False, tolerance=1e-4))
seconds = time.perf_counter() - started
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "gib": most, "evaluations": found.n_evaluations, "status": found.status.name.lower()}))
"""


def _asuc(*words: str) -> tuple[float, dict[str, Any]]:
    """Return how long a command took [s], and its document."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "asuc", *words, "--json"], check=True, capture_output=True)  # noqa: S603
    return time.perf_counter() - started, json.loads(done.stdout)


def bootstrap_seconds(method: str, n: int, *, seed: int) -> tuple[float, dict[str, int]]:
    """Return how long `asuc bootstrap` of 72 virtual patients takes with a process for each processor, and how its fits ended."""
    with tempfile.TemporaryDirectory() as folder:
        cohort = _cohort(Path(folder), seed=seed)
        words = ("bootstrap", cohort, "--model", MODEL, "--method", method, "--n", str(n), "--out", f"{folder}/boot")
        seconds, document = _asuc(*words)
        return seconds, document["statuses"]


def search_seconds(*, seed: int) -> tuple[float, int]:
    """Return how long the search of four covariates on two parameters in four forms takes, and its number of fits."""
    covariates = ("weight_kg", "bmi_kg_per_m2", "crp_mg_per_L", "albumin_g_per_L")
    forms = ("linear", "exponential", "power", "hockey_stick")
    with tempfile.TemporaryDirectory() as folder:
        cohort = _cohort(Path(folder), seed=seed)
        options = [word for name in covariates for word in ("--covariate", name)]
        options += [word for name in forms for word in ("--form", name)]
        options += ["--parameter", "cl", "--parameter", "v", "--out", f"{folder}/scm"]
        seconds, document = _asuc("scm", cohort, "--model", MODEL, *options)
        return seconds, int(document["n_fits"])


def large_fit(n: int, method: str) -> dict[str, Any]:
    """Return seconds, most memory [GiB], evaluations and status of a fit of many virtual patients, by two threads."""
    words = [sys.executable, "-c", _LARGE, str(n), method]
    done = subprocess.run(words, check=True, capture_output=True)  # noqa: S603
    return json.loads(done.stdout)


def n_processors() -> int:
    """Return how many processors there are."""
    return os.cpu_count() or 1


def _cohort(folder: Path, *, seed: int) -> str:
    file = str(folder / "cohort.csv")
    words = [sys.executable, "-m", "asuc", "cohort", "simulate", "--n", "72", "--seed", str(seed), "--out", file]
    subprocess.run(words, check=True, capture_output=True)  # noqa: S603
    return file
