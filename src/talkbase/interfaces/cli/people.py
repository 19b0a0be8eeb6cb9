"""`talkbase people`: who is who across recordings."""

from __future__ import annotations

from typing import Annotated

import typer

from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._contract import Answered
from talkbase.interfaces.cli._group import CHANGE, Command, WithDefault, group

Id = Annotated[str, typer.Argument(metavar="PROPOSAL", help="Its id or the beginning of it.")]

app = group(cls=WithDefault, help="List people; say whether two voices are one person.")


@app.command("list")
def list_people(as_json: AsJson = False) -> None:
    """List the people that are known."""
    with opened() as tb:
        rows = tb.people()
    if as_json:
        _output.print_json({"items": list(rows)})
    elif not rows:
        _output.say("Nobody is known yet. `talkbase people proposals` shows voices that may be one person.")
    else:
        _output.print_table(
            ["id", "name", "email", "consent", "conversations"],
            [(_output.short(row.id), row.name, row.email, row.consent, row.conversations) for row in rows],
            wide=("name", "email"),
        )


@app.command()
def proposals(as_json: AsJson = False) -> None:
    """List voices of two recordings that may be one person, closest first."""
    with opened() as tb:
        rows = tb.proposals()
        enabled = tb.settings.voice_identity
    if as_json:
        _output.print_json({"items": list(rows)})
    elif not rows:
        _output.say(
            "No proposals."
            if enabled
            else "No proposals. Comparing voices is off; TALKBASE_VOICE_IDENTITY turns it on."
        )
    else:
        _output.print_table(
            ["id", "speaker", "in", "and", "in", "distance"],
            [
                (row.id, row.speaker, row.conversation, row.person or row.other_speaker, row.other_conversation,
                 f"{row.distance:.3f}")
                for row in rows
            ],
            wide=("in",),
        )  # fmt: skip


@app.command()
def accept(
    proposal: Id,
    name: Annotated[str | None, typer.Option("--name", help="The person's name; else the speaker's.")] = None,
    as_json: AsJson = False,
) -> None:
    """The two voices are one person."""
    with opened() as tb:
        person = tb.resolve_proposal(proposal, accept=True, name=name)
    _answered(Answered(proposal, "accepted", person), as_json=as_json)


@app.command()
def reject(proposal: Id, as_json: AsJson = False) -> None:
    """The two voices are different people."""
    with opened() as tb:
        tb.resolve_proposal(proposal, accept=False)
    _answered(Answered(proposal, "rejected", None), as_json=as_json)


def _answered(done: Answered, *, as_json: bool) -> None:
    if as_json:
        _output.print_json(done)
    else:
        _output.say(f"✓ {done.status}{f': person {_output.short(done.person)}' if done.person else ''}")


command = Command(app, CHANGE)
