"""Make sure that the report can be set as PDF, which needs a library of the operating system; all else works without."""

from __future__ import annotations

import ctypes

from debian import install_or_exit

# What WeasyPrint loads, and Debian's packages for it.
LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}


def ensure_pango() -> None:
    """Install Debian's packages for PDF where they are missing, or say in one sentence that there will be no PDF."""
    missing = [package for library, package in LIBRARIES.items() if not _is_loadable(library)]
    if not missing:
        return
    try:
        install_or_exit(
            missing,
            reason="reports as PDF need the library Pango, and it is not there",
            otherwise=f"everything else works without; for PDF run 'sudo apt-get install {' '.join(missing)}'",
        )
    except SystemExit as refusal:
        print(refusal, flush=True)


def _is_loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    ensure_pango()
