"""`talkbase analyze`: bring the analysis of conversations up to date."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import UUID

from talkbase.errors import Interrupted, TalkbaseError
from talkbase.interfaces.cli import _analysis, _output
from talkbase.interfaces.cli._common import AsJson, References, opened
from talkbase.interfaces.cli._contract import Analysis
from talkbase.interfaces.cli._group import ADD, Command
from talkbase.interfaces.cli._progress import Display, took

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.stages import Options


def analyze(
    references: References,
    queue: _analysis.Queue = False,
    speakers: _analysis.Speakers = None,
    language: _analysis.Language = None,
    profile: _analysis.ProfileOption = None,
    only: _analysis.Only = None,
    without: _analysis.Without = None,
    as_json: AsJson = False,
) -> int:
    """Analyse again: what an equal run gave is not done anew."""
    from talkbase import stages

    with opened() as tb, Display() as display:
        chosen = _analysis.options(tb, profile, language, speakers, only, without)
        stages.plan(chosen)  # a stage that there is not is wrong usage, not a failed analysis
        results = []
        for reference in references:
            begun = time.monotonic()
            display.begin(reference)
            try:
                results.append(_queue(tb, reference, chosen) if queue else _run(tb, reference, chosen, display))
            except KeyboardInterrupt as error:
                raise Interrupted(hint="Run the same command again to go on.") from error
            except TalkbaseError as error:
                if len(references) == 1 or error.exit_code in (4, 130):
                    raise
                results.append(Analysis(reference, None, "failed", [], [], None, str(error)))
            if not as_json:
                display.line(_line(reference, results[-1], time.monotonic() - begun))
    if as_json:
        _output.print_json(results)
    return 1 if any(result.error for result in results) else 0


def _run(tb: Talkbase, reference: str, options: Options, display: Display) -> Analysis:
    done = tb.analyze(reference, options, progress=display)
    display.end_stage()
    return Analysis(reference, done.conversation, done.status, list(done.ran), list(done.skipped), None, None)


def _queue(tb: Talkbase, reference: str, options: Options) -> Analysis:
    row = tb.status(reference)[0]
    job = tb.enqueue(UUID(str(row.conversation_id)), options)
    return Analysis(reference, row.conversation_id, "pending", [], [], job, None)


def _line(reference: str, result: Analysis, seconds: float) -> str:
    name = _output.clean(reference)
    if result.error:
        return f"✗ {name}: {_output.clean(result.error)}"
    if result.job is not None:
        return f"✓ {name}: waits as job {result.job}; `talkbase worker` does it"
    if not result.ran:
        return f"= {name}: nothing to do, all results are there"
    return f"✓ {name}: {', '.join(result.ran)} in {took(seconds, None)}"


command = Command(analyze, ADD, _analysis.WithStages)
