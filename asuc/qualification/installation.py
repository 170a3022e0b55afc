"""Installation qualification: what runs here, whether its files are those that were installed, and their hashes."""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING

from asuc.qualification.outcome import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.metadata import Distribution

ROOT = Path(__file__).resolve().parents[2]
"""Folder that the packages of this software lie in: the source tree, or where they were installed."""
OWN = ("asuc", "crohns_srs", "dosing_app", "nonmem_ref", "pkpd", "tte")
_LEAST_PYTHON = (3, 11)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", flags=re.MULTILINE)
_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package that this software needs.

    Parameters
    ----------
    name, version : str
        As it calls itself.
    record_sha256 : str
        SHA-256 of its list of files with their hashes; empty where it has none.
    n_files : int
        Files of that list with a hash.
    changed : tuple of str
        Files that are gone, or are others than those that were installed.
    """

    name: str
    version: str
    record_sha256: str
    n_files: int
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installation:
    """What runs here.

    Parameters
    ----------
    outcomes : tuple of Outcome
        Checks.
    environment : dict of str to str
        Facts on the machine.
    files : dict of str to str
        SHA-256 of every file of this software.
    packages : tuple of Package
        What it needs.
    """

    outcomes: tuple[Outcome, ...]
    environment: dict[str, str]
    files: dict[str, str]
    packages: tuple[Package, ...]


def installation(tell: Callable[[float], None]) -> Installation:
    """Return what is installed; ``tell`` is told the share that is done."""
    environment, files = _environment(), own_files()
    names, missing = _needed()
    packages: list[Package] = []
    for i, one in enumerate(names):
        packages.append(_package(one))
        tell((i + 1) / len(names))
    outcomes = (_python(), _files(files), _present(names, missing), _unchanged(packages), _pinned(packages))
    return Installation(outcomes, environment, files, tuple(packages))


def own_files() -> dict[str, str]:
    """Return the SHA-256 of every file of this software but compiled ones, by its path."""
    found: dict[str, str] = {}
    for package in OWN:
        for file in sorted((ROOT / package).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found[file.relative_to(ROOT).as_posix()] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def combined_hash(files: dict[str, str]) -> str:
    """Return one SHA-256 of many files: of lines with hash, two blanks and path, in the order of the paths (as ``sha256sum`` writes)."""
    return hashlib.sha256("".join(f"{sha}  {name}\n" for name, sha in sorted(files.items())).encode()).hexdigest()


def _environment() -> dict[str, str]:
    return {
        "software": f"asuc {version('asuc')}",
        "installed in": str(ROOT),
        "commit": _commit(),
        "Python": f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}",
        "operating system": platform.platform(),
        "processor": f"{_processor()}, {os.cpu_count()} cores, {platform.machine()}",
        "byte order, floating point": f"{sys.byteorder}, {sys.float_info.mant_dig} bits of mantissa",
        "host": platform.node(),
        "time zone": os.environ.get("TZ", "") or "as the machine says",
        "locale": os.environ.get("LC_ALL", "") or os.environ.get("LANG", "") or "not set",
        "reference folder": os.environ.get("ASUC_REFERENCE_DIR", "") or "not named (ASUC_REFERENCE_DIR)",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "processor not named"


def _commit() -> str:
    """Return the commit of a source tree, and how many of its files differ from it."""
    if not (ROOT / ".git").exists():
        return "no source tree"
    try:
        said = [_git("rev-parse", "HEAD"), _git("status", "--porcelain")]
    except (OSError, subprocess.SubprocessError):
        return "git cannot be asked"
    n = len(said[1].splitlines())
    return f"{said[0].strip()}, {'no file differs' if n == 0 else f'{n} files differ from it'}"


def _git(*words: str) -> str:
    """Return what git says of the source tree."""
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout  # noqa: S603 - our own words


def _python() -> Outcome:
    least = ".".join(map(str, _LEAST_PYTHON))
    verdict = Verdict.PASS if sys.version_info[:2] >= _LEAST_PYTHON else Verdict.FAIL
    return Outcome("IQ-1", "Version of Python", f"{least} or newer", platform.python_version(), verdict)


def _files(files: dict[str, str]) -> Outcome:
    """Check the files against those of the wheel; in a source tree they are recorded."""
    title = "Files of this software"
    own = distribution("asuc")
    listed = {str(one): one for one in own.files or () if one.hash is not None and str(one).partition("/")[0] in OWN}
    found = f"{len(files):,} files, SHA-256 of all {combined_hash(files)}"
    if not listed:
        return Outcome(
            "IQ-2",
            title,
            "recorded",
            found,
            Verdict.RECORDED,
            "Installed from a source tree, whose commit is named above.",
        )
    changed = _changed(own)
    verdict = Verdict.FAIL if changed else Verdict.PASS
    return Outcome(
        "IQ-2",
        title,
        f"the {len(listed):,} files of the release",
        f"{found}; {_few(changed) or 'none changed'}",
        verdict,
    )


def _needed() -> tuple[list[Distribution], list[str]]:
    """Return the packages that this software needs, with those that they need, and the names of those that are not there."""
    found: dict[str, Distribution] = {}
    missing: list[str] = []
    waiting = _without_extras(distribution("asuc"))
    while waiting:
        requirement = waiting.pop()
        named = _NAME.match(requirement)
        if named is None or (name := _normal(named[0])) in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            # A need with a condition (of another system, for one) may go unmet.
            if ";" not in requirement:
                missing.append(requirement)
            continue
        waiting += _without_extras(found[name])
    return [found[name] for name in sorted(found)], missing


def _without_extras(one: Distribution) -> list[str]:
    return [text for text in one.requires or () if "extra" not in text.partition(";")[2]]


def _package(one: Distribution) -> Package:
    record = one.read_text("RECORD")
    n = sum(file.hash is not None for file in one.files or ())
    sha256 = "" if record is None else hashlib.sha256(record.encode()).hexdigest()
    return Package(_normal(one.metadata["Name"]), one.version, sha256, n, tuple(_changed(one)))


def _changed(one: Distribution) -> list[str]:
    found: list[str] = []
    for file in one.files or ():
        if file.hash is None:
            continue
        try:
            content = Path(str(file.locate())).read_bytes()
        except OSError:
            found.append(f"{file} is gone")
            continue
        digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, content).digest()).rstrip(b"=").decode()
        if digest != file.hash.value:
            found.append(f"{file} has changed")
    return found


def _present(names: Sequence[Distribution], missing: Sequence[str]) -> Outcome:
    found = f"{len(names)} of {len(names) + len(missing)}"
    why = f"Missing: {', '.join(missing)}." if missing else "What this software needs, and what that needs."
    verdict = Verdict.FAIL if missing else Verdict.PASS
    return Outcome("IQ-3", "Packages are there", "all", found, verdict, why)


def _unchanged(packages: Sequence[Package]) -> Outcome:
    changed = [f"{one.name}: {file}" for one in packages for file in one.changed]
    n = sum(one.n_files for one in packages)
    without = [one.name for one in packages if not one.n_files]
    why = "SHA-256 of every file beside that in the package's own list." + (
        f" Without a list: {', '.join(without)}." if without else ""
    )
    found = f"{len(changed)} of {n:,} files changed" + (f" ({_few(changed)})" if changed else "")
    verdict = Verdict.FAIL if changed else Verdict.PASS
    return Outcome("IQ-4", "Files of the packages are those that were installed", "0 changed", found, verdict, why)


def _pinned(packages: Sequence[Package]) -> Outcome:
    title, lock = "Versions of the packages are those of the lock file", ROOT / "requirements.lock"
    if not lock.is_file():
        return Outcome("IQ-5", title, "", "no requirements.lock", Verdict.ABSENT, "It is part of the source tree.")
    pins = {_normal(name): pin for name, pin in _PIN.findall(lock.read_text(encoding="utf-8"))}
    other = [
        f"{one.name} is {one.version}, pinned {pins.get(one.name, 'not at all')}"
        for one in packages
        if pins.get(one.name) != one.version
    ]
    verdict = Verdict.FAIL if other else Verdict.PASS
    return Outcome(
        "IQ-5",
        title,
        f"{len(packages)} of {len(packages)}",
        f"{len(packages) - len(other)} of {len(packages)}",
        verdict,
        _few(other),
    )


def _few(texts: Sequence[str]) -> str:
    return "; ".join(texts[:5]) + (f"; and {len(texts) - 5} more" if len(texts) > 5 else "")


def _normal(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()
