"""`talkbase search`: what was said, by words or by meaning."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from talkbase.domain.time import clock
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, Kind, Limit, opened
from talkbase.interfaces.cli._group import LOOK, Command

if TYPE_CHECKING:
    from rich.text import Text

    from talkbase.queries.search import Hit

Mode = Literal["text", "semantic", "hybrid"]
DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%z"]
"""How a day or a moment may be written."""


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS…", help='Words; "a phrase"; or; -not.')],
    conversation: Annotated[
        str | None, typer.Option("--conversation", "-c", metavar="ID", help="Only in this conversation.")
    ] = None,
    speaker: Annotated[
        str | None, typer.Option("--speaker", "-s", metavar="NAME", help="Only what this speaker said.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only in conversations of this kind.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=DATES, help="Only in conversations from this day on.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=DATES, help="Only in conversations before this day.")
    ] = None,
    limit: Limit = 10,
    mode: Annotated[Mode | None, typer.Option("--mode", help="By words, by meaning, or both (the default).")] = None,
    as_json: AsJson = False,
) -> None:
    """Search what was said, by words and by meaning."""
    with opened() as tb:
        hits = tb.search(
            " ".join(words), conversation=conversation, speaker=speaker, kind=kind,
            since=_moment(since), until=_moment(until), limit=limit, mode=mode,
        )  # fmt: skip
    if as_json:
        _output.print_json({"hits": list(hits)})
        return
    if not hits:
        _output.say("Nothing found. Other words may help; `talkbase list` shows what there is.")
    for hit in hits:
        _print(hit)


def _moment(when: datetime | None) -> datetime | None:
    """What a person writes is meant in their own zone."""
    return when.astimezone() if when else None


def _print(hit: Hit) -> None:
    from rich.text import Text

    where = [_output.clean(hit.title), clock(hit.start) if hit.start is not None else None,
             _output.clean(hit.speaker) if hit.speaker else None]  # fmt: skip
    head = Text(" · ".join(part for part in where if part), style="bold")
    head.append(f"  {_output.short(hit.conversation_id)}", style="dim")
    console = _output.out()
    console.print(head, soft_wrap=True)
    console.print(Text("  ") + _highlighted(hit.snippet), soft_wrap=not console.is_terminal)
    console.print()


def _highlighted(snippet: str) -> Text:
    """The snippet with the words that matched in bold instead of between « and »; in a pipe the marks stay."""
    from rich.text import Text

    text = Text()
    for part in re.split("(«[^»]*»)", _output.clean(snippet)):
        if part.startswith("«") and _output.interactive():
            text.append(part[1:-1], style="bold yellow")
        else:
            text.append(part)
    return text


command = Command(search, LOOK)
