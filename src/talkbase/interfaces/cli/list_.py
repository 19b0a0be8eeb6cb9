"""`talkbase list`: the library, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, Kind, Limit, opened
from talkbase.interfaces.cli._group import LOOK, Command

if TYPE_CHECKING:
    from datetime import datetime

Status = Literal["pending", "processing", "completed", "failed"]


def list_conversations(
    limit: Limit = 50,
    after: Annotated[
        str | None, typer.Option("--after", metavar="CURSOR", help="Go on where the last page ended (`next`).")
    ] = None,
    status: Annotated[Status | None, typer.Option("--status", help="Only those with this status.")] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only those of this kind.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what there is, newest first."""
    with opened() as tb:
        rows = tb.list(limit=limit, after=after, status=status, kind=kind)
    if as_json:
        _output.print_json({"items": list(rows), "next": rows.next})
    elif not rows:
        _output.say(
            "Nothing here." if after or status or kind else "Nothing here yet. Try: talkbase add FILE-OR-FOLDER"
        )
    else:
        _output.print_table(
            ["id", "title", "length", "speakers", "lines", "status", "added"],
            [
                (_output.short(row.id), row.title, _output.length(row.duration), _speakers(row.speakers),
                 f"{row.utterances:,}", _output.status_text(row.status), _added(row.created_at))
                for row in rows
            ],
            wide=("title",),
        )  # fmt: skip
        if rows.next:
            _output.say(f"There is more: talkbase list --after {rows.next}")


def _speakers(names: list[str]) -> str:
    """A terminal is too narrow for names: there it is their number."""
    return str(len(names)) if _output.interactive() else ", ".join(names)


def _added(when: datetime) -> str:
    return _output.moment(when)[: 10 if _output.interactive() else None]


command = Command(list_conversations, LOOK)
