"""`asuc crohns bootstrap`: all models refitted to drawn outcomes, in a folder that keeps what is done."""

from __future__ import annotations

import shutil
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import begin_results, check_folder, write_csv, write_json
from asuc.cli.crohns_fit import write_fit
from asuc.cli.crohns_options import Described, ParticipantsFile
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import FewWorkers, Resume, Scheduler, n_workers, task_farm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from asuc.cli.task import Compute
    from crohns_srs.lmm import GroupEffects, MixedFit
    from crohns_srs.srs.fit import SequenceFit
    from pkpd.arrays import FloatArray

EffectsName = Literal["held", "redrawn"]
_RESULT, _BLOCKS = "bootstrap.json", "blocks"


def bootstrap(
    participants: ParticipantsFile,
    out: OutFolder,
    config: Described = None,
    effects: Annotated[
        EffectsName,
        typer.Option(help="Trials' effects: held at their predictions (the publication's errors), or drawn anew."),
    ] = "held",
    n: Annotated[int, typer.Option("--n", min=100, max=1_000_000, help="Refits of each model.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same outcomes.")] = 1,
    workers: FewWorkers = None,
    scheduler: Scheduler = None,
    resume: Resume = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where the folder exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit the models, and refit them to outcomes that are drawn from them; the folder serves `asuc crohns recommend --fit`."""
    from crohns_srs.data.config import config_bytes, load_config  # noqa: PLC0415 - the engine loads after the words
    from crohns_srs.data.ipd_file import read_participants  # noqa: PLC0415
    from crohns_srs.lmm import GroupEffects  # noqa: PLC0415
    from crohns_srs.srs.bootstrap import bootstrap_document  # noqa: PLC0415
    from crohns_srs.srs.document import fit_document  # noqa: PLC0415
    from crohns_srs.srs.fit import fit_sequence  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    given = read_participants(participants, load_config(config))
    described = config_bytes(config)
    settings: dict[str, Any] = {
        "data_sha256": given.sha256,
        "config_sha256": given.config.sha256,
        "effects": effects,
        "n": n,
        "seed": seed,
    }
    document = begin_results(folder, _RESULT, settings, resume=resume)
    if document is None:
        started = time.perf_counter()
        sequence = fit_sequence(given)
        fitted = fit_document(sequence, level=0.95) | {"seconds": round(time.perf_counter() - started, 3)}
        write_fit(folder, fitted, described)
        if not resume:
            shutil.rmtree(folder / _BLOCKS, ignore_errors=True)
        with task_farm(n_workers(workers, scheduler, usual=1), scheduler) as begin:
            compute = begin(
                partial(refit, effects=GroupEffects(effects), seed=seed), [one.fit for one in sequence.stages]
            )
            refits = _refits(sequence, n, folder, compute)
        document = bootstrap_document(sequence, refits, GroupEffects(effects), seed)
        document["seconds"] = round(time.perf_counter() - started, 3)
        _write(folder, document)
        shutil.rmtree(folder / _BLOCKS, ignore_errors=True)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), f"Written to {folder}."]))


def refit(fits: Sequence[MixedFit], block: tuple[int, int], *, effects: GroupEffects, seed: int) -> FloatArray:
    """Return the refits of a block: which model, and the number of the block."""
    from crohns_srs.srs.bootstrap import refit_block  # noqa: PLC0415 - loads the engine

    return refit_block(fits[block[0]], effects, seed, block)


def _refits(sequence: SequenceFit, n: int, folder: Path, compute: Compute) -> dict[str, FloatArray]:
    """Return the refits of each model, each block kept in the folder as soon as it is done."""
    import numpy as np  # noqa: PLC0415

    from crohns_srs.srs.bootstrap import BLOCK, blocks_of  # noqa: PLC0415

    stages = sequence.stages
    wanted = blocks_of(len(stages), n)
    found = {
        block: kept for block in wanted if (kept := _kept(folder, block, len(stages[block[0]].fit.terms))) is not None
    }
    missing = [block for block in wanted if block not in found]
    try:
        with shown_progress("Refitting") as tell:
            for done, (block, outcome) in enumerate(compute(missing), start=1):
                if isinstance(outcome, TaskFailure):
                    model: int = block[0]
                    message = f"block {block[1] + 1} of {stages[model].title} was not fitted: {outcome.reason}"
                    raise RuntimeError(message)  # noqa: TRY004 - no question of types
                _keep(folder, block, outcome)
                found[block] = outcome
                tell(done / len(missing))
    except KeyboardInterrupt:
        kept = f"{len(found) * BLOCK:,} of {len(wanted) * BLOCK:,} refits are kept"
        report(f"{folder}: {kept}; the same command with --resume goes on from there.")
        raise
    return {one.id: np.vstack([found[block] for block in wanted if block[0] == i])[:n] for i, one in enumerate(stages)}


def _keep(folder: Path, block: tuple[int, int], refits: FloatArray) -> None:
    import numpy as np  # noqa: PLC0415

    file = _file(folder, block)
    file.parent.mkdir(exist_ok=True)
    beside = file.with_suffix(".new")
    with beside.open("wb") as stream:
        np.save(stream, refits, allow_pickle=False)
    beside.replace(file)


def _kept(folder: Path, block: tuple[int, int], n_terms: int) -> FloatArray | None:
    import numpy as np  # noqa: PLC0415

    from crohns_srs.srs.bootstrap import BLOCK  # noqa: PLC0415

    try:
        found = np.load(_file(folder, block), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # not there, or not whole: it is drawn again
    return found if found.shape == (BLOCK, n_terms + 2) else None


def _file(folder: Path, block: tuple[int, int]) -> Path:
    return folder / _BLOCKS / f"{block[0]}-{block[1]}.npy"


_COLUMNS = ("median", "mean", "se", "q025", "q975")


def _write(folder: Path, document: dict[str, Any]) -> None:
    rows = [
        (name, term, *(one[column][i] for column in _COLUMNS))
        for name, one in document["models"].items()
        for i, term in enumerate(one["terms"])
    ]
    write_csv(folder / "bootstrap.csv", ("model", "term", *_COLUMNS), rows)
    write_json(folder / _RESULT, document)


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    found: list[Sheet | str] = [
        f"{document['n']:,} refits of each model in {document['seconds']:.1f} s, trials' effects {document['effects']}."
    ]
    for name, one in document["models"].items():
        rows = tuple(
            (
                term,
                f"{one['median'][i]:.5g}",
                f"{one['se'][i]:.4g}",
                f"{one['q025'][i]:.4g} to {one['q975'][i]:.4g}",
            )
            for i, term in enumerate(one["terms"])
        )
        share = one["n_boundary"] / one["n"]
        found.append(
            Sheet(f"{name}: {share:.0%} with a variance of 0 between trials", ("term", "median", "SE", "95 %"), rows)
        )
    return found
