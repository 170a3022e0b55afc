"""What the steps of `asuc pipeline` found, read from their documents, and how it is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.pipeline_steps import EXPOSURE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_EFFECT = f"lambda:{EXPOSURE}"
_LIMITS = (
    "Research use only. An association of exposure with outcome, not proof that more drug would have prevented a colectomy; "
    "a threshold chosen on these patients looks better than it is, and only others can confirm it."
)


def found_by(folder: Path, new_id: str) -> dict[str, Any]:
    """Return the main result of every step, under its name; ``folder`` is where their folders are."""
    fit = _read(folder / "fit" / "fit.json")
    exposure = _read(folder / "exposure" / "exposure.json")
    hazards = _read(folder / "hazards" / "compare.json")
    hazard = _read(folder / "hazard" / "fit.json")
    markers = _read(folder / "threshold" / "threshold.json")["markers"]
    joint = _read(folder / "joint" / "joint.json")
    later = {"hazards": (hazards, "comparison"), "hazard": (hazard, "fit"), "joint": (joint, "joint")}
    at = {name: _beside(*one) for name, one in later.items()}
    return {
        "fit": {
            "status": fit["status"],
            **{
                name: {"estimate": fit["theta"][name]["estimate"], "se": fit["theta"][name]["se"]}
                for name in ("cl", "v")
            },
        },
        "exposure": {"n_subjects": exposure["n_subjects"], "log_auc_cl": exposure["subjects"]["ln_auc_cl"]},
        "hazards": _best_hazards(hazards),
        "hazard": _effect(hazard),
        "threshold": {
            one["marker"]: {key: _rule(found) for key, found in one["populations"].items()} for one in markers
        },
        "joint": _effect(joint["fits"]["joint"]),
        "landmark": {
            "hazards": at["hazards"] and _best_hazards(at["hazards"]),
            "hazard": at["hazard"] and _effect(at["hazard"]),
            "joint": at["joint"] and _effect(at["joint"]["fits"]["joint"]),
        },
        "validation": str(folder / "validation" / "report.html"),
        "event_model": str(folder / "event_model" / f"{new_id}.toml"),
    }


def summary_sheet(found: dict[str, Any], folder: Path, app: str) -> str:
    """Return the text of standard output.

    Parameters
    ----------
    found : dict
        As ``found_by``.
    folder : Path
        Where the folders of the steps are.
    app : str
        Command that opens the app with the new event model.
    """
    fit, exposure = found["fit"], found["exposure"]["log_auc_cl"]
    own = found["threshold"].get(EXPOSURE, {})
    rows = [
        ("fit", f"clearance {_with_se(fit['cl'])} L/day, volume {_with_se(fit['v'])} L ({fit['status']})"),
        (
            "exposure",
            f"ln(AUC/CL): median {exposure['median']:.2f}, 5 to 95 % of patients {exposure['q05']:.2f} to {exposure['q95']:.2f}",
        ),
        *_both(found, "hazards", lambda one: _hazard_text(one[0])),
        *_both(found, "hazard", _effect_text),
        *(("threshold", f"{'all' if key == 'all' else 'landmark'}: {_rule_text(one)}") for key, one in own.items()),
        *_both(found, "joint", _effect_text),
        ("validation", found["validation"]),
        ("event model", found["event_model"]),
    ]
    text = (
        f"Each step has its folder in {folder}, and what it printed beside it. Open the app with the new model: {app}"
    )
    return laid_out([Sheet("From levels to an event model", ("step", "found"), tuple(rows), wraps=1), _LIMITS, text])


def _read(file: Path) -> Any:  # noqa: ANN401 - a document
    return json.loads(file.read_text(encoding="utf-8"))


def _beside(document: dict[str, Any], key: str) -> dict[str, Any] | None:
    """Return what stands of those at the landmark beside all; None where nothing does."""
    beside = document.get("beside")
    return None if beside is None else beside[key]


def _best_hazards(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in ("hazard", "aic", "weight")} for one in document["hazards"][:2]]


def _both(found: dict[str, Any], name: str, text: Callable[[Any], str]) -> list[tuple[str, str]]:
    """Return the row of all, and that of those at the landmark where there is one."""
    later = found["landmark"][name]
    rows = [(name, f"all: {text(found[name])}")]
    return rows if later is None else [*rows, (name, f"landmark: {text(later)}")]


def _hazard_text(best: dict[str, Any]) -> str:
    if best["aic"] is None or best["weight"] is None:
        return "no hazard has a maximum"
    return f"least AIC: {best['hazard']}, {best['aic']:.1f} (weight {best['weight']:.2f})"


def _effect(fit: dict[str, Any]) -> dict[str, Any]:
    own = fit["parameters"][_EFFECT]
    return {"status": fit["status"], **{key: own[key] for key in ("estimate", "se", "profile_interval")}}


def _rule(found: dict[str, Any]) -> dict[str, Any]:
    """Return area and best threshold of a marker; None for what does not exist."""
    drawn, area, best = (found.get(key) for key in ("drawn", "auroc", "youden"))
    return {
        "status": found["status"],
        "auroc": area and [area["value"], area["low"], area["high"]],
        "threshold": best and drawn and [best["threshold"], drawn["threshold"]["low"], drawn["threshold"]["high"]],
    }


def _with_se(one: dict[str, Any]) -> str:
    return f"{one['estimate']:.3g}" + ("" if one["se"] is None else f" (SE {one['se']:.2g})")


def _effect_text(one: dict[str, Any]) -> str:
    if one["estimate"] is None:
        return one["status"]
    ends = one["profile_interval"]
    low, high = ("–" if end is None else f"{end:.2f}" for end in ends or (None, None))
    return f"β {one['estimate']:.2f}, 95 % by profile {low} to {high} ({one['status']})"


def _rule_text(one: dict[str, Any]) -> str:
    if one["auroc"] is None:
        return one["status"]
    area, best = one["auroc"], one["threshold"]
    told = f"AUROC {area[0]:.2f} ({area[1]:.2f} to {area[2]:.2f})"
    if best is None or best[0] is None:
        return f"{told}; no threshold of use"
    return f"{told}; threshold {best[0]:.2f}" + (
        "" if best[1] is None else f" ({best[1]:.2f} to {best[2]:.2f} over draws of subjects)"
    )
