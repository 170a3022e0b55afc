"""Install a Debian package where that is possible, else say what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def install_or_exit(packages: list[str], *, reason: str, otherwise: str) -> None:
    """Install Debian packages, or leave the program with one sentence.

    Parameters
    ----------
    packages : list of str
        Names of the packages.
    reason : str
        What was found missing.
    otherwise : str
        What the user can do where this program cannot install (not Debian, or not root).

    Raises
    ------
    SystemExit
        Where apt-get is absent, fails, or the user is not root.
    """
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        sys.exit(f"setup: {reason}, and this user cannot install it; {otherwise}")
    print(f"setup: {reason}; installing {' '.join(packages)} with apt-get", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "--quiet=2"], install):
        if subprocess.run(command, env=environment, check=False).returncode != 0:
            sys.exit(f"setup: '{' '.join(command)}' failed (its message stands above); {otherwise}")
