"""What the repository must not hold, and whose work it must name."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

# Spelled apart, so that this file does not hold them itself.
FORBIDDEN = tuple(
    re.compile(text)
    for text in (
        r"/wo" + r"rk/(main|shared|\.library)",
        r"files\.python" + r"hosted\.org",
        r"registry\.npm" + r"js\.org",
        r"/o" + r"pt/pypi",
        r"(?m)^(<<<<<<<|>>>>>>>) ",
    )
)
SHARED = r"\.\./sha" + r"red"
MAY_NAME_SHARED = frozenset({".ci/run", "tests/conftest.py"})
TEXT = frozenset(
    {"", ".py", ".md", ".toml", ".lock", ".txt", ".json", ".sql", ".ini", ".cfg", ".yml", ".yaml", ".mako"}
)


def faults(path: Path, name: str) -> list[str]:
    """The forbidden strings in a text file."""
    if path.suffix not in TEXT:
        return []
    text = path.read_text("utf-8", errors="replace")
    found = [f"{name}: {match[0]}" for pattern in FORBIDDEN if (match := pattern.search(text))]
    if name not in MAY_NAME_SHARED and re.search(SHARED, text):
        found.append(f"{name}: names the folder beside the clone")
    return found


def test_no_file_names_a_machine_or_place_of_ours(tracked: list[Path], root: Path) -> None:
    assert [fault for path in tracked for fault in faults(path, str(path.relative_to(root)))] == []


def test_such_a_name_is_caught(scratch: Path) -> None:
    planted = scratch / "planted.md"
    planted.write_text("see /wo" + "rk/main and ../sha" + "red/data\n")
    assert len(faults(planted, "planted.md")) == 2


def test_everything_by_others_is_named_in_the_notice(tracked: list[Path], root: Path) -> None:
    notice = (root / "NOTICE").read_text("utf-8")
    patterns = re.findall(r"[\w./*-]+\.(?:\w+|\*)|[\w./-]+\*", notice)
    assert [name for name in _by_others(tracked, root) if not _named(name, patterns)] == []


def test_a_sample_without_licence_is_caught(root: Path) -> None:
    assert not _named("tests/data/unknown.wav", ["examples/jfk.wav", "tests/data/formats/subtitles/*"])
    assert _named("tests/data/formats/subtitles/a.vtt", ["tests/data/formats/subtitles/*"])


def _by_others(tracked: list[Path], root: Path) -> list[str]:
    names = [str(path.relative_to(root)) for path in tracked]
    folders = ("examples/", "tests/data/", "src/talkbase/weights/")
    return [name for name in names if name.startswith(folders) and not name.endswith((".md", ".py"))]


def _named(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) or Path(name).name == pattern for pattern in patterns)
