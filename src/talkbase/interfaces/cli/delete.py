"""`talkbase delete`: forget conversations for good."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from talkbase.errors import TalkbaseError, UsageError
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, References, opened
from talkbase.interfaces.cli._contract import Deleted
from talkbase.interfaces.cli._group import CHANGE, Command

if TYPE_CHECKING:
    from talkbase.queries.runs import StatusRow


def delete(
    references: References,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> int:
    """Delete conversations: rows, vectors, old texts and recordings, for good."""
    with opened() as tb:
        found = {row.conversation_id: row for reference in references for row in tb.status(reference)}
        if not yes and not _confirmed(list(found.values())):
            _output.say("Nothing was deleted.")
            return 1
        results = []
        for key, row in found.items():
            try:
                gone = tb.delete(str(key))
                results.append(Deleted(key, row.title, dict(gone.rows), gone.files, None))
            except TalkbaseError as error:
                results.append(Deleted(key, row.title, {}, 0, str(error)))
    if as_json:
        _output.print_json(results)
    else:
        for result in results:
            _output.say(_line(result))
    return 1 if any(result.error for result in results) else 0


def _confirmed(rows: list[StatusRow]) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("Deleting cannot be undone, and there is nobody to ask.", hint="Add --yes to delete anyway.")
    for row in rows:
        _output.say(f"  {_output.short(row.conversation_id)}  {_output.clean(row.title)}")
    return typer.confirm(f"Delete {_output.many(len(rows), 'conversation')} for good?", err=True)


def _line(result: Deleted) -> str:
    title = _output.clean(result.title)
    if result.error:
        return f"✗ {title}: {_output.clean(result.error)}"
    rows = sum(result.rows.values())
    return f"✓ {title}: {_output.many(rows, 'row')} and {_output.many(result.files, 'file')} deleted"


command = Command(delete, CHANGE)
