"""The example of code on the NONMEM page prints what stands behind it."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.pages import ROOT, blocks, page


def test_the_example_of_code_prints_its_comment():
    (example,) = blocks(page("docs/how-to/nonmem.md"), "python")
    printed = subprocess.run(  # noqa: S603 (our own documentation)
        [sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == example.rpartition("# ")[2].strip()
