"""How long work shows where it is: a bar on a terminal, a line now and then elsewhere; always on standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from talkbase.domain.time import clock
from talkbase.interfaces.cli._output import clean, err, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

IN_SECONDS = frozenset({"decode", "transcribe", "diarize"})
"""What counts in seconds of the recording, so that a speed as × real time can be given; the rest counts items."""

_SPARSE = 30.0
"""Seconds between two lines where there is no terminal."""


class Display:
    """Shows stages as they come; call it as a `StageProgress`, within `with`, after `begin` has named the work.

    A stage's time runs from the end of the one before: so loading a model counts for the stage that needs it.
    """

    def __init__(self) -> None:
        self._about = ""
        self._bars: Progress | None = None
        self._bar: TaskID | None = None
        self._stage: str | None = None
        self._begun = self._latest = self._said = time.monotonic()
        self._done = self._total = 0.0

    def begin(self, about: str) -> None:
        """From now on this is worked on."""
        self.end_stage()
        self._about = clean(about)
        self._latest = time.monotonic()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bars = _bars()
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_stage(finished=error is None)
        if self._bars:
            self._bars.stop()

    def __call__(self, stage: str, done: float, total: float) -> None:
        """Take note of (stage, done, total)."""
        now = time.monotonic()
        if stage != self._stage:
            self.end_stage()
            self._stage, self._begun, self._said = stage, self._latest, now
        self._done, self._total, self._latest = done, total, now
        if self._bars:
            self._draw(self._bars)
        elif now - self._said >= _SPARSE:
            self._said = now
            share = f"{100 * done / total:.0f} %" if total else f"{done:.0f}"
            say(f"{self._about}: {stage} {share}{self._speed()}")

    def end_stage(self, *, finished: bool = True) -> None:
        """The stage at hand is over; a line says how long it took where there is no bar."""
        if self._stage is None:
            return
        if self._bars and self._bar is not None:
            self._bars.remove_task(self._bar)
            self._bar = None
        elif finished and not self._bars:
            about = f"{self._about}: " if self._about else ""
            say(f"{about}{self._stage} took {self._latest - self._begun:.1f} s{self._speed()}")
        self._stage = None

    def line(self, message: str) -> None:
        """Say something above the bar."""
        self.end_stage()
        if self._bars:
            self._bars.console.print(message, soft_wrap=True)
        else:
            say(message)

    def _draw(self, bars: Progress) -> None:
        speed = self._speed()
        if self._bar is None:
            self._bar = bars.add_task(self._stage or "", total=self._total or None, about=self._about, speed=speed)
        bars.update(self._bar, completed=self._done, total=self._total or None, speed=speed)

    def _speed(self) -> str:
        elapsed = self._latest - self._begun
        if self._stage not in IN_SECONDS or elapsed < 0.2:
            return ""
        return f", {self._done / elapsed:.1f} × real time"


def _bars() -> Progress:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.fields[about]}", markup=False),
        TextColumn("{task.description}", style="bold", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}", markup=False),
        TimeRemainingColumn(compact=True),
        console=err(),
        transient=True,
    )


def took(seconds: float, recording: float | None) -> str:
    """How long work took, and for a recording how much faster than hearing it."""
    speed = f", {recording / seconds:.1f} × real time" if recording and seconds > 0 else ""
    return f"{clock(seconds) if seconds >= 60 else f'{seconds:.1f} s'}{speed}"
