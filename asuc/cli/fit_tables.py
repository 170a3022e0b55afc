"""Tables that `asuc fit` writes beside its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.cli.cohort_source import write_csv
from asuc.cli.result_tables import write_entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pkpd.diagnostics.records import LevelRecords
    from pkpd.estimation.fit import Fit
    from pkpd.estimation.multi_start import StartedFit
    from pkpd.estimation.saem import SaemFit

_GROUPS = ("theta", "omega", "sigma")
_ENTRIES = (
    *("estimate", "se", "rse_pct", "ci95_low", "ci95_high", "fixed", "at_bound", "sd", "rse_sd_pct", "cv_pct"),
    *("shrinkage_pct", "shrinkage_variance_pct"),
)


def write_tables(
    folder: Path, fit_: Fit, records: LevelRecords, begun: Sequence[StartedFit], sampled: SaemFit | None
) -> None:
    """Write random effects, levels, summaries of both and, where there are any, centres, starts and the path of SAEM.

    A table that an earlier fit left in the folder and this one has not is taken away.
    """
    _write_etas(folder / "etas.csv", fit_)
    _write_records(folder / "table.csv", records)
    _write_summaries(folder / "summaries.csv", fit_, records)
    _write_centres(folder / "centres.csv", fit_)
    _write_starts(folder / "starts.csv", begun, fit_)
    _write_path(folder / "saem_path.csv", sampled)


def write_estimates(file: Path, document: Mapping[str, Any]) -> None:
    """Write every parameter of a fit's document, one row for each; a cell is empty where the document has nothing or null."""
    rows = (
        (group, name, *("" if entry.get(key) is None else _cell(entry[key]) for key in _ENTRIES))
        for group in _GROUPS
        for name, entry in document[group].items()
    )
    write_csv(file, ("kind", "parameter", *_ENTRIES), rows)


def write_pooling(file: Path, document: Mapping[str, Any]) -> None:
    """Write what missing covariates cost each parameter, where several completed cohorts were fitted."""
    entries = (
        ((name,), entry["imputation"])
        for group in _GROUPS
        for name, entry in document[group].items()
        if "imputation" in entry
    )
    write_entries(file, ("parameter",), entries)


def _cell(value: float | bool) -> float:
    return int(value) if isinstance(value, bool) else value


def _write_starts(file: Path, starts: Sequence[StartedFit], fit_: Fit) -> None:
    """Write where each search began and ended; a table of an earlier fit goes where there is none now."""
    from pkpd.estimation.multi_start import agrees  # noqa: PLC0415

    if not starts:
        file.unlink(missing_ok=True)
        return
    names = [one.name for one in fit_.parameters]
    head = ("number", "status", "agrees", "ofv", "evaluations", *(f"start_{name}" for name in names), *names)
    rows = (
        (
            one.number,
            one.status.name.lower(),
            int(agrees(one, fit_)),
            float(one.ofv),
            one.n_evaluations,
            *map(float, one.start),
            *map(float, one.values),
        )
        for one in starts
    )
    write_csv(file, head, rows)


def _write_path(file: Path, sampled: SaemFit | None) -> None:
    if sampled is None:
        file.unlink(missing_ok=True)
        return
    from pkpd.estimation.saem_document import path_table  # noqa: PLC0415

    write_csv(file, *path_table(sampled))


def _write_etas(file: Path, fit_: Fit) -> None:
    import numpy as np  # noqa: PLC0415

    from pkpd.diagnostics.individuals import effect_columns, individual_parameters  # noqa: PLC0415

    effects, parameters = effect_columns(fit_), individual_parameters(fit_)
    head = ["id", *(f"eta_{name}" for name in effects), *(f"se_{name}" for name in effects), *parameters, "ofv_i"]
    columns = np.column_stack(
        (
            *(eta for eta, _ in effects.values()),
            *(se for _, se in effects.values()),
            *parameters.values(),
            fit_.evaluation.ofv_i,
        )
    )
    rows = ((name, *map(float, own)) for name, own in zip(fit_.population.cohort.ids, columns, strict=True))
    write_csv(file, head, rows)


def _write_summaries(file: Path, fit_: Fit, records: LevelRecords) -> None:
    """Write number, mean and standard deviation of each residual over quantified levels, and of each random effect over subjects."""
    import numpy as np  # noqa: PLC0415

    from pkpd.diagnostics.individuals import effect_columns  # noqa: PLC0415

    columns = [("residual", name, getattr(records, name)) for name in ("iwres", "cwres", "npde")]
    columns += [("random effect", f"eta_{name}", eta) for name, (eta, _) in effect_columns(fit_).items()]
    rows: list[tuple[str | int | float, ...]] = []
    for kind, name, values in columns:
        known = values[np.isfinite(values)]
        mean = float(known.mean()) if known.size else ""
        rows.append((kind, name, known.size, mean, float(known.std(ddof=1)) if known.size > 1 else ""))
    write_csv(file, ("kind", "name", "n", "mean", "sd"), rows)


def _write_centres(file: Path, fit_: Fit) -> None:
    from pkpd.likelihood.centres import CentreEvaluation, centre_places  # noqa: PLC0415

    found = fit_.evaluation
    if not isinstance(found, CentreEvaluation):
        file.unlink(missing_ok=True)
        return
    names = fit_.population.model.centre_etas
    places, centres = centre_places(fit_.population)
    head = ["centre", "n_subjects", *(f"eta_{name}" for name in names), *(f"se_{name}" for name in names), "ofv"]
    rows = (
        (centre, int((places == i).sum()), *map(float, found.effects[i]), *map(float, found.effects_sd[i]), float(ofv))
        for i, (centre, ofv) in enumerate(zip(centres, found.ofv_c, strict=True))
    )
    write_csv(file, head, rows)


def _write_records(file: Path, records: LevelRecords) -> None:
    words = ("", "below", "above", "between")
    columns = (records.pred, records.ipred, records.iwres, records.cwres, records.npde)
    rows = (
        (
            records.ids[i],
            int(records.line[i]),
            float(records.time[i]),
            float(records.level[i]),
            words[int(records.censoring[i])],
            float(records.lower[i]),
            float(records.upper[i]),
            *(float(column[i]) for column in columns),
        )
        for i in range(records.n_levels)
    )
    head = ("id", "line", "time", "dv", "censored", "lloq", "uloq", "pred", "ipred", "iwres", "cwres", "npde")
    write_csv(file, head, rows)
