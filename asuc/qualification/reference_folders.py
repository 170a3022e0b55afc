"""Numbers of others that cannot be shipped: what is in the reference folder of this machine, and how the engine compares."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asuc.qualification.installation import ROOT
from asuc.qualification.outcome import Outcome, Verdict
from nonmem_ref.comparison.compare import compare, comparison_document
from nonmem_ref.comparison.run_files import runs_of
from nonmem_ref.read import read_artefact
from pkpd.model import load_model, model_names
from pkpd.model.parameters import terminal_half_life, typical_parameters
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

_WHERE = "Named by ASUC_REFERENCE_DIR, else beside the source tree."
_PUBLISHED = "infliximab_models.json"
_RUNS = ("pheno_focei", "inf1cpt_focei_N012", "m3_laplace_ad3tr4", "infliximab_map_foce", "tte_exponential_tte100")
# They are printed with three decimals [day].
_ROUNDED_HALF_LIFE = 5.1e-4
_CONTROL_STREAMS = Path(__file__).parent / "control_streams"
_NOT_READ = ("crohns", "ipdma")


def reference_folder() -> Path:
    """Return where numbers of others are looked for."""
    named = os.environ.get("ASUC_REFERENCE_DIR")
    return Path(named) if named else ROOT.parent / "shared" / "reference"


def steps() -> tuple[tuple[str, Callable[[], list[Outcome]]], ...]:
    """Return every check with what it is called while it runs, in their order."""
    folder = reference_folder()
    return (
        ("published models", lambda: [published(folder / _PUBLISHED)]),
        *(
            (f"NONMEM run {name}", lambda i=i, name=name: [nonmem_run(f"RQ-{i + 2}", folder / "nonmem" / name)])
            for i, name in enumerate(_RUNS)
        ),
        ("NONMEM files", lambda: [samples(folder / "nonmem" / "parser_samples")]),
        *(
            (f"folder {name}", lambda i=i, name=name: [recorded(f"RQ-{len(_RUNS) + 3 + i}", folder / name)])
            for i, name in enumerate(_NOT_READ)
        ),
    )


def published(file: Path) -> Outcome:
    """Compare the parameters of the check patients with an independent reading of the sources."""
    title = "Published models read independently"
    if not file.is_file():
        return _absent("RQ-1", title, file)
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    entries = {one["id"]: one for one in content["models"]}
    n, worst, off = 0, 0.0, list[str]()
    for name in model_names():
        model, expected = load_model(name), entries.get(name, {}).get("check", {})
        for check in model.checks:
            half_life = expected.get(check.name, {}).get("t_half_terminal_d")
            if half_life is None:
                continue
            error = abs(terminal_half_life(typical_parameters(model, check.covariates)) - float(half_life))
            n, worst = n + 1, max(worst, error)
            if error > _ROUNDED_HALF_LIFE:
                off.append(f"{name}, {check.name}")
    verdict = Verdict.FAIL if off or not n else Verdict.PASS
    why = f"{'; '.join(off)}. " if off else ""
    return Outcome(
        "RQ-1",
        title,
        f"half-lives of {counted(n, 'patient')} within {_ROUNDED_HALF_LIFE:g} day",
        f"{worst:.1e} day",
        verdict,
        f"{why}{_hash_of(file)}",
        ("PK-04",),
    )


def control_stream_of(name: str) -> Path | None:
    """Return the control stream that stands here for the run of a folder without one that the engine reads, or None."""
    file = _CONTROL_STREAMS / f"{name}.ctl"
    return file if file.is_file() else None


def nonmem_run(code: str, folder: Path) -> Outcome:
    """Compare a run of NONMEM; one that is not comparable says why and is no failure."""
    title = f"NONMEM run {folder.name}"
    if not folder.is_dir():
        return _absent(code, title, folder)
    given = control_stream_of(folder.name)
    runs = [run if given is None else replace(run, control=given) for run in runs_of(folder)]
    document = comparison_document([compare(run) for run in runs], folder.name)
    reasons = " ".join(f"{one['run']}: {one['verdict']}. {one['reason']}" for one in document["runs"])
    verdict = Verdict.FAIL if document["verdict"] == "differ" else Verdict.PASS
    if document["verdict"] == "not comparable":
        verdict = Verdict.RECORDED
    requirements = ("POP-02", "POP-05", "DIAG-02", "NM-03", "NM-05") if verdict is Verdict.PASS else ()
    return Outcome(code, title, "agrees", document["verdict"], verdict, f"{reasons} {_hash_of(folder)}", requirements)


def samples(folder: Path) -> Outcome:
    """Read every awkward file of NONMEM."""
    code, title = f"RQ-{len(_RUNS) + 2}", "Awkward files of NONMEM are read"
    if not folder.is_dir():
        return _absent(code, title, folder)
    files = [file for file in sorted(folder.iterdir()) if file.suffix != ".md"]
    kinds = [str(read_artefact(file)["status"]) for file in files]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    return Outcome(code, title, f"{len(files)} files", counts, Verdict.PASS, _hash_of(folder), ("NM-01",))


def recorded(code: str, folder: Path) -> Outcome:
    """Record a folder that this version does not use."""
    title = f"Reference folder {folder.name}"
    if not folder.is_dir():
        return _absent(code, title, folder)
    return Outcome(
        code, title, "", "there", Verdict.RECORDED, f"This version computes nothing of it. {_hash_of(folder)}"
    )


def _absent(code: str, title: str, path: Path) -> Outcome:
    return Outcome(code, title, "", f"no {path}", Verdict.ABSENT, _WHERE)


def _hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of the list of a folder's files with theirs, in words."""
    if path.is_file():
        return f"SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}."
    digest = hashlib.sha256()
    for file in sorted(one for one in path.rglob("*") if one.is_file()):
        digest.update(
            f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(path).as_posix()}\n".encode()
        )
    return f"SHA-256 of its list of files {digest.hexdigest()}."
