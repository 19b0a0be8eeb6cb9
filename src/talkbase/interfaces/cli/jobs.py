"""`talkbase jobs`: the queue."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, Limit, opened
from talkbase.interfaces.cli._contract import JobChanged
from talkbase.interfaces.cli._group import KEEP, Command, WithDefault, group

JobStatus = Literal["todo", "doing", "succeeded", "failed", "cancelled", "aborting", "aborted"]
Job = Annotated[int, typer.Argument(metavar="JOB", help="The job's number, as `talkbase jobs list` shows it.")]

app = group(cls=WithDefault, help="List, cancel and retry what waits for `talkbase worker`.")


@app.command("list")
def list_jobs(
    status: Annotated[JobStatus | None, typer.Option("--status", help="Only those with this status.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    with opened() as tb:
        rows = tb.jobs(status=status, limit=limit)
    if as_json:
        _output.print_json({"items": list(rows)})
    elif not rows:
        _output.say("No jobs. `talkbase add --queue PATH…` makes some, `talkbase worker` does them.")
    else:
        _output.print_table(
            ["job", "status", "conversation", "title", "tries", "started", "ended"],
            [
                (row.id, _output.status_text(row.status), _output.short(row.conversation_id), row.title, row.attempts,
                 _output.moment(row.started_at), _output.moment(row.ended_at))
                for row in rows
            ],
            wide=("title",),
        )  # fmt: skip


@app.command()
def cancel(job: Job, as_json: AsJson = False) -> None:
    """Cancel a waiting job, or stop a running one."""
    with opened() as tb:
        tb.cancel_job(job)
    _changed(JobChanged(job, "cancelled"), as_json=as_json)


@app.command()
def retry(job: Job, as_json: AsJson = False) -> None:
    """Put a failed or cancelled job back into the queue."""
    with opened() as tb:
        tb.retry_job(job)
    _changed(JobChanged(job, "todo"), as_json=as_json)


def _changed(done: JobChanged, *, as_json: bool) -> None:
    if as_json:
        _output.print_json(done)
    else:
        _output.say(f"✓ Job {done.id} is {'waiting again' if done.status == 'todo' else done.status}.")


command = Command(app, KEEP)
