"""A worker of talkbase for the kill tests, which run it as a process: `worker.py FAULT`."""

from __future__ import annotations

import sys
from typing import Any

import talkbase
from talkbase.actions import analyze
from talkbase.actions.work import work
from talkbase.db import queue

# Signs of life as far apart as a test can wait for.
queue.HEARTBEAT, queue.STALLED = 0.3, 1.5


def main(fault: str) -> None:
    if fault == "forgets what was done":

        def nothing(*_: Any) -> dict[str, Any]:
            return {}

        analyze.runs.current_runs = nothing  # type: ignore[assignment]
    with talkbase.open() as tb:
        print("ready", flush=True)
        work(tb)


if __name__ == "__main__":
    main(sys.argv[1])
