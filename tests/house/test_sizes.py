"""Short files, short functions: what tells the admired codebases from the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

LONGEST_FILE = 400
LONGEST_FUNCTION = 80
MOST_FUNCTIONS = 40  # what 95 of 100 functions keep to


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function in a file, nested ones too, with its number of lines from `def` to the end."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.name}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def too_long_files(paths: list[Path]) -> dict[str, int]:
    """The files that break the bar, with their lines."""
    lines = {str(path): len(path.read_text("utf-8").splitlines()) for path in paths}
    return {name: count for name, count in lines.items() if count > LONGEST_FILE}


def too_long_functions(paths: list[Path]) -> dict[str, int]:
    """The functions that break the bar, with their lines."""
    return {name: lines for path in paths for name, lines in functions(path) if lines > LONGEST_FUNCTION}


def test_no_file_is_too_long(modules: list[Path], root: Path) -> None:
    others = [path for path in (*root.glob("scripts/*"), *root.glob("examples/*.py")) if path.is_file()]
    assert too_long_files([*modules, *others]) == {}


def test_no_function_is_too_long(modules: list[Path]) -> None:
    assert too_long_functions(modules) == {}


def test_most_functions_are_short(modules: list[Path]) -> None:
    sizes = [lines for path in modules for _, lines in functions(path)]
    p95 = quantiles(sizes, n=20)[-1]
    print(f"{len(sizes)} functions: median {median(sizes):.0f} lines, p95 {p95:.0f}")
    assert p95 <= MOST_FUNCTIONS


def test_the_bars_catch_what_is_too_long(scratch: Path) -> None:
    long = scratch / "long.py"
    long.write_text("def endless():\n" + "    pass\n" * LONGEST_FILE)
    assert too_long_files([long]) == {str(long): LONGEST_FILE + 1}
    assert too_long_functions([long]) == {"long.py:1 endless": LONGEST_FILE + 1}
