"""What reaches standard output: JSON that programs can trust, and text that steers no terminal."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.interfaces.conftest import HOSTILE, Cli

from talkbase.interfaces.cli import _output


@given(st.text(alphabet=st.characters(codec=None)))
def test_clean_text_steers_nothing(text: str) -> None:
    kept = _output.clean(text)
    assert not {unicodedata.category(c) for c in kept} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(kept) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def test_clean_text_loses_whole_sequences_and_nothing_else() -> None:
    assert _output.clean(HOSTILE) == "[bold]Ev\ufffdil[/bold]"
    assert _output.clean("  two\n words\t") == "two words"
    assert _output.clean("schön, 日本語, 👩‍👩‍👧, ½") == "schön, 日本語, 👩‍👩‍👧, ½"


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_is_what_went_in_and_steers_nothing(value: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        import io

        patch.setattr("sys.stdout", out := io.StringIO())
        _output.print_json(value)
    assert json.loads(out.getvalue()) == value
    assert not {unicodedata.category(c) for c in out.getvalue().replace("\n", "")} & {"Cc", "Cs", "Zl", "Zp"}


@dataclass
class Sample:
    start: float
    confidence: float
    nothing: float
    id: UUID
    path: Path
    at: datetime


def test_plain_values() -> None:
    key = UUID(int=7)
    sample = Sample(1.23456, 0.123456789, float("nan"), key, Path("/x"), datetime(2026, 1, 2, tzinfo=UTC))
    assert _output.plain(sample) == {
        "start": 1.235, "confidence": 0.123457, "nothing": None, "id": str(key), "path": "/x",
        "at": "2026-01-02T00:00:00+00:00",
    }  # fmt: skip
    assert _output.plain({"end": [0.00049, 2]}) == {"end": [0.0, 2]}


@pytest.mark.parametrize("command", ["list", "show", "status", "search"])
def test_nothing_hostile_reaches_a_terminal(cli: Cli, hostile: str, command: str) -> None:
    arguments = {"list": [], "show": [hostile], "status": [hostile], "search": ["before after"]}[command]
    ran = cli.terminal(command, *arguments)
    assert ran.code == 0
    # What is left are the sequences for colours and for the progress bar that the command itself writes.
    text = re.sub(r"\x1b\[[0-9;]*m", "", ran.out)
    assert not {c for c in text if unicodedata.category(c) == "Cc"} - {"\r", "\n"}
    assert "owned" not in text
    assert "[bold]Ev\ufffdil[/bold]" in text.replace("\r\n", "") or "[bold]" in text


def test_markup_in_words_is_text(cli: Cli, hostile: str) -> None:
    assert "[red]not red[/red] :smile:" in cli("show", hostile).out


def test_a_hostile_name_in_an_error(cli: Cli, hostile: str) -> None:
    ran = cli("rename", hostile, "--speaker", "nobody\x1b[31m", "X")
    assert ran.code == 3
    assert "\x1b" not in ran.err


def test_a_pipe_gets_no_colours_and_all_of_the_data(cli: Cli, made: object) -> None:
    title = "A long title that goes on " * 12
    key = made(title, "word " * 200 + "end.")  # type: ignore[operator]
    listed = cli("list").out
    assert " ".join(title.split()) in listed
    shown = cli("show", key).out
    assert "word word end." in shown
    assert "\x1b" not in listed + shown
    assert not [line for line in (listed + shown).splitlines() if line != line.rstrip()]


def test_a_terminal_of_eighty_columns_is_kept(cli: Cli, meeting: str, hostile: str) -> None:
    for arguments in (["list"], ["show", meeting], ["search", "meeting"], ["doctor"], ["models"], ["status", meeting]):
        shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", cli.terminal(*arguments).out)
        assert max(len(line.rstrip("\r")) for line in shown.split("\n")) <= 80, arguments


def test_a_speaker_keeps_the_colour(cli: Cli, meeting: str) -> None:
    shown = cli.terminal("show", meeting).out
    colours = {name: set(re.findall(rf"\x1b\[(\d+)m{name} ", shown)) for name in ("nixo", "Pooja Ranjan")}
    assert all(len(found) == 1 for found in colours.values()), colours
    assert colours["nixo"] != colours["Pooja Ranjan"]


def test_matches_are_marked(cli: Cli, meeting: str) -> None:
    assert "«" in cli("search", "quick update", "--conversation", meeting).out
    shown = cli.terminal("search", "quick update", "--conversation", meeting).out
    assert "«" not in shown
    assert re.search(r"\x1b\[1;33m", shown)
