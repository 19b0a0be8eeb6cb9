"""How long work reports where it is: one callback, so that nothing below the interfaces prints."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, float], None]
"""Called with (done, total), in seconds of media or in items. It may raise `errors.Interrupted` to stop the work."""


def silent(done: float, total: float) -> None:
    """Report to nobody."""
