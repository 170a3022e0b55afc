"""Create the virtual environment, with pip, that everything else is installed into."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

from debian import install_or_exit


def create_environment(folder: str) -> None:
    """Create a virtual environment with the Python that runs this.

    Parameters
    ----------
    folder : str
        Where the environment goes. One that was left half made is completed.
    """
    if importlib.util.find_spec("ensurepip") is None:
        # Debian ships the module that puts pip into an environment in a package of its own.
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install_or_exit(
            [package],
            reason=f"{sys.executable} cannot create environments (no module ensurepip)",
            otherwise=f"run 'sudo apt-get install {package}' and then the same make command again",
        )
    status = subprocess.run([sys.executable, "-m", "venv", folder], check=False).returncode
    if status != 0:
        sys.exit(f"setup: '{sys.executable} -m venv {folder}' failed (its message stands above)")


if __name__ == "__main__":
    create_environment(sys.argv[1])
