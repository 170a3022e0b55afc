"""requirements.lock pins what pyproject.toml asks for, with hashes and without an address."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.project_files import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ENTRIES = re.findall(r"^(\S+?)==(\S+)[^\n]*\n((?:    --hash=[^\n]*\n?)*)", LOCK, flags=re.MULTILINE)
VERSIONS = {canonicalize_name(name): version for name, version, _ in ENTRIES}
DIRECT = [
    *PROJECT["project"]["dependencies"],
    *(requirement for group in PROJECT["dependency-groups"].values() for requirement in group),
    *PROJECT["build-system"]["requires"],
]


@pytest.mark.parametrize("trace", ["http", "file:", "://", "index-url", "find-links", "/"])
def test_the_lock_holds_no_address(trace: str):
    assert trace not in LOCK


def test_every_line_of_the_lock_is_a_pinned_version_a_hash_or_a_comment():
    odd = [
        line
        for line in LOCK.splitlines()
        if not re.fullmatch(r"#.*|\S+==\S+( ; .*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line)
    ]
    assert not odd


def test_every_pinned_version_has_a_hash():
    assert ENTRIES
    assert [name for name, _, hashes in ENTRIES if "--hash=sha256:" not in hashes] == []


@pytest.mark.parametrize("text", DIRECT)
def test_the_lock_satisfies_each_direct_dependency(text: str):
    requirement = Requirement(text)
    version = VERSIONS.get(canonicalize_name(requirement.name))
    assert version is not None, f"{requirement.name} is not in requirements.lock; run `make lock`"
    assert requirement.specifier.contains(version), f"{text}: {version} is locked; run `make lock`"


@pytest.mark.parametrize("text", DIRECT)
def test_each_direct_dependency_is_explained(text: str):
    explained = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    assert f"`{Requirement(text).name}`" in explained
