"""What several commands share: options, and the open talkbase."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]
Reference = Annotated[str, typer.Argument(metavar="ID", help="Its id, the beginning of the id, or its title.")]
References = Annotated[list[str], typer.Argument(metavar="ID…", help="Ids, beginnings of ids, or titles.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at most.")]


@contextmanager
def opened() -> Iterator[Talkbase]:
    """The talkbase that the settings name, closed at the end; libraries' warnings do not reach the terminal."""
    import logging

    import talkbase

    logging.getLogger().addHandler(logging.NullHandler())
    with talkbase.open() as tb:
        yield tb
