"""The real command line on a real embedded server of its own, with a small library that the tests share."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from talkbase.db.server import Server
from talkbase.interfaces.cli._main import run

PROGRAM = [sys.executable, "-c", "from talkbase.interfaces.cli import main; main()"]
HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold]Ev\u202eil[/bold]\x9b31m"
"""A title that would rename a terminal's window, clear it, colour it, and turn the reading direction around."""


@dataclass(frozen=True)
class Ran:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)


@dataclass
class Cli:
    """Runs the command line: in this process, in one of its own, or on a terminal."""

    environment: dict[str, str]

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run in this process, as it were in a pipe."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            code = run([str(argument) for argument in arguments])
        return Ran(code, _text(out), _text(err))

    def process(self, *arguments: str | Path, input: str | None = None, **more: Any) -> Ran:
        """Run in a process of its own; `input` is its standard input, by default nothing."""
        done = subprocess.run(
            [*PROGRAM, *map(str, arguments)], input=input or "", capture_output=True, text=True, check=False,
            env={**os.environ, **self.environment, **more.pop("env", {})}, timeout=120, **more,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path, **how: Any) -> subprocess.Popen[str]:
        """Start it in a process of its own."""
        return subprocess.Popen(
            [*PROGRAM, *map(str, arguments)], env={**os.environ, **self.environment}, text=True, **how
        )

    def terminal(self, *arguments: str | Path, typed: str = "", columns: int = 80) -> Ran:
        """Run on a terminal of 80 columns, on which something may be typed; `out` is all that appeared on it."""
        master, slave = pty.openpty()
        environment = {**os.environ, **self.environment, "COLUMNS": str(columns), "TERM": "xterm-256color"}
        environment.pop("NO_COLOR", None)
        process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)], env=environment, stdin=slave, stdout=slave, stderr=slave, close_fds=True
        )
        os.close(slave)
        os.write(master, typed.encode())
        seen = b""
        try:
            while chunk := os.read(master, 65536):
                seen += chunk
        except OSError:  # Linux says so when the other side has closed
            pass
        os.close(master)
        return Ran(process.wait(timeout=120), seen.decode(), "")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@pytest.fixture(scope="session")
def new_home() -> Iterator[Callable[[], Path]]:
    """Makes home folders that PostgreSQL's own user can enter; their servers are stopped at the end."""
    made: list[Path] = []

    def make() -> Path:
        home = Path(tempfile.mkdtemp(prefix="talkbase-cli-"))
        home.chmod(0o755)
        made.append(home)
        return home

    yield make
    for home in made:
        Server(home).stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def new_cli(new_home: Callable[[], Path]) -> Callable[..., Cli]:
    """Makes command lines with a home of their own; keyword arguments are further environment variables."""

    def make(**environment: str) -> Cli:
        home = environment.pop("TALKBASE_HOME", None) or str(new_home())
        return Cli({
            "TALKBASE_HOME": home, "TALKBASE_DATABASE_LINGER": "60", "TALKBASE_PROFILE": "fast", "DATABASE_URL": "",
            "TZ": "UTC", **environment,
        })  # fmt: skip

    return make


@pytest.fixture(scope="session")
def cli(new_cli: Callable[..., Cli]) -> Cli:
    """A command line whose library holds what the session's fixtures add."""
    return new_cli()


@pytest.fixture(scope="session")
def meeting(cli: Cli, samples: Path) -> str:
    """The id of a meeting's transcript: 60 cues by six speakers, as Zoom writes it."""
    added = cli("add", samples / "formats" / "one_meeting.zoom.vtt", "--title", "All core devs", "--json")
    assert added.code == 0, added
    return str(added.json[0]["id"])


@pytest.fixture(scope="session")
def hostile(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of a transcript whose title, speaker and words would like to steer the terminal."""
    return add_transcript(
        cli, tmp_path_factory.mktemp("hostile") / "hostile.json", title=HOSTILE, speaker=HOSTILE,
        texts=[f"Before {HOSTILE} after", "[red]not red[/red] :smile:"],
    )  # fmt: skip


def add_transcript(cli: Cli, path: Path, *, title: str, speaker: str = "Ann", texts: list[str]) -> str:
    """Write a transcript, add it, and return its id."""
    path.write_text(json.dumps({
        "format": "talkbase-transcript", "version": 1, "title": title, "language": "en",
        "utterances": [
            {"speaker": speaker, "start": i * 2.0, "end": i * 2 + 1.5004, "text": text} for i, text in enumerate(texts)
        ],
    }))  # fmt: skip
    added = cli("add", path, "--json")
    assert added.code == 0, added
    return str(added.json[0]["id"])


@pytest.fixture
def made(cli: Cli, tmp_path: Path) -> Callable[..., str]:
    """Adds a transcript of a test's own, with the given title and texts, and returns its id."""
    count = iter(range(1000))

    def make(title: str, *texts: str, speaker: str = "Ann") -> str:
        path = tmp_path / f"{next(count)}.json"
        return add_transcript(cli, path, title=title, speaker=speaker, texts=list(texts or ("Some words.",)))

    return make


@pytest.fixture
def fits() -> Callable[[str, Any], None]:
    """Holds a value against the published schema of a command."""
    import jsonschema

    folder = Path(__file__).parents[2] / "docs" / "reference" / "schemas"

    def check(command: str, value: Any) -> None:
        schema = json.loads((folder / f"{command.replace(' ', '-')}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        validator.validate(value)

    return check
