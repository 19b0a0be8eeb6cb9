"""How the command line starts: what it imports, its help, its version, wrong usage, commands of others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.interfaces.conftest import PROGRAM, Cli

from talkbase import __version__
from talkbase.interfaces.cli import _group

HEAVY = ("numpy", "av", "psycopg", "sqlalchemy", "alembic", "pydantic", "rich", "procrastinate", "onnxruntime")
WATCH = "import sys; from talkbase.interfaces.cli._main import run; code = run(sys.argv[1:]); " \
    "print(code, *(m for m in %r if m in sys.modules), file=sys.stderr)"  # fmt: skip


def test_the_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCH % (HEAVY,), "--help"], capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == ["0"]


def test_a_heavy_import_would_be_seen() -> None:
    watch = "import numpy; " + WATCH % (HEAVY,)
    done = subprocess.run([sys.executable, "-c", watch, "--help"], capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["0", "numpy"]


def test_listing_imports_neither_the_orm_nor_a_model_s_runtime(cli: Cli, meeting: str) -> None:
    unwanted = ("sqlalchemy", "alembic", "procrastinate", "av", "numpy", "onnxruntime", "faster_whisper")
    done = subprocess.run(
        [sys.executable, "-c", WATCH % (unwanted,), "list"], capture_output=True, text=True, check=True,
        env={**cli.environment},
    )  # fmt: skip
    assert done.stderr.split() == ["0"]
    assert "All core devs" in done.stdout


def test_the_help_names_every_command_with_its_line(cli: Cli) -> None:
    shown = " ".join(cli("--help").out.split())
    for name in ("add", "analyze", "worker", "list", "show", "status", "search", "rename", "delete", "jobs", "export",
                 "people", "doctor", "models", "db"):  # fmt: skip
        command = _group.offered(name)
        assert command is not None
        assert f"{name} {_group.first_line(command)}" in shown
        assert _group.first_line(command).endswith((".", "!"))


def test_no_arguments_show_the_help(cli: Cli) -> None:
    ran = cli()
    assert ran.code == 0
    assert ran.out == cli("--help").out


def test_version(cli: Cli) -> None:
    assert cli("--version").out == f"talkbase {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lst",), "There is no command “lst”. Did you mean list?"),
        (("list", "--limit", "0"), "--limit"),
        (("list", "--status", "done"), "--status"),
        (("list", "--frobnicate"), "--frobnicate"),
        (("show",), "Missing argument"),
        (("search", "x", "--mode", "magic"), "--mode"),
        (("jobs", "cancel", "one"), "JOB"),
        (("export", "x", "--as", "pdf"), "csv, json, md, srt, txt, vtt"),
        (("analyze", "x", "--only", "nonsense"), "There is no stage “nonsense”"),
        (("analyze", "x", "--no-nonsense"), "--no-nonsense"),
    ],
)
def test_wrong_usage(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    ran = cli(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1
    as_json = cli(*arguments, "--json")
    assert as_json.code == 2
    assert set(as_json.json["error"]) == {"code", "message", "hint"}


def test_completion_knows_the_commands(cli: Cli) -> None:
    asked = {"_TALKBASE_COMPLETE": "complete_bash", "COMP_WORDS": "talkbase se", "COMP_CWORD": "1"}
    ran = subprocess.run(PROGRAM, env={**cli.environment, **asked}, capture_output=True, text=True, check=False)
    assert ran.stdout.split() == ["search"]
    # The shell is told, since what it would find is whatever runs the tests.
    told = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert "complete" in cli.process("--show-completion", "bash", env=told).out


@pytest.fixture
def package(tmp_path: Path) -> Callable[[str, str], Path]:
    """Installs a foreign package, of one module and one entry point, into a folder for PYTHONPATH."""

    def make(name: str, code: str) -> Path:
        (tmp_path / f"{name}_module.py").write_text(code)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[talkbase.commands]\n{name} = {name}_module:command\n")
        return tmp_path

    return make


def test_a_foreign_command_joins(cli: Cli, package: Callable[[str, str], Path]) -> None:
    folder = package("greet", (
        "from talkbase.interfaces.cli._group import Command\n"
        "def greet() -> int:\n    'Say hello.'\n    print('hello')\n    return 1\n"
        "command = Command(greet)\n"
    ))  # fmt: skip
    path = {"PYTHONPATH": str(folder)}
    assert "greet  Say hello." in cli.process("--help", env=path).out
    ran = cli.process("greet", env=path)
    assert (ran.code, ran.out) == (1, "hello\n")


def test_a_broken_command_costs_nobody_else(cli: Cli, package: Callable[[str, str], Path]) -> None:
    path = {"PYTHONPATH": str(package("broken", "raise SystemExit('boom')"))}
    shown = cli.process("--help", env=path)
    assert shown.code == 0
    assert "broken" not in shown.out
    assert cli.process("broken", env=path).code == 2
    doctor = cli.process("doctor", "--json", env=path)
    assert doctor.code == 1
    assert [c["name"] for c in doctor.json["checks"] if c["verdict"] != "ok"] == ["plugin: broken"]
