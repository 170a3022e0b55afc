"""The command in a shell, with its streams where a test wants them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "dosing_app" / "examples"
# What Python runs for `asuc` with the words behind it: a process that a shell started in the background ignores Ctrl-C, as do those that it starts.
HEEDING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from asuc.__main__ import main; main()"
)
TYPICAL, FAST = EXAMPLES / "typical.json", EXAMPLES / "fast_clearance.json"


# What a command says of its progress once it takes longer than two seconds, as on a busy machine.
_PROGRESS = re.compile(r"^[A-Z][a-z ]+: \d+% done after \d+ s, about \d+ s left\.\n", flags=re.MULTILINE)


def without_progress(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Return what a command said without the lines on its progress."""
    done.stderr = _PROGRESS.sub("", done.stderr)
    return done


def asuc(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `asuc` with a line of arguments and redirections, and variables of the environment."""
    return _run(["/bin/bash", "-o", "pipefail", "-c", f"{shlex.quote(sys.executable)} -m asuc {line}"], variables)


def asuc_in_terminal(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `asuc` with its output on a terminal."""
    spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    return _run([sys.executable, "-c", spawn, sys.executable, "-m", "asuc", *shlex.split(line)], variables)


def _run(command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    unwanted = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING"}
    inherited = {name: value for name, value in os.environ.items() if name not in unwanted}
    done = subprocess.run(  # noqa: S603 (lines of our own tests)
        command,
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return without_progress(done)
