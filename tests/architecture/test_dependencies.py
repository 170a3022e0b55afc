"""What is imported is declared, so that it is pinned."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.project_files import PACKAGES, ROOT, package_sources

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# Files that load only where an optional dependency is asked for, and which one.
OPTIONAL = {ROOT / "crohns_srs" / "omop" / "postgresql.py": "postgresql"}
DISTRIBUTIONS = packages_distributions()


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules.add(node.module.partition(".")[0])
    return modules - set(sys.stdlib_module_names) - {*PACKAGES, "tests", "benchmarks", "studies"}


def undeclared(paths: list[Path], declared: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: imports {module}, which pyproject.toml does not declare"
        for path in paths
        for module in sorted(imported_modules(path))
        if not declared & {canonicalize_name(name) for name in DISTRIBUTIONS.get(module, [module])}
    ]


def test_packages_import_declared_dependencies_only():
    declared = names(PROJECT["project"]["dependencies"])
    assert undeclared([path for path in package_sources() if path not in OPTIONAL], declared) == []
    for path, extra in OPTIONAL.items():
        assert undeclared([path], declared | names(PROJECT["project"]["optional-dependencies"][extra])) == []


def test_tests_and_benchmarks_import_declared_dependencies_only():
    declared = names([*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["test"]])
    paths = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    assert undeclared(paths, declared) == []
