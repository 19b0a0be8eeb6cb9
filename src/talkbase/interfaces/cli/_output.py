"""What commands print: one JSON value for programs, or text for people that no recording can disturb.

Titles, names and texts come from recordings and files of strangers. Before they reach a terminal, everything in them
that would steer it is taken out; they are never read as markup.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from talkbase.domain.time import clock

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 100_000
"""Width of tables that go into a file or pipe: nothing is cut off there."""

_TIMES = frozenset({"start", "end", "duration", "took", "seconds"})

# C0 and C1 controls without tab and line feed, marks that reorder text, lone surrogates, and private line separators.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_SEQUENCE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\\]PX^_]|[\x9d\x90])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?"
)


class _Printed:
    """Whether this process has put its value on standard output, after which no error object may follow."""

    value = False


def value_printed() -> bool:
    """Whether `print_json` was called."""
    return _Printed.value


def reset() -> None:
    """Forget what was printed and where: the command line begins anew, perhaps on other streams."""
    _Printed.value = False
    out.cache_clear()
    err.cache_clear()


def print_json(value: Any) -> None:
    """Print one JSON value: the only thing that a command with `--json` writes to standard output."""
    _Printed.value = True
    text = json.dumps(plain(value), ensure_ascii=False, indent=2)
    # All that a terminal might obey stands inside strings, where JSON has an escape for it.
    sys.stdout.write(_STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def plain(value: Any, key: str = "") -> Any:
    """A result in JSON's types: times have three decimals, other numbers six, and what is no number is null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item, str(name)) for name, item in value.items()}
    if isinstance(value, float):
        return round(value, 3 if key in _TIMES else 6) if math.isfinite(value) else None
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Iterable):
        return [plain(item, key) for item in value]
    return str(value)


def clean(text: object) -> str:
    """Text from outside as a terminal may show it: on one line, without anything that would steer it."""
    return _STEERING.sub("\ufffd", _SEQUENCE.sub("", " ".join(str(text).split())))


def clean_lines(text: str) -> str:
    """The same for text of several lines, which stay."""
    return "\n".join(clean(line) for line in text.splitlines())


def say(message: str) -> None:
    """Tell a person something on standard error, where it is in no program's way."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


@cache
def out() -> Console:
    """The console on standard output: colours only on a terminal, and no width in a pipe."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout, highlight=False, markup=False, emoji=False, width=None if terminal else PIPE_WIDTH,
        force_terminal=terminal, legacy_windows=False,
    )  # fmt: skip


@cache
def err() -> Console:
    """The console on standard error, for progress and hints."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False, force_terminal=sys.stderr.isatty())


def interactive() -> bool:
    """Whether a person looks at standard output."""
    return sys.stdout.isatty()


class Styled(NamedTuple):
    """A cell of a table with its style, which only a terminal shows."""

    text: str
    style: str


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, wide: Sequence[str] = ()) -> None:
    """Print rows under headings; a cell is anything with a text, or `Styled`.

    On a terminal the `wide` columns wrap where space is short. In a pipe nothing is cut off or filled up, and rich is
    not even imported: what programs and scripts read comes at once.
    """
    cells = [[_cell(cell) for cell in row] for row in rows]
    if interactive():
        _print_on_terminal(columns, cells, wide)
    else:
        _print_in_pipe(columns, cells)


def _cell(value: Any) -> Styled:
    text, style = value if isinstance(value, Styled) else (value, "")
    return Styled(clean("" if text is None else text), style)


def _print_in_pipe(columns: Sequence[str], rows: Sequence[Sequence[Styled]]) -> None:
    from rich.cells import cell_len

    lines = [list(columns), *([cell.text for cell in row] for row in rows)]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines if any(columns) else lines[1:]:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _print_on_terminal(columns: Sequence[str], rows: Sequence[Sequence[Styled]], wide: Sequence[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column not in wide)
    for row in rows:
        table.add_row(*(Text(cell.text, style=cell.style) for cell in row))
    out().print(table)


def length(seconds: float | None) -> str:
    """A duration for people, or a dash where nothing measured it."""
    return "–" if seconds is None else clock(seconds)


def short(key: UUID | str | None) -> str:
    """The part of an id that people type: keys begin with their time, so that 13 characters tell a millisecond."""
    return "" if key is None else str(key)[:13]


def moment(when: datetime | None) -> str:
    """A point in time for people, in their zone, to the minute."""
    return "" if when is None else when.astimezone().strftime("%Y-%m-%d %H:%M")


_STATUS_STYLE = {"completed": "green", "ok": "green", "failed": "red", "damaged": "red", "processing": "yellow"}


def status_text(status: str) -> Styled:
    """A status in its colour."""
    return Styled(status, _STATUS_STYLE.get(status, ""))


def many(count: int, one: str, several: str | None = None) -> str:
    """A number with its noun: 1 speaker, 2 speakers."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"
