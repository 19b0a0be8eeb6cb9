"""The house's own files, for tests that read code rather than run it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def modules() -> list[Path]:
    """Every module of the package."""
    return sorted((ROOT / "src" / "talkbase").rglob("*.py"))


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file that git knows and that is there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
