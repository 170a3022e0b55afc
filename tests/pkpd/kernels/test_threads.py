"""What threads do that wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("active", "ACTIVE")])
def test_threads_that_wait_sleep_unless_the_environment_says_otherwise(given: str | None, expected: str):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if given is not None:
        environment["OMP_WAIT_POLICY"] = given
    # OpenMP says how it is set where it is loaded: later than the setting, or this would have no effect.
    environment["OMP_DISPLAY_ENV"] = "true"
    words = [sys.executable, "-c", "from pkpd.kernels import marginal, threads; threads.start_threads()"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)  # noqa: S603
    said = [line for line in done.stderr.splitlines() if "OMP_WAIT_POLICY" in line]
    assert said, done.stderr
    assert all(f"'{expected}'" in line for line in said)
