"""Every module and public name says what it means, in more words than its name has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

EMPTY_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "to",
        "in",
        "on",
        "and",
        "or",
        "this",
        "that",
        "is",
        "are",
        "its",
        "it",
        "get",
        "gets",
        "set",
        "sets",
        "return",
        "returns",
    ]
)

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(tree: ast.Module, name: str) -> Iterator[tuple[str, Documented]]:
    """The module, and its public classes, functions and methods; not what is defined inside functions."""
    yield name, tree
    for node in tree.body:
        yield from _public(node)


def _public(node: ast.stmt) -> Iterator[tuple[str, Documented]]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
        yield node.name, node
        if isinstance(node, ast.ClassDef):
            for child in node.body:
                yield from _public(child)


def words(text: str) -> set[str]:
    """The words of a name or text that carry meaning, without plural s."""
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    return {word.removesuffix("s") for word in re.findall(r"[a-z]+", split.lower())} - EMPTY_WORDS


def faults(path: Path) -> Iterator[str]:
    """What is undocumented, or documented by its own name only."""
    for name, node in public(ast.parse(path.read_text("utf-8")), path.stem):
        doc = ast.get_docstring(node)
        where = f"{path}:{getattr(node, 'lineno', 1)} {name}"
        if not doc:
            if not _overrides(node):
                yield f"{where}: no docstring"
        # The first line of an error's docstring is the message that a person sees: it may be one word.
        elif path.name != "errors.py" and words(doc) <= words(name):
            yield f"{where}: “{doc}” only repeats the name"


def _overrides(node: Documented) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(ast.unparse(decorator).split(".")[-1] in ("override", "overload", "setter") for decorator in decorators)


def test_every_public_name_has_a_docstring_that_says_something(modules: list[Path]) -> None:
    # What Alembic calls in a migration is always named upgrade and downgrade.
    checked = [path for path in modules if path.parent.name != "versions"]
    assert [fault for path in checked for fault in faults(path)] == []


def test_an_empty_docstring_is_caught(scratch: Path) -> None:
    path = scratch / "planted.py"
    path.write_text(
        '"""Something planted for the test."""\n'
        'def job_status():\n    """Return the status of the jobs."""\n'
        "class Open:\n    def read(self): ...\n    def _hidden(self): ...\n"
        'def length():\n    """Seconds from the first word to the last."""\n'
    )
    found = list(faults(path))
    assert [fault.split(" ", 1)[1].split(":")[0] for fault in found] == ["job_status", "Open", "read"]
