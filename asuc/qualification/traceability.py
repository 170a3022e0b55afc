"""Which test speaks for which requirement, and how it ended: run in a source tree, else as the release was tested."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asuc.qualification.installation import ROOT
from asuc.qualification.requirements import requirements
from pkpd.errors import input_error
from pkpd.units import fraction_from_percent

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = "asuc-traceability/1"
SHIPPED = "traceability.json"
MARK = re.compile(r"\bmark\.requirement\(")
_TESTS = ROOT / "tests"
_SHARE = re.compile(r"\[\s*(\d+)%\]")
_CASE = re.compile(r"\[.*\]$", flags=re.DOTALL)
# Of several cases of one test the worst counts.
_WORST_FIRST = ("failed", "skipped", "passed")


def shipped_table() -> dict[str, Any]:
    """Return the table of the release: the marked tests with their results, and when they ran."""
    text = files("asuc.qualification").joinpath(SHIPPED).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def marked_files() -> list[str]:
    """Return the test files of the source tree in which some test names its requirement."""
    return [
        file.relative_to(ROOT).as_posix()
        for file in sorted(_TESTS.rglob("test_*.py"))
        if MARK.search(file.read_text(encoding="utf-8"))
    ]


def run_tests(tell: Callable[[float], None]) -> dict[str, Any]:
    """Run every test that names its requirement, and return the table; ``tell`` is told the share that is done.

    Raises
    ------
    InputError
        Where there is no source tree, or what tests need is not installed.
    """
    if not (_TESTS / "conftest.py").is_file():
        raise input_error("--tests", f"there are no tests in {ROOT}; expected a source tree (a clone with `make test`)")
    if find_spec("pytest") is None:
        raise input_error("--tests", "pytest is not installed here; expected the environment that `make` sets up")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / SHIPPED
        words = ["-q", "-m", "requirement", "--traceability", str(target), "-p", "no:cacheprovider", *marked_files()]
        command = [sys.executable, "-m", "pytest", *words]
        last = ""
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tests:  # noqa: S603 - our own
            for line in tests.stdout or ():
                last = line.strip() or last
                if done := _SHARE.search(line):
                    tell(fraction_from_percent(int(done[1])))
        if not target.is_file():
            raise input_error("--tests", f"the tests could not be run ({last})")
        found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return found


def table_of(cases: dict[str, tuple[tuple[str, ...], str]], *, when: str, software: str) -> dict[str, Any]:
    """Return the table of what ran.

    Parameters
    ----------
    cases : dict
        Requirements and outcome (passed, failed, skipped) of every case, by its name as pytest gives it.
    when, software : str
        Date and version.
    """
    tests: dict[str, dict[str, Any]] = {}
    for name, (ids, outcome) in sorted(cases.items()):
        test = tests.setdefault(_CASE.sub("", name), {"requirements": [], "cases": dict.fromkeys(_WORST_FIRST, 0)})
        test["requirements"] = sorted({*test["requirements"], *ids})
        test["cases"][outcome] += 1
    return {"schema": SCHEMA, "software": software, "date": when, "tests": tests}


def outcome_of(test: dict[str, Any]) -> str:
    """Return how a test ended: as the worst of its cases."""
    return next((word for word in _WORST_FIRST if test["cases"][word]), "skipped")


def traced(table: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the tests of every requirement with how each ended; none for one that no test names."""
    found: dict[str, dict[str, str]] = {name: {} for name in requirements()}
    for name, test in table["tests"].items():
        for one in test["requirements"]:
            found[one][name] = outcome_of(test)
    return found
