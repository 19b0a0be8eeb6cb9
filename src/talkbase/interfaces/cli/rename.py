"""`talkbase rename`: another title for a conversation, or a name for a speaker."""

from __future__ import annotations

from typing import Annotated

import typer

from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, Reference, opened
from talkbase.interfaces.cli._contract import Renamed
from talkbase.interfaces.cli._group import CHANGE, Command


def rename(
    reference: Reference,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new title or name.")],
    speaker: Annotated[
        str | None,
        typer.Option("--speaker", "-s", metavar="SPEAKER", help="Name this speaker, found by label or name."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a conversation another title, or one of its speakers a name."""
    with opened() as tb:
        if speaker is None:
            done = Renamed("conversation", tb.rename(reference, name), name)
        else:
            done = Renamed("speaker", tb.rename_speaker(reference, speaker, name), name)
    if as_json:
        _output.print_json(done)
    else:
        _output.say(f"✓ The {done.kind} is now called “{_output.clean(done.name)}”.")


command = Command(rename, CHANGE)
