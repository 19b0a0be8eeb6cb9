"""Everything that a person can set, call or feed is in the reference, and has a sample that works."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

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


def test_every_command_in_the_documentation_exists(root: Path) -> None:
    from talkbase.interfaces.cli._main import application

    context = application().make_context("talkbase", [], resilient_parsing=True)
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    lines = {(page.name, line) for page in pages for line in told_commands(page.read_text("utf-8"))}
    assert len(lines) > 20
    assert [(page, line, fault) for page, line in sorted(lines) if (fault := unknown(line, context))] == []
    assert unknown("talkbase shwo ID", context) == "shwo"
    assert unknown("talkbase show ID --jsn", context) == "--jsn"
    assert unknown("talkbase show ID --json", context) is None


def told_commands(page: str) -> Iterator[str]:
    """The talkbase commands that a page tells its reader to type, in blocks and in running text."""
    yield from re.findall(r"^\$ (?:\S*/)?(talkbase .*)$", page, re.MULTILINE)
    yield from re.findall(r"`(talkbase [^`\n]+)`", page)


def unknown(line: str, context: Any) -> str | None:
    """The first command or option of a line that does not exist."""
    words = shlex.split(line)[1:]
    while hasattr(context.command, "list_commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name.isupper():
            return None
        if name not in context.command.list_commands(context):
            return name
        command = context.command.get_command(context, name)
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
    known = {option for parameter in context.command.params for option in parameter.opts} | {"--help"}
    for word in words:
        if re.match(r"--?[a-zA-Z]", word) and word.partition("=")[0] not in known:
            return word
    return None
