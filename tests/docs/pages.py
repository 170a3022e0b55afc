"""The pages of the documentation and the code blocks in them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.asuc.shell import without_progress

ROOT = Path(__file__).resolve().parents[2]
ASUC = f"{shlex.quote(sys.executable)} -m asuc"


def page(path: str) -> str:
    """Return the text of a page, by its path in the project."""
    return (ROOT / path).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def run_line(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a printed shell line with the `asuc` of this interpreter."""
    command = line.replace(".venv/bin/asuc", ASUC)
    done = subprocess.run(  # noqa: S603 (our own documentation)
        ["/bin/bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return without_progress(done)
