"""Fixtures of the engines' tests: a models folder of one's own, and the fetched models shared by all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from talkbase import config


@pytest.fixture
def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder that `settings().models` names during the test."""
    monkeypatch.setenv("TALKBASE_MODELS", str(tmp_path / "models"))
    config.settings.cache_clear()
    yield tmp_path / "models"
    monkeypatch.undo()
    config.settings.cache_clear()
