"""Tables of what stands in the documents of commands on populations: one row for each entry, every number as it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from asuc.cli.cohort_source import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

FINAL, FULL = "final.csv", "full.csv"
"""Tables of a covariate search: its final model, and the full one."""
_STAGES = ("a_priori", "a_priori_of_forecast", "forecast")
_SIDES = ("below_lloq", "above_uloq")


def write_entries(
    file: Path, heads: Sequence[str], entries: Iterable[tuple[Sequence[object], Mapping[str, Any]]]
) -> None:
    """Write entries of a document, a row for each; without any, a table of an earlier run is taken away.

    Parameters
    ----------
    file : Path
        The table.
    heads : sequence of str
        Names of the columns that tell the entries apart.
    entries : iterable of (names, entry)
        What stands in these columns, and the entry. An object inside gets a column for each of its parts, named after both, or after
        the object alone where the part is its ``value``; lists have no column. A cell is empty where the document has nothing or null.
    """
    rows = [(tuple(names), dict(_parts(entry))) for names, entry in entries]
    if not rows:
        file.unlink(missing_ok=True)
        return
    columns = list(dict.fromkeys(name for _, parts in rows for name in parts))
    write_csv(file, (*heads, *columns), ((*names, *(parts.get(one) for one in columns)) for names, parts in rows))


def write_parameters(file: Path, document: Mapping[str, Any]) -> None:
    """Write what a bootstrap, a profile or a resampling says of each parameter."""
    write_entries(file, ("parameter",), (((name,), entry) for name, entry in document["parameters"].items()))


def write_iterations(file: Path, document: Mapping[str, Any]) -> None:
    """Write the diagnostics of each iteration of a resampling."""
    write_entries(file, ("iteration",), (((i,), one) for i, one in enumerate(document["iterations"], start=1)))


def write_search(folder: Path, document: Mapping[str, Any]) -> None:
    """Write the final model of a covariate search beside its base (`final.csv`), and the full model where there is one (`full.csv`)."""
    base, final = document["base"]["estimates"], document["final"]
    of_effects = {name: effect for effect in final["effects"] for name in effect["coefficients"]}
    parts = ("parameter", "covariate", "form", "reference")
    rows = (
        ((name, estimate, base.get(name)), {f"effect_{part}": of_effects.get(name, {}).get(part) for part in parts})
        for name, estimate in final["estimates"].items()
    )
    write_entries(folder / FINAL, ("parameter", "estimate", "base_estimate"), rows)
    coefficients: Mapping[str, Any] = document.get("full", {}).get("coefficients", {})
    write_entries(folder / FULL, ("coefficient",), (((name,), one) for name, one in coefficients.items()))


def write_performance(folder: Path, document: Mapping[str, Any]) -> None:
    """Write errors, coverage, and levels beyond the limits of all predictions."""
    stages = [(name, document[name]) for name in _STAGES]
    write_entries(
        folder / "errors.csv",
        ("predictions", "at", "n_levels"),
        (((name, at, one["n_quantified"]), one[at]) for name, one in stages for at in ("point", "median")),
    )
    write_entries(folder / "errors_by_samples.csv", (), (((), one) for one in document["by_samples_before"]))
    coverage = (((name,), part) for name, one in stages for part in one["coverage"])
    write_entries(folder / "coverage.csv", ("predictions",), coverage)
    beyond = [((name, side), one[side]) for name, one in stages for side in _SIDES if one[side]]
    write_entries(folder / "beyond_limits.csv", ("predictions", "limit"), beyond)
    groups = (((*names, i), part) for names, one in beyond for i, part in enumerate(one["calibration"], start=1))
    write_entries(folder / "calibration.csv", ("predictions", "limit", "group"), groups)


def _parts(entry: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in entry.items():
        own = before if name == "value" and before else f"{before}_{name}" if before else name
        if isinstance(value, dict):
            yield from _parts(cast("dict[str, Any]", value), own)
        elif not isinstance(value, list):
            yield own, int(value) if isinstance(value, bool) else value
