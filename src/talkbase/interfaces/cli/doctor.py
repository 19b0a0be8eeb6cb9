"""`talkbase doctor`: is everything well, and what should a person do?"""

from __future__ import annotations

from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._group import KEEP, Command

_SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


def doctor(as_json: AsJson = False) -> int:
    """Look at server, schema, security, jobs, files, models and disk; exit code 1 where a person should act."""
    with opened() as tb:
        checks = tb.doctor()
    well = all(check.verdict == "ok" for check in checks)
    if as_json:
        _output.print_json({"well": well, "checks": list(checks)})
        return 0 if well else 1
    _output.print_table(
        ["", "checked", "found"],
        [
            (_output.Styled(*_SIGNS[check.verdict]), check.name, f"{check.found} {check.hint or ''}".strip())
            for check in checks
        ],
        wide=("found",),
    )
    return 0 if well else 1


command = Command(doctor, KEEP)
