"""A qualification as one JSON document (`asuc-qualify/1`) in a canonical form, with a SHA-256 of its own."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from asuc.qualification.installation import combined_hash
from asuc.qualification.outcome import Verdict
from asuc.qualification.requirements import requirements
from asuc.qualification.traceability import traced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asuc.qualification.installation import Installation
    from asuc.qualification.outcome import Outcome

SCHEMA, HASH = "asuc-qualify/1", "sha256"
_ENDS = {"failed": "fail", "passed": "pass", "skipped": "not run"}


def qualification_document(
    installed: Installation,
    outcomes: Sequence[Outcome],
    table: dict[str, Any],
    *,
    tests_ran_here: bool,
    computed: str,
    seconds: float,
) -> dict[str, Any]:
    """Return everything that was found, with the hash of it.

    Parameters
    ----------
    installed : Installation
        What runs here.
    outcomes : sequence of Outcome
        All checks, those of the installation included.
    table : dict
        Tests with their results (`asuc-traceability/1`).
    tests_ran_here : bool
        Whether they ran now; else the table is that of the release.
    computed : str
        When, in ISO 8601.
    seconds : float
        How long it took.
    """
    rows = requirement_rows(outcomes, table)
    failed = [one.code for one in outcomes if one.verdict is Verdict.FAIL]
    failed += [row["id"] for row in rows if row["verdict"] == "fail" and tests_ran_here]
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "verdict": "fail" if failed else "pass",
        "failed": list(dict.fromkeys(failed)),
        "computed": computed,
        "seconds": round(seconds, 1),
        "environment": installed.environment,
        "counts": dict(sorted(Counter(one.verdict.value for one in outcomes).items())),
        "checks": [
            {
                "code": one.code,
                "title": one.title,
                "expected": one.expected,
                "found": one.found,
                "verdict": one.verdict.value,
                "why": one.why,
                "requirements": list(one.requirements),
            }
            for one in outcomes
        ],
        "traceability": {
            "tests_ran": "here" if tests_ran_here else "with the release",
            "date": table["date"],
            "software": table["software"],
            "requirements": rows,
            "tests": table["tests"],
        },
        "packages": [
            {
                "name": one.name,
                "version": one.version,
                "record_sha256": one.record_sha256 or None,
                "files": one.n_files,
                "changed": list(one.changed),
            }
            for one in installed.packages
        ],
        "files": installed.files,
        "files_sha256": combined_hash(installed.files),
    }
    return {**document, HASH: hash_of(document)}


def requirement_rows(outcomes: Sequence[Outcome], table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every requirement with its tests and checks, and what they say of it.

    A requirement passes where something spoke for it and nothing against it; one without tests says so.
    """
    tests = traced(table)
    rows: list[dict[str, Any]] = []
    for name, text in requirements().items():
        checks = {one.code: one.verdict for one in outcomes if name in one.requirements}
        of_tests = {test: _ENDS[ended] for test, ended in tests[name].items()}
        said = [*of_tests.values(), *(verdict.value for verdict in checks.values())]
        verdict = "fail" if "fail" in said else "pass" if "pass" in said else "not run" if said else "no test"
        rows.append({"id": name, "text": text, "verdict": verdict, "tests": of_tests, "checks": sorted(checks)})
    return rows


def canonical(document: Mapping[str, Any]) -> str:
    """Return the canonical text of a document: keys in order, no blanks, UTF-8, no NaN."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def hash_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical text without the hash in it."""
    rest = {key: value for key, value in document.items() if key != HASH}
    return hashlib.sha256(canonical(rest).encode()).hexdigest()
