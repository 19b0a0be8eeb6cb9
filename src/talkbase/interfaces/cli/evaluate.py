"""`talkbase evaluate`: how good talkbase is, measured on references."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._group import KEEP, Command, group
from talkbase.interfaces.cli._progress import Display

if TYPE_CHECKING:
    from talkbase.actions.evaluate import RetrievalReport

app = group(help="Measure talkbase on references.")


@app.callback()
def evaluate() -> None:
    """Measure talkbase on references."""


@app.command()
def retrieval(
    locomo: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A file of LoCoMo; may be repeated.")
    ] = None,
    qmsum: Annotated[
        list[Path] | None, typer.Option(metavar="PATH", help="A folder or file of QMSum; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the questions of test collections, and count how much of the evidence is found."""
    with opened() as tb, Display() as display:
        report = tb.evaluate_retrieval(
            locomo=locomo or (), qmsum=qmsum or (), progress=lambda done, total: display("evaluate", done, total)
        )
    if as_json:
        _output.print_json(report)
    else:
        _show(report)


def _show(report: RetrievalReport) -> None:
    _output.print_table(
        ["corpus", "questions", "category", "method", "R@5", "R@10", "R@20", "hit@5", "95 %"],
        [
            (row.corpus, str(row.questions), row.category, row.method, *(f"{value:.1%}" for value in (
                row.recall_at_5, row.recall_at_10, row.recall_at_20, row.hit_at_5)), f"{row.low:.1%} – {row.high:.1%}")
            for row in report.figures
        ],
    )  # fmt: skip
    _output.say(
        f"{report.conversations} conversations, {report.utterances:,} utterances, {report.questions:,} questions;"
        f" {report.unscorable} more have a reference that names no utterance. The interval is that of R@10, of QMSum"
        " that of hit@5."
    )


command = Command(app, KEEP)
