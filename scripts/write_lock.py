"""Write requirements.lock: every package with its version and hashes, and no address."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEADER = "# Written by `make lock` from pyproject.toml: do not edit.\n"


def write_lock() -> None:
    """Resolve the dependencies and every dependency group into one list for Python 3.11 and newer.

    One version of a package serves every Python version, so that results do not depend on the interpreter.
    """
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    command = ["uv", "pip", "compile", "pyproject.toml"]
    command += [option for group in groups for option in ("--group", group)]
    command += ["--universal", "--python-version", "3.11", "--fork-strategy", "fewest"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--quiet"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    resolved = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, check=True, stdout=subprocess.PIPE, text=True
    )
    (ROOT / "requirements.lock").write_text(HEADER + resolved.stdout, "utf-8")


if __name__ == "__main__":
    write_lock()
