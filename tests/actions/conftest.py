"""Fixtures of the actions' tests: two foreign stages that take as long as a test needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from talkbase import plugins

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture
def foreign_stages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installs the package of `plugin/` for this process and those that it starts."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(PLUGIN), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    )
    plugins.discover.cache_clear()
    yield
    plugins.discover.cache_clear()
    sys.modules.pop("talkbase_test_stages", None)
