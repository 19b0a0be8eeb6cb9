"""What every test can use: the folder of real recordings, shipped samples, and scratch folders any user can enter."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytest_plugins = ["tests.database"]
SAMPLES = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def samples() -> Path:
    """Small real files that are shipped with the tests (licences in NOTICE)."""
    return SAMPLES


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The larger folder of real recordings and corpora; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("TALKBASE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder} (set TALKBASE_TEST_DATA)")
    return folder


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can enter too (pytest's tmp_path is closed to it when run as root)."""
    folder = Path(tempfile.mkdtemp(prefix="talkbase-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
