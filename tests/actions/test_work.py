"""Workers killed at any moment: another goes on at the stage where it stopped; nothing is doubled or lost."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.actions.test_add import meeting
from tests.database import environment

from talkbase.actions.library import Talkbase
from talkbase.engines import weights
from talkbase.stages import Options

pytestmark = pytest.mark.slow
WORKER = Path(__file__).with_name("worker.py")


class Workers:
    """Worker processes that can be killed and started anew."""

    def __init__(self, tb: Talkbase, fault: str) -> None:
        self._tb, self._fault = tb, fault
        self.running: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        process = subprocess.Popen([sys.executable, str(WORKER), self._fault], env=environment(self._tb.database),
                                   stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"

    def kill(self, process: subprocess.Popen[str]) -> None:
        self.running.remove(process)
        process.kill()
        process.communicate()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process in list(self.running):
            self.kill(process)


def finished(tb: Talkbase, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if {job.status for job in tb.jobs(limit=100)} == {"succeeded"}:
            return True
        time.sleep(0.1)
    return False


def faults(tb: Talkbase, expected: dict[str, int]) -> list[str]:
    """What is doubled or lost; `expected` is the number of rows of each table and conversation."""
    found = [f"{job.id}: {job.status}" for job in tb.jobs(limit=100) if job.status != "succeeded"]
    with tb.database.as_owner() as owner:
        for (row,) in owner.execute("SELECT status FROM conversations WHERE status <> 'completed'"):
            found.append(f"a conversation is {row}")
        for row in owner.execute("SELECT stage, count(*) FROM runs WHERE status = 'completed'"
                                 " GROUP BY conversation_id, stage HAVING count(*) <> 1"):  # fmt: skip
            found.append(f"{row[0]} was done {row[1]} times")
        for row in owner.execute("SELECT stage, status FROM runs WHERE status IN ('processing', 'failed')"):
            found.append(f"a run of {row[0]} is {row[1]}")
        for row in owner.execute("SELECT status FROM analyses WHERE status IN ('processing', 'pending', 'failed')"):
            found.append(f"an analysis is {row[0]}")
        for table, number in expected.items():
            query = (f"SELECT c.title, count(t.conversation_id) FROM conversations c LEFT JOIN {table} t"
                     " ON t.conversation_id = c.id GROUP BY c.id"
                     f" HAVING count(t.conversation_id) <> {number}")  # fmt: skip
            for row in owner.execute(query):  # type: ignore[arg-type]
                found.append(f"{row[0]} has {row[1]} {table}")
    return found


def kill_at_random(tb: Talkbase, *, kills: int, longest: float, seconds: float) -> None:
    seed = time.time_ns() % 1_000_000
    print(f"seed {seed}")
    chance = random.Random(seed)
    with Workers(tb, "") as workers:
        for _ in range(2):
            workers.start()
        for _ in range(kills):
            time.sleep(chance.uniform(0, longest))
            workers.kill(chance.choice(workers.running))
            workers.start()
        assert finished(tb, seconds), (seed, tb.jobs(limit=100))


@pytest.mark.usefixtures("foreign_stages")
def test_transcripts_survive_workers_that_are_killed(tb: Talkbase, tmp_path: Path) -> None:
    options = Options(only=("embed", "first_scenes", "second_scenes"))
    for number in range(6):
        path = meeting(tmp_path, f"{number}.vtt", *(f"<v S{n % 2}>Line {n} of talk {number}." for n in range(12)))
        tb.add(path, options=options, queue=True)
    kill_at_random(tb, kills=6, longest=1.0, seconds=120)
    assert faults(tb, {"utterances": 12, "utterance_vectors": 12, "scenes": 16, "speakers": 2}) == []


@pytest.mark.usefixtures("foreign_stages")
def test_a_worker_that_forgets_what_was_done_is_noticed(
    tb: Talkbase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKBASE_TEST_STEPS", "100")
    options = Options(only=("first_scenes", "second_scenes"))
    added = tb.add(meeting(tmp_path), options=options, queue=True)
    with Workers(tb, "forgets what was done") as workers:
        workers.start()
        stage: Any = None
        while stage != "second_scenes":
            time.sleep(0.05)
            stage = tb.status(added.id)[0].stage
        workers.kill(workers.running[0])
        workers.start()
        assert finished(tb, 60)
    assert "first_scenes was done 2 times" in faults(tb, {})


def test_recordings_survive_workers_that_are_killed(tb: Talkbase, samples: Path, tmp_path: Path) -> None:
    for model in ("whisper-base", "minilm-l6-v2"):
        if not weights.is_installed(model):
            pytest.skip(f"the model {model} is not here (talkbase models fetch)")
    options = Options(profile="fast", language="en")
    reference = tb.add(samples / "jfk.wav", options=options)
    assert reference.status == "completed", reference.error
    whole = tb.show(reference.id or "")
    stages = sorted(run.stage for run in tb.runs(reference.id or ""))
    for _ in range(3):
        tb.add(samples / "jfk.wav", options=options, again=True, queue=True)
    kill_at_random(tb, kills=4, longest=8.0, seconds=240)
    assert faults(tb, {"utterances": len(whole.utterances), "speakers": len(whole.speakers),
                       "utterance_vectors": len(whole.utterances)}) == []  # fmt: skip
    for row in tb.list():
        found = tb.show(row.id)
        assert [(u.text, u.start, u.end) for u in found.utterances] == [
            (u.text, u.start, u.end) for u in whole.utterances
        ]
        assert sorted(run.stage for run in tb.runs(row.id) if run.status == "completed") == stages
    assert not list((tb.settings.home / "work").glob("*")), "decoded sound was left behind"
