"""No file names a place that exists on one machine only."""

from __future__ import annotations

import re

import pytest

from tests.architecture.project_files import ROOT, project_files

# A folder at the root that belongs to a person or a machine; "https://host/home/" and "../work/" are not such.
MACHINE_PATH = re.compile(r"(?<![\w.~)}-])/(?:work|root|home|Users|opt|mnt)/|\b[A-Z]:\\\w")


@pytest.mark.parametrize("text", ["cd /" + "home/me/asuc", '"/' + 'work/x"', "=/" + "root/.cache", "C" + ":\\Users"])
def test_a_machine_path_is_found(text: str):
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize("text", ["/usr/bin/chromium", "docs/work/x", "https://host/home/x", "../work/", "mg/L"])
def test_other_paths_are_left_alone(text: str):
    assert not MACHINE_PATH.search(text)


def test_no_file_of_the_project_names_a_machine_path():
    found = []
    for path in project_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        if b"\0" not in path.read_bytes()[:1024] and (match := MACHINE_PATH.search(text)):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line}: {match.group()}")
    assert not found, "\n".join(found)
