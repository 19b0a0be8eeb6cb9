"""`talkbase worker`: carry out what waits in the queue."""

from __future__ import annotations

from typing import Annotated

import typer

from talkbase.domain.time import clock
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._contract import WorkDone
from talkbase.interfaces.cli._group import ADD, INTERRUPTED, Command
from talkbase.interfaces.cli._progress import Display


def worker(
    once: Annotated[bool, typer.Option("--once", help="End when no job is left.")] = False,
    name: Annotated[str, typer.Option("--name", help="Name under which it appears.")] = "worker",
    as_json: AsJson = False,
) -> int:
    """Analyse what `add --queue` left, until interrupted; as many workers as you like."""
    from talkbase.actions.work import Outcome, work

    outcomes: list[Outcome] = []
    with opened() as tb, Display() as display:

        def report(outcome: Outcome) -> None:
            outcomes.append(outcome)
            display.end_stage()
            how = _output.clean(outcome.error) if outcome.error else f"done in {clock(outcome.took)}"
            display.line(f"{'✗' if outcome.error else '✓'} job {outcome.job}: {how}")

        if not once:
            _output.say("Waiting for jobs. Ctrl-C ends it; what it was at is carried on by the next worker.")
        display.begin(name)
        work(tb, once=once, name=name, progress=display, report=report)
    done, failed, stopped = (
        sum(o.status == status for o in outcomes) for status in ("completed", "failed", "interrupted")
    )
    if as_json:
        _output.print_json(WorkDone(done, failed))
    elif once and not outcomes:
        _output.say("No job was waiting.")
    if stopped:
        return INTERRUPTED
    return 1 if failed else 0


command = Command(worker, ADD)
