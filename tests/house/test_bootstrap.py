"""scripts/bootstrap, the set-up that `make demo` and `make test` begin with: run as it is, in a small checkout.

The checkout has a package of one file and a lock of no package, so that a whole set-up takes a few seconds.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
"""
BACKEND = """
import pathlib, time, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    time.sleep({delay})
    info = "tiny-1.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder) / "tiny-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return "tiny-1-py3-none-any.whl"
"""


@pytest.fixture
def checkout(scratch: Path, root: Path) -> Path:
    """A folder with a name that needs care, holding the script and what it installs."""
    folder = scratch / "a check out"
    (folder / "scripts").mkdir(parents=True)
    (folder / "requirements").mkdir()
    shutil.copy(root / "scripts" / "bootstrap", folder / "scripts")
    (folder / "requirements" / "dev.lock").touch()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND.format(delay=0))
    return folder


def bootstrap(checkout: Path, user: int | None = None, /, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script to its end."""
    return subprocess.run(
        ["scripts/bootstrap"],
        cwd=checkout,
        env=os.environ | {"PYTHON": sys.executable} | environment,
        user=user,
        capture_output=True,
        text=True,
        check=False,
    )


def tools(folder: Path, **scripts: str) -> str:
    """A PATH that begins with these shell scripts."""
    folder.mkdir()
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def complaint(result: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong."""
    assert result.returncode == 1, result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("talkbase: ")]
    assert len(lines) == 1, result.stderr
    assert result.stderr.rstrip().endswith(lines[0])
    return lines[0]


def test_a_python_that_is_too_old_is_named(checkout: Path, scratch: Path) -> None:
    old = scratch / "bin" / "old"
    tools(scratch / "bin", old='[ "$1" = --version ] && echo Python 3.9.2 && exit; exit 1')
    assert "needs Python 3.11 or newer, found Python 3.9.2" in complaint(bootstrap(checkout, PYTHON=str(old)))
    assert not (checkout / ".venv").exists()


def test_a_disk_that_is_too_full_is_measured_before(checkout: Path, scratch: Path) -> None:
    path = tools(scratch / "bin", df="echo Filesystem; echo /dev/x 9 9 102400 9% /")
    assert "only 100 MB are free" in complaint(bootstrap(checkout, PATH=path))
    assert not (checkout / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_named(checkout: Path) -> None:
    nobody = 65534 if os.geteuid() == 0 else None
    checkout.chmod(0o555)
    result = bootstrap(checkout, nobody, PYTHON="/usr/bin/python3" if nobody else sys.executable)
    checkout.chmod(0o755)
    if "needs Python" in result.stderr:
        pytest.skip("no Python that another user may run")
    assert f"cannot write to {checkout}" in complaint(result)


def test_another_folder_is_refused(scratch: Path, root: Path) -> None:
    result = subprocess.run([root / "scripts" / "bootstrap"], cwd=scratch, capture_output=True, text=True, check=False)
    assert "run make in talkbase's own folder" in complaint(result)


@pytest.mark.slow
def test_the_second_run_is_quick_and_changes_nothing(checkout: Path) -> None:
    first = bootstrap(checkout)
    assert first.returncode == 0, first.stderr
    assert "3/3" in first.stderr
    before = {path: path.lstat().st_mtime_ns for path in checkout.rglob("*")}
    begun = time.monotonic()
    second = bootstrap(checkout)
    assert time.monotonic() - begun < 1
    assert (second.returncode, second.stderr) == (0, "")
    assert {path: path.lstat().st_mtime_ns for path in checkout.rglob("*")} == before


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.3, 1.5, 4.0])
def test_a_killed_run_is_taken_up_again(checkout: Path, moment: float) -> None:
    (checkout / "backend.py").write_text(BACKEND.format(delay=60))
    running = subprocess.Popen(
        ["scripts/bootstrap"],
        cwd=checkout,
        env=os.environ | {"PYTHON": sys.executable},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(moment)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert not (checkout / ".venv" / "ready").exists()
    (checkout / "backend.py").write_text(BACKEND.format(delay=0))
    again = bootstrap(checkout)
    assert again.returncode == 0, again.stderr
    assert _imports_tiny(checkout)


@pytest.mark.slow
def test_a_moved_checkout_gets_an_environment_of_its_own(checkout: Path, scratch: Path) -> None:
    assert bootstrap(checkout).returncode == 0
    moved = checkout.rename(scratch / "moved")
    again = bootstrap(moved)
    assert again.returncode == 0, again.stderr
    assert str(moved) in (moved / ".venv" / "bin" / "pip").read_text()
    assert _imports_tiny(moved)


@pytest.mark.slow
def test_two_at_once_set_up_once(checkout: Path) -> None:
    environment = os.environ | {"PYTHON": sys.executable}
    both = [
        subprocess.Popen(["scripts/bootstrap"], cwd=checkout, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("Setting up" in text for text in said) == [False, True]
    assert sorted("waiting" in text for text in said) == [False, True]
    assert _imports_tiny(checkout)


@pytest.mark.slow
def test_no_network_is_told_from_other_faults_and_the_next_run_goes_on(checkout: Path) -> None:
    lock = checkout / "requirements" / "dev.lock"
    lock.write_text("no-such-thing==1 --hash=sha256:" + "0" * 64 + "\n")
    # Nothing listens on the discard port, and pip is told to look nowhere else.
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_EXTRA_INDEX_URL": ""}
    assert "no network" in complaint(bootstrap(checkout, None, **nowhere))
    lock.write_text("")
    assert bootstrap(checkout).returncode == 0


@pytest.mark.slow
def test_a_package_that_is_not_the_locked_one_is_refused(checkout: Path, scratch: Path) -> None:
    wheels = scratch / "wheels"
    wheels.mkdir()
    program = (
        f"import sys; sys.path.insert(0, {str(checkout)!r}); import backend; backend.build_editable({str(wheels)!r})"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    (checkout / "requirements" / "dev.lock").write_text("tiny==1 --hash=sha256:" + "0" * 64 + "\n")
    result = bootstrap(checkout, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
    assert "not the file that requirements/dev.lock names" in complaint(result)
    assert not _imports_tiny(checkout)


def _imports_tiny(checkout: Path) -> bool:
    python = checkout / ".venv" / "bin" / "python"
    return subprocess.run([python, "-c", "import tiny"], capture_output=True, check=False).returncode == 0
