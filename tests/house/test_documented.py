"""Everything that a person can set, call or feed is in the reference, and has a sample that works."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from talkbase import exporters, readers, stages
from talkbase.config import Settings
from talkbase.errors import TalkbaseError


@pytest.fixture
def generator(root: Path) -> ModuleType:
    """The script that writes the reference."""
    spec = importlib.util.spec_from_file_location("generate_docs", root / "scripts" / "generate_docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date(generator: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    code = generator.main(["--check"])
    assert code == 0, capsys.readouterr().err


def test_a_stale_page_is_caught(generator: ModuleType, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "REFERENCE", scratch / "reference")
    assert generator.main(["--check"]) == 1
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    page = scratch / "reference" / "settings.md"
    page.write_text(page.read_text("utf-8").replace("TALKBASE_HOME", "TALKBASE_HOUSE"), "utf-8")
    assert generator.main(["--check"]) == 1


def test_every_setting_is_documented(generator: ModuleType, root: Path) -> None:
    page = (root / "docs/reference/settings.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert all(f"`{variable}`" in page for variable in generator.variables(name)), name


@pytest.mark.parametrize("registry", [readers.registry, exporters.registry, stages.registry])
def test_every_plugin_works_and_is_documented(registry: object, root: Path) -> None:
    found = registry()  # type: ignore[operator]
    page = (root / "docs/reference/plugins.md").read_text("utf-8")
    assert found.broken == ()
    assert [name for name in found.names if f"| `{name}` |" not in page] == []


def test_every_reader_has_a_sample(samples: Path, root: Path) -> None:
    seen = set(_readers_of(file for folder in (samples, root / "examples") for file in sorted(folder.rglob("*.*"))))
    assert set(readers.registry().names) - seen == set()


def test_every_exporter_writes_a_sample(root: Path) -> None:
    transcript = readers.read(root / "examples" / "governance-call.json").transcript
    for name, exporter in exporters.registry().items.items():
        # Subtitles need times, which this sample has not: refusing it is an answer too.
        with suppress(TalkbaseError):
            written = b"".join(exporter.write(transcript, id="0"))
            assert b"emergency" in written, name


def _readers_of(files: Iterator[Path]) -> Iterator[str]:
    for file in files:
        with suppress(TalkbaseError):
            yield readers.sniff(file).name
