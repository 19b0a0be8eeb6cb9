"""Who may know whom: the contracts of pyproject.toml, and two rules that read every line."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DATABASE_LIBRARIES = frozenset({"psycopg", "psycopg_pool", "sqlalchemy", "alembic", "procrastinate", "pgvector"})
ENVIRONMENT = frozenset({"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"})


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Hold the package under `root`/src to the contracts of `root`/pyproject.toml."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def imported(tree: ast.Module) -> Iterator[str]:
    """The top-level names of all that a module imports anywhere, for types too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def reads_environment(tree: ast.Module) -> bool:
    """Whether a module reaches for environment variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return any(alias.name in ENVIRONMENT for alias in node.names)
    return False


def test_the_contracts_are_kept(root: Path) -> None:
    result = lint_imports(root)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("domain/late.py", "from talkbase.actions import add"),
        ("queries/late.py", "from talkbase.exporters import csv"),
        ("readers/late.py", "import talkbase.db"),
        ("actions/late.py", "import psycopg"),
        ("engines/late.py", "def show():\n    from rich import print"),
        ("surprise/late.py", "import talkbase.errors"),
    ],
)
def test_a_planted_import_breaks_a_contract(root: Path, scratch: Path, module: str, line: str) -> None:
    package = scratch / "src" / "talkbase"
    for name in ("actions", "queries", "exporters", "readers", "engines", "db", "plugins", "domain", "surprise"):
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
    for name in ("__init__", "config", "errors", "actions/add", "exporters/csv"):
        (package / f"{name}.py").touch()
    if not module.startswith("surprise"):
        shutil.rmtree(package / "surprise")
    shutil.copy(root / "pyproject.toml", scratch)
    assert lint_imports(scratch).returncode == 0 or module.startswith("surprise")
    (package / module).write_text(line + "\n")
    assert lint_imports(scratch).returncode == 1


def test_only_db_knows_the_database_libraries_even_for_types(modules: list[Path]) -> None:
    knowing = [
        path for path in modules if not DATABASE_LIBRARIES.isdisjoint(imported(ast.parse(path.read_text("utf-8"))))
    ]
    assert [path for path in knowing if "db" not in path.parts] == []
    assert knowing, "nothing imports a database library: has this test lost its subject?"


def test_only_config_reads_the_environment(modules: list[Path]) -> None:
    reading = [path for path in modules if reads_environment(ast.parse(path.read_text("utf-8")))]
    assert [path for path in reading if path.name != "config.py"] == []


def test_reading_the_environment_is_seen() -> None:
    for code in ("import os\nos.environ['A']", "import os as o\no.getenv('A')", "from os import environ as e"):
        assert reads_environment(ast.parse(code)), code
    assert not reads_environment(ast.parse("import os\nos.getpid()"))
    assert list(imported(ast.parse("if x:\n    from psycopg.rows import dict_row"))) == ["psycopg"]
