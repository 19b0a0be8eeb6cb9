"""`talkbase status`: how far analyses are, and what was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._group import LOOK, Command
from talkbase.interfaces.cli._progress import took

if TYPE_CHECKING:
    from talkbase.queries.runs import RunRow, StatusRow


def status(
    reference: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One conversation; else all that are not completed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how far analyses are; of one conversation, every run of every stage."""
    with opened() as tb:
        rows = tb.status(reference)
        runs = tb.runs(str(rows[0].conversation_id)) if reference else []
    if as_json:
        _output.print_json({"items": list(rows), "runs": list(runs)})
        return
    if not rows:
        _output.say("Everything is analysed.")
        return
    _print(rows)
    if runs:
        print_runs(runs)


def _print(rows: list[StatusRow]) -> None:
    _output.print_table(
        ["id", "title", "status", "stage", "done", "error"],
        [
            (_output.short(row.conversation_id), row.title, _output.status_text(row.status), row.stage,
             "" if row.progress is None else f"{row.progress:.0f} %", row.error)
            for row in rows
        ],
        wide=("title", "error"),
    )  # fmt: skip


def print_runs(runs: list[RunRow]) -> None:
    """Print the runs of a conversation."""
    _output.out().print()
    _output.print_table(
        ["stage", "status", "model", "took", "result", "started"],
        [
            (run.stage, _output.status_text(run.status), run.model, "" if run.took is None else took(run.took, None),
             run.error or ", ".join(f"{count} {name}" for name, count in run.counts.items()),
             _output.moment(run.started_at))
            for run in runs
        ],
        wide=("result",),
    )  # fmt: skip


command = Command(status, LOOK)
