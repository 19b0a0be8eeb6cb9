"""The command line: one file a command, found in this folder; files that begin with an underscore are helpers.

A command's file offers `command`, a `_group.Command`. Foreign packages add theirs by an entry point in the group
`talkbase.commands`. Nothing heavy is imported before a command runs, so that `talkbase --help` answers at once.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run talkbase's command line on this process's arguments, and end the process with its exit code."""
    from talkbase.interfaces.cli._main import run

    sys.exit(run(sys.argv[1:]))
