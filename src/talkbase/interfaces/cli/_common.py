"""What several commands share: options, and the open talkbase."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase

Kind = Literal["video", "audio", "meeting", "call", "chat", "transcript", "podcast", "interview", "talk", "other"]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]
Reference = Annotated[str, typer.Argument(metavar="ID", help="Its id, the beginning of the id, or its title.")]
References = Annotated[list[str], typer.Argument(metavar="ID…", help="Ids, beginnings of ids, or titles.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at most.")]


@contextmanager
def opened() -> Iterator[Talkbase]:
    """The talkbase that the settings name, closed at the end; libraries' warnings go into the log."""
    import talkbase
    from talkbase.interfaces.cli._log import open_log

    with talkbase.open() as tb:
        open_log(tb.settings.home, debug=tb.settings.debug)
        yield tb
