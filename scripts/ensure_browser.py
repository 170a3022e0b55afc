"""Make sure that the browser tests find a browser, and the library that Playwright's driver needs."""

from __future__ import annotations

import ctypes
import os
import sys

from debian import install_or_exit

DEFAULT = "/usr/bin/chromium"  # where Debian's package puts it
DRIVER_LIBRARY = "libatomic.so.1"  # Playwright's driver is linked to it, and a minimal Debian lacks it


def ensure_browser() -> None:
    """Install Debian's packages for the browser tests unless everything is there.

    Raises
    ------
    SystemExit
        Where something is missing and could not be installed.
    """
    path = os.environ.get("ASUC_CHROMIUM") or DEFAULT
    if not os.access(path, os.X_OK):
        if path != DEFAULT:
            sys.exit(f"setup: ASUC_CHROMIUM={path} is not a program, a Chromium browser expected; correct or unset it")
        _install(["chromium", "fonts-liberation"], lacking=f"Chromium at {DEFAULT}")
        if not os.access(DEFAULT, os.X_OK):
            sys.exit(f"setup: the package chromium put no program at {DEFAULT}; set ASUC_CHROMIUM=/path/to/chromium")
    if not _is_loadable(DRIVER_LIBRARY):
        _install(["libatomic1"], lacking=f"the library {DRIVER_LIBRARY}")


def _is_loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _install(packages: list[str], *, lacking: str) -> None:
    install_or_exit(
        packages,
        reason=f"the browser tests need {lacking}, and it is not there",
        otherwise=f"run 'sudo apt-get install {' '.join(packages)}'"
        + (", or set ASUC_CHROMIUM=/path/to/chromium" if "chromium" in packages else ""),
    )


if __name__ == "__main__":
    ensure_browser()
