"""Every error ends as one sentence, one exit code and, with `--json`, one object; never as a traceback."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.interfaces.conftest import Cli


@pytest.fixture
def nowhere(new_cli: Callable[..., Cli], scratch: Path) -> Cli:
    """A command line whose database does not answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return new_cli(TALKBASE_HOME=str(scratch), DATABASE_URL=f"postgresql://me:s3cret@127.0.0.1:{port}/talks")


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["show", "x"], ["search", "x"], ["add", __file__], ["jobs"], ["db", "current"], ["db", "create"]],
)
def test_no_database(nowhere: Cli, arguments: list[str]) -> None:
    ran = nowhere(*arguments, "--json")
    assert ran.code == 4
    assert ran.json["error"]["code"] == "database_unavailable"
    assert ran.json["error"]["hint"]
    assert "s3cret" not in ran.out + ran.err


def test_no_database_for_the_doctor(nowhere: Cli) -> None:
    ran = nowhere("doctor", "--json")
    assert ran.code == 1
    problems = {check["name"] for check in ran.json["checks"] if check["verdict"] == "problem"}
    assert problems == {"database", "media"}
    assert "plugins" in {check["name"] for check in ran.json["checks"]}
    assert nowhere("db", "status").code == 4


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("TALKBASE_PROFILE", "slow", "profile"),
        ("TALKBASE_DATABASE_POOL_MIN", "-1", "database_pool_min"),
        ("DATABASE_URL", "mysql://me:s3cret@host/x", "PostgreSQL"),
        ("DATABASE_URL", "sqlite:///talks.db", "SQLite"),
    ],
)
def test_a_setting_that_cannot_be_used(
    new_cli: Callable[..., Cli], scratch: Path, name: str, value: str, word: str
) -> None:
    ran = new_cli(TALKBASE_HOME=str(scratch), **{name: value})("list", "--json")
    assert ran.code == 2
    assert word.lower() in ran.json["error"]["message"].lower()
    assert "s3cret" not in ran.out + ran.err


def test_a_damaged_settings_file(new_cli: Callable[..., Cli], scratch: Path) -> None:
    (scratch / "talkbase.toml").write_text("profile = [")
    ran = new_cli(TALKBASE_HOME=str(scratch))("list", "--json")
    assert ran.code == 2
    assert "talkbase.toml" in ran.err


def test_what_nobody_foresaw(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault planted by this test")

    monkeypatch.setattr("talkbase.actions.library.Talkbase.list", fail)
    ran = cli("list", "--json")
    assert ran.code == 1
    assert ran.json["error"]["code"] == "error"
    assert "ZeroDivisionError" in ran.err
    assert "Traceback" not in ran.err
    log = Path(cli.environment["TALKBASE_HOME"]) / "logs" / "talkbase.log"
    assert str(log) in ran.err
    assert "a fault planted by this test" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    shown = Cli({**cli.environment, "TALKBASE_DEBUG": "true"})("list")
    assert shown.code == 1


def test_errors_in_red_only_on_a_terminal(cli: Cli) -> None:
    assert "\x1b[1;31merror:\x1b[0m" in cli.terminal("show", "nothing like this").out
    assert cli.process("show", "nothing like this").err.startswith("error: There is no conversation")


def test_an_error_after_a_value_adds_nothing_to_it(cli: Cli) -> None:
    ran = cli("add", "/no/such/file.vtt", "--json")
    assert ran.code == 3
    assert isinstance(json.loads(ran.out), list)
