"""`talkbase export`: a conversation as a file of another format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from talkbase.errors import UsageError
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, Reference, opened
from talkbase.interfaces.cli._contract import Exported
from talkbase.interfaces.cli._group import LOOK, Command


def _formats(incomplete: str = "") -> list[str]:
    from talkbase.plugins import discover

    return [name for name in discover("exporters").names if name.startswith(incomplete)]


def export(
    reference: Reference,
    as_: Annotated[
        str, typer.Option("--as", metavar="FORMAT", autocompletion=_formats, help="txt, md, srt, vtt, json, csv.")
    ],
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="File or folder to write; - is standard output.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a conversation in another format: text, Markdown, subtitles, JSON, CSV."""
    target = None if to in (None, "-") else to
    if as_ not in _formats():
        raise UsageError(f"There is no format “{as_}”.", hint=f"Known are: {', '.join(_formats())}.")
    with opened() as tb:
        made = tb.export(reference, as_, target)
    if as_json:
        _output.print_json(
            Exported(as_, made.absolute(), None) if isinstance(made, Path) else Exported(as_, None, made.decode())
        )
    elif isinstance(made, Path):
        _output.say(f"✓ {_output.clean(made)}")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(made)


command = Command(export, LOOK)
