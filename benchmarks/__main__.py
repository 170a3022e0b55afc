"""`python -m benchmarks`: every figure of the README's table, with the machine it was measured on."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.claims import CLAIMS, Figure

_README = Path(__file__).parent.parent / "README.md"
_BEGIN, _END = "<!-- benchmark table -->", "<!-- end of the benchmark table -->"


def _machine() -> str:
    model = platform.processor() or "unknown processor"
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line.split(":", 1)[1].strip() for line in information.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _write_readme(figures: list[Figure]) -> None:
    """Put the table between its marks in the README."""
    rows = [f"| {figure.claim} | {figure.asked} | {figure.measured} |" for figure in figures]
    table = "\n".join(["| claim | asked | measured |", "|---|---|---|", *rows])
    before, _, rest = _README.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    text = f"{before}{_BEGIN}\n{table}\n\nMeasured {datetime.now(tz=UTC):%Y-%m-%d} on: {_machine()}.\n{_END}{after}"
    _README.write_text(text)


def main() -> None:
    """Measure and print; ``--json`` prints one JSON document, ``--quick`` uses fewer patients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a tenth of the patients")
    parser.add_argument("--readme", action="store_true", help="write the table into the README as well")
    parser.add_argument("--only", default="", help="measure the claims whose name holds this word")
    options = parser.parse_args()
    if options.readme and (options.only or options.quick):
        parser.error("--readme writes the whole table of one run: leave --only and --quick away")
    console = Console(stderr=True)
    figures: list[Figure] = []
    for name, measure in CLAIMS.items():
        if options.only in name:
            with console.status(f"Measuring: {name}"):
                figures.extend(measure(quick=options.quick))
    if options.readme:
        _write_readme(figures)
    if options.json:
        rows = [figure.__dict__ for figure in figures]
        sys.stdout.write(json.dumps({"machine": _machine(), "figures": rows}, indent=2) + "\n")
        return
    table = Table("claim", "asked", "measured", title=_machine())
    for figure in figures:
        table.add_row(figure.claim, figure.asked, figure.measured)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
