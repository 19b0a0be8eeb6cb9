from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from talkbase.errors import NotFound
from talkbase.plugins import KINDS, Kind, discover, find

KIND = Kind("fake_tools", "tool", ("name", "use"), "fake.tools")

GOOD = "class Tool:\n    name = 'good'\n    def use(self): return 42\ntool = Tool()\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "fake_tools"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] in ("fake_tools", "foreign_tool")]:
        del sys.modules[name]


def _entry_point(site: Path, name: str, value: str) -> None:
    info = site / f"{value.split(':')[0]}_{name}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {value.split(':')[0]}-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[fake.tools]\n{name} = {value}\n")


def test_a_file_is_a_plugin_and_nothing_is_imported_before_it_is_asked_for(package: Path) -> None:
    (package / "good.py").write_text(GOOD)
    (package / "list_.py").write_text(GOOD)
    (package / "_helper.py").write_text("raise RuntimeError('helpers are not imported')")
    (package / "bad.py").write_text("raise RuntimeError('must not be imported yet')")
    registry = find(KIND)
    assert registry.names == ("bad", "good", "list")
    assert not [name for name in sys.modules if name.startswith("fake_tools.")]
    assert registry.get("good").use() == 42
    assert "fake_tools.list_" not in sys.modules


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_package_at_all", "ModuleNotFoundError: No module named 'no_such_package_at_all'"),
        ("raise ValueError('one\\ntwo')", "ValueError: one"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("tool = object()", "its tool has no name, use"),
        ("x = 1", "has no attribute 'tool'"),
        ("def (", "SyntaxError"),
        ("raise AssertionError", "AssertionError"),
    ],
)
def test_a_broken_plugin_is_skipped_and_named(package: Path, code: str, reason: str) -> None:
    (package / "good.py").write_text(GOOD)
    (package / "bad.py").write_text(code)
    registry = find(KIND)
    assert list(registry.items) == ["good"]
    assert [broken.name for broken in registry.broken] == ["bad"]
    assert reason in registry.broken[0].reason
    with pytest.raises(NotFound, match="cannot be loaded"):
        registry.get("bad")


def test_foreign_packages_join_by_entry_points(package: Path) -> None:
    site = package.parent
    (package / "good.py").write_text(GOOD)
    (site / "foreign_tool.py").write_text(GOOD.replace("good", "theirs"))
    _entry_point(site, "theirs", "foreign_tool:tool")
    _entry_point(site, "gone", "foreign_tool:nothing")
    _entry_point(site, "good", "foreign_tool:tool")
    registry = find(KIND)
    assert registry.names == ("good", "gone", "theirs")
    assert registry.get("theirs").name == "theirs"
    assert registry.get("good").name == "good"
    broken = dict(registry.broken)
    assert broken["good"] == "foreign_tool:tool has the name of another tool"
    assert "gone" in broken


def test_an_unknown_name_is_answered_with_the_known_ones(package: Path) -> None:
    (package / "good.py").write_text(GOOD)
    with pytest.raises(NotFound, match=r"no tool “other”.*Known are: good"):
        find(KIND).get("other")


def test_a_folder_that_is_not_there_has_no_plugins() -> None:
    assert find(Kind("no_such_package_at_all", "tool", (), "fake.tools")).names == ()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in ("readers", "exporters")])
def test_all_of_our_own_work(kind: str) -> None:
    registry = discover(kind)
    assert registry.broken == ()
    assert registry.items
    assert all(name == plugin.name for name, plugin in registry.items.items())
