"""`asuc crohns fit`: the placebo model and one model for each class of drugs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.crohns_options import Described, ParticipantsFile
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error

if TYPE_CHECKING:
    from pathlib import Path


def fit(
    participants: ParticipantsFile,
    out: OutFolder,
    config: Described = None,
    level: Annotated[float, typer.Option(help="Probability of the intervals, above 0.5 and below 1.")] = 0.95,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit the placebo model, and what each class of drugs adds to it."""
    from crohns_srs.data.config import config_bytes, load_config  # noqa: PLC0415 - the engine loads after the words are read
    from crohns_srs.data.ipd_file import read_participants  # noqa: PLC0415
    from crohns_srs.srs.document import fit_document  # noqa: PLC0415
    from crohns_srs.srs.fit import fit_sequence  # noqa: PLC0415

    if not 0.5 < level < 1.0:
        raise input_error("--level", f"{level:g} is not above 0.5 and below 1, such as 0.95")
    folder = check_folder(out, force=force)
    given = read_participants(participants, load_config(config))
    described = config_bytes(config)
    started = time.perf_counter()
    with shown_progress("Fitting") as tell:
        document = fit_document(fit_sequence(given, tell), level=level)
    document["seconds"] = round(time.perf_counter() - started, 3)
    make_folder(folder)
    write_fit(folder, document, described)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_parts(document), f"Written to {folder}."]))


def write_fit(folder: Path, document: dict[str, Any], config: bytes) -> None:
    """Write a fit with its configuration and tables; what an earlier bootstrap left is none of it."""
    (folder / "bootstrap.json").unlink(missing_ok=True)
    (folder / "config.toml").write_bytes(config)
    write_json(folder / "fit.json", document)
    _write_tables(folder, document)


_TERM_COLUMNS = (
    "estimate",
    "se",
    "df",
    "p",
    "se_two_stage",
    "kenward_roger_se",
    "kenward_roger_df",
    "kenward_roger_p",
)


def _write_tables(folder: Path, document: dict[str, Any]) -> None:
    """Write coefficients and trials of all models as tables."""
    rows: list[tuple[object, ...]] = []
    trials: list[tuple[object, ...]] = []
    for name, model in document["models"].items():
        for i, term in enumerate(model["terms"]):
            rows.append((name, term, *(model[column][i] for column in _TERM_COLUMNS), *model["interval"][i]))
        for trial, one in model["trials"].items():
            trials.append((name, trial, one["n_obs"], one["effect"], one["conditional_variance"]))
    write_csv(folder / "coefficients.csv", ("model", "term", *_TERM_COLUMNS, "lower", "upper"), rows)
    write_csv(folder / "trials.csv", ("model", "trial", "n_obs", "effect", "conditional_variance"), trials)


def _parts(document: dict[str, Any]) -> list[Sheet | str]:
    """Return what is printed of a fit."""
    found: list[Sheet | str] = []
    percent = f"{100.0 * document['level']:g} %"
    head = ("term", "estimate", "SE", "SE, two stages", "df", "p", f"{percent} interval")
    for model in document["models"].values():
        rows = tuple(
            (
                term,
                f"{model['estimate'][i]:.5g}",
                f"{model['se'][i]:.4g}",
                f"{model['se_two_stage'][i]:.4g}",
                f"{model['df'][i]:.1f}",
                _p(model["p"][i]),
                " to ".join(f"{end:.4g}" for end in model["interval"][i]),
            )
            for i, term in enumerate(model["terms"])
        )
        test = model["likelihood_ratio"]
        spread = f"variance between trials {model['var_trial']:.5g}, within {model['var_residual']:.5g}"
        title = f"{model['title'][:1].upper()}{model['title'][1:]}: {model['n_obs']:,} participants of {model['n_trials']} trials"
        found += [Sheet(title, head, rows)]
        found.append(
            f"REML criterion {model['reml_criterion']:.4f}; {spread}. All covariates at once: "
            f"chi-square {test['chi_square']:.2f}, {test['df']} df, p {_p(test['p'])}."
        )
        found += model["warnings"]
    return [*found, *document["notes"]]


def _p(value: float) -> str:
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"
