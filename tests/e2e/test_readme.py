"""The commands of the README and the tutorial do what is said there, as a person types them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """The lines that a page tells its reader to type."""
    return [line[2:] for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]


def run(line: str, environment: Mapping[str, str], folder: Path = ROOT) -> str:
    """Run a line in a shell without an input; what it printed. Fails where it fails."""
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """A person's environment with an empty talkbase."""
    home = Path(tempfile.mkdtemp(prefix="talkbase-readme-"))
    home.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TALKBASE_DATABASE_URL")}
    yield kept | {"TALKBASE_HOME": str(home), "TALKBASE_DATABASE_LINGER": "2"}
    time.sleep(3)  # until the server, which lingers for two seconds, has left the folder
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def demo(environment: dict[str, str]) -> str:
    """What `make demo` printed, run once on the empty talkbase."""
    assert commands(ROOT / "README.md")[:2] == ["make demo", "make test"]
    return run("make demo", environment)


def test_the_demo_shows_transcripts_speakers_times_and_hits(demo: str) -> None:
    words = re.sub(r"[^a-z ]+", " ", demo.lower())
    assert "ask not what your country can do for you" in re.sub(" +", " ", words)
    assert "Paul O'Leary" in demo
    assert "country" in demo
    assert demo.count("emergency") >= 2
    assert re.search(r"\b0?0:\d\d", demo), "no times"


def test_the_second_demo_is_quick_and_adds_nothing(demo: str, environment: dict[str, str]) -> None:
    listed = ".venv/bin/talkbase list --json"
    before = json.loads(run(listed, environment))["items"]
    assert len(before) == 3
    begun = time.monotonic()
    assert "was there" in run("make demo", environment)
    assert time.monotonic() - begun < 20
    assert json.loads(run(listed, environment))["items"] == before


def test_every_line_of_the_tour_works(demo: str, environment: dict[str, str]) -> None:
    tour = [line for line in commands(ROOT / "README.md") if not line.startswith("make")]
    assert len(tour) == 5
    printed = {line: run(line, environment) for line in tour}
    assert all(printed[line] for line in tour[1:]), printed
    assert "emergency" in printed[tour[3]]


def test_the_python_of_the_readme_works(demo: str, environment: dict[str, str]) -> None:
    (program,) = blocks(ROOT / "README.md", "python")
    program = program.replace('tb.search("emergency")', 'print(len(tb.search("emergency")))')
    assert int(run(f".venv/bin/python -c '{program}'", environment)) > 0


def test_every_line_of_the_tutorial_works(demo: str, environment: dict[str, str]) -> None:
    lines = commands(ROOT / "docs" / "tutorial.md")
    assert lines[0] == "make demo"
    for line in lines:
        run(line, environment)
    left = json.loads(run(".venv/bin/talkbase list --json", environment))["items"]
    assert len(left) == 2, "the last line deletes the speech"


def test_a_fresh_clone_passes_both_commands() -> None:
    folder = Path(tempfile.mkdtemp(prefix="talkbase-clone-"))
    folder.chmod(0o755)
    clone = folder / "talkbase"
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TALKBASE_", "VIRTUAL_ENV", "PYTEST"))
    }
    environment = kept | {
        "HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "cache"), "XDG_DATA_HOME": str(folder / "data"),
        "TALKBASE_HOME": str(folder / "data" / "talkbase"), "TALKBASE_DATABASE_LINGER": "2",
    }  # fmt: skip
    try:
        run(f"git clone -q {ROOT} {clone}", environment, folder)
        first = subprocess.run(
            "make demo", shell=True, cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        if "no network" in first.stderr:
            pytest.skip("no network for the packages")
        assert first.returncode == 0, first.stdout + first.stderr
        assert run('make test ARGS="--collect-only -q tests/house tests/domain"', environment, clone)
        assert run("git status --porcelain", environment, clone) == ""
        time.sleep(3)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
