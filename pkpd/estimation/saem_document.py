"""A fit by SAEM as a document: that of any fit (`asuc-fit/1`), and under `saem` how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.objectives import Method
from pkpd.estimation.result import fit_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.estimation.covariance import CovarianceKind
    from pkpd.estimation.saem import SaemFit


def saem_document(result: SaemFit, kind: CovarianceKind, *, seconds: float, data_sha256: str = "") -> dict[str, Any]:
    """Return a fit by SAEM as plain dictionaries; arguments as ``result.fit_document``."""
    document = fit_document(result.fit, kind, seconds=seconds, data_sha256=data_sha256)
    document["saem"] = {
        "ofv_by": Method.EXACT.value,
        "seed": result.options.seed,
        "iterations": len(result.path),
        "exploration": result.n_exploration,
        "averaged": result.n_averaged,
        "chains": result.n_chains,
        "acceptance": {name: round(share, 4) for name, share in result.acceptance.items()},
        "sampling_error": _finite(result.sampling_error),
        "expected_decrease": _finite(result.expected_decrease),
    }
    return document


def path_table(result: SaemFit) -> tuple[tuple[str, ...], Iterator[tuple[object, ...]]]:
    """Return the path of the estimated parameters as head and rows: iteration, phase and values."""
    places = sorted(result.fit.scale.free)
    head = ("iteration", "phase", *(result.fit.parameters[place].name for place in places))
    rows = (
        (k, "exploration" if k <= result.n_exploration else "smoothing", *row.tolist())
        for k, row in enumerate(result.path[:, places], start=1)
    )
    return head, rows


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
