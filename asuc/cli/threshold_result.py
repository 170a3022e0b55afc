"""The document that `asuc tte threshold` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pkpd.wording import counted
from tte.evaluation.threshold import compare_markers
from tte.evaluation.threshold_document import OPTIMISTIC, SCHEMA, finding_entry, paired_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from asuc.cli.threshold_study import MarkedPopulation, Study
    from tte.evaluation.roc import Direction
    from tte.evaluation.threshold import MarkerFinding


def threshold_document(
    study: Study,
    findings: Mapping[str, Mapping[str, MarkerFinding]],
    *,
    notes: Sequence[str],
    origin: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the document ``tte-threshold/1``.

    Parameters
    ----------
    study : Study
        What was evaluated.
    findings : mapping
        What was found, by marker and population.
    notes : sequence of str
        What a reader should know of the file.
    origin : mapping
        Landmark and hash of the file.
    """
    return {
        "schema": SCHEMA,
        "horizon_day": study.horizon,
        **origin,
        "n_draws": study.n_draws,
        "seed": study.seed,
        "n_subjects": study.populations[0].times.n,
        "n_events": study.populations[0].times.n_events,
        "markers": [
            {
                "marker": one.name,
                "source": one.source,
                "populations": {key: finding_entry(found) for key, found in findings[one.name].items()},
            }
            for one in study.markers
        ],
        "comparisons": {one.key: list(_comparisons(study, one, findings)) for one in study.populations},
        "notes": list(notes),
        "warnings": list(_warnings(study, findings)),
    }


def _comparisons(
    study: Study, population: MarkedPopulation, findings: Mapping[str, Mapping[str, MarkerFinding]]
) -> Iterator[dict[str, Any]]:
    """Yield DeLong's test of the first marker against each of the others."""
    first, *others = (one.name for one in study.markers)
    for other in others:
        sides: list[Direction | None] = [findings[name][population.key].direction for name in (first, other)]
        one, two = sides
        if one is None or two is None:
            continue
        pair = (population.columns[first], population.columns[other])
        tested = compare_markers(population.times, *pair, horizon_day=study.horizon, directions=(one, two))
        yield paired_entry(first, other, tested)


def _warnings(study: Study, findings: Mapping[str, Mapping[str, MarkerFinding]]) -> Iterator[dict[str, str]]:
    everyone = [findings[one.name]["all"] for one in study.markers]
    chosen = {name for name, by in findings.items() if any(one.youden is not None for one in by.values())}
    if chosen:
        yield {"code": "optimistic", "text": OPTIMISTIC}
    if n := max(one.counts.n_unknown for one in everyone):
        text = (
            f"{counted(n, 'subject')} censored before day {study.horizon:g}: in no count, area or threshold, but stood for by "
            "weights in the area at the horizon (auc_at_horizon) and counted as long as they are observed in Kaplan–Meier curves and log-rank tests."
        )
        yield {"code": "censored_before_horizon", "text": text}
    if n := max(one.counts.n_late for one in everyone):
        text = (
            f"{counted(n, 'subject')} came under observation late: whoever had the event before is not in the file, which counts, areas and thresholds "
            "do not correct; Kaplan–Meier curves and log-rank tests do."
        )
        yield {"code": "late_entry", "text": text}
    free = [one.name for one in study.markers if one.direction is None and one.name in chosen]
    if free:
        text = (
            f"The direction of {', '.join(free)} was chosen from these subjects, which makes areas look better too; drawn subjects choose "
            "their own for the correction. Give it as NAME:lower or NAME:higher where it is known beforehand."
        )
        yield {"code": "direction_chosen", "text": text}
