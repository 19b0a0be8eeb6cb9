"""What is installed: the lock fits what is declared, and the wheel holds all that talkbase needs to run."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest


def wanted(project: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every requirement that pyproject.toml names, as package and oldest version (or the pinned one)."""
    named = list(project["project"]["dependencies"]) + project["build-system"]["requires"]
    for group in (project["project"]["optional-dependencies"], project["dependency-groups"]):
        named += [requirement for requirements in group.values() for requirement in requirements]
    for requirement in named:
        if isinstance(requirement, str) and not requirement.startswith("talkbase["):
            match = re.match(r"([\w.-]+)(?:\[[\w,]+\])?(?:[=>]=([\d.]+))?", requirement)
            assert match, requirement
            yield _normal(match[1]), match[2] or "0"


def locked(text: str) -> dict[str, str]:
    """Every package of a lock and its version."""
    return {_normal(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE)}


def missing(project: dict[str, Any], lock: dict[str, str]) -> list[str]:
    """The requirements that the lock does not meet."""
    return [name for name, oldest in wanted(project) if name not in lock or _key(lock[name]) < _key(oldest)]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _key(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def test_the_lock_meets_every_requirement(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    lock = locked((root / "requirements" / "dev.lock").read_text("utf-8"))
    assert missing(project, lock) == []
    assert len(lock) > 50


def test_every_runtime_dependency_is_named_in_the_code(root: Path, modules: list[Path]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    code = "\n".join(path.read_text("utf-8") for path in modules)
    homes: dict[str, set[str]] = {}
    for module, packages in packages_distributions().items():
        for package in packages:
            homes.setdefault(_normal(package), set()).add(module)
    for requirement in (*project["dependencies"], *extras["speech"], *extras["text"]):
        name = _normal(re.split(r"[\[=>]", requirement)[0])
        assert any(re.search(rf"\b{module}\b", code) for module in homes[name]), f"{name} is not used"


def test_a_forgotten_lock_is_caught() -> None:
    project = {
        "build-system": {"requires": []},
        "project": {
            "dependencies": ["a_b>=2.1", "c[extra]>=1"],
            "optional-dependencies": {"x": ["talkbase[y]", "d==3"]},
        },
        "dependency-groups": {"dev": [{"include-group": "test"}, "e"]},
    }
    assert missing(project, {"a-b": "2.0.9", "c": "1", "e": "1"}) == ["a-b", "d"]
    assert missing(project, locked("A.B==2.10 \\\nc==1\nd==3 ; x\ne==0\n")) == []


@pytest.mark.slow
def test_the_wheel_holds_all_that_talkbase_needs(root: Path, scratch: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", scratch, root],
        check=True,
    )
    (wheel,) = scratch.glob("talkbase-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert {name.removeprefix("src/") for name in tracked.splitlines()} - packed == set()
    assert any(name.endswith("licenses/LICENSE") for name in packed)
    assert any(name.endswith("licenses/NOTICE") for name in packed)
    assert not [name for name in packed if name.startswith(("tests/", "examples/", "docs/"))]
