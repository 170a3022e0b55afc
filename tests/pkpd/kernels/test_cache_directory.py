"""The directory that machine code is kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkpd.kernels._jit import cache_directory

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_is_another_one_for_other_sources_and_for_the_same_ones_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ASUC_CACHE_DIR", str(tmp_path / "cache"))
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        (folder / "kernel.py").write_text("one = 1\n", encoding="utf-8")
    first, second = map(cache_directory, folders)
    assert first != second
    assert cache_directory(folders[0]) == first
    (folders[0] / "kernel.py").write_text("one = 2\n", encoding="utf-8")
    assert cache_directory(folders[0]) not in {first, second}
    assert first.is_dir()
    assert first.is_relative_to(tmp_path / "cache")
