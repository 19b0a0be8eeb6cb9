"""A worker for the kill tests, which run it as a process: `queue_worker.py once|forever FAULT`.

Its jobs write a row a step, each in a transaction, and go on after the last step that is written.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import talkbase
from talkbase.db import queue

STEPS = 5
# Signs of life as far apart as a test can wait for.
queue.HEARTBEAT, queue.STALLED = 0.2, 1.0


def main(how: str, fault: str) -> None:
    async def look_away(app: Any) -> None:
        """Leave the jobs of dead workers where they are."""

    if fault == "no rescue":
        queue._rescue = look_away
    with talkbase.open() as tb:

        def steps(job: queue.Job) -> None:
            for step in range(STEPS):
                with tb.database.as_owner() as owner:
                    done = owner.execute("SELECT 1 FROM steps WHERE job = %s AND step = %s", [job.id, step]).fetchone()
                    if done and fault != "no memory":
                        continue
                    time.sleep(0.05)
                    owner.execute("INSERT INTO steps (job, step) VALUES (%s, %s)", [job.id, step])

        print("ready", flush=True)
        queue.work(tb.database, {"steps": steps}, once=how == "once")


if __name__ == "__main__":
    main(*sys.argv[1:])
