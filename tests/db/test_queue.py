"""The job queue: a job exists exactly when its rows do, and whatever dies, another worker goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.database import environment

from talkbase.db import queue
from talkbase.db.queue import Job
from talkbase.db.session import Database
from talkbase.domain.ids import uuid7
from talkbase.errors import Conflict, Interrupted, NotFound

WORKER = Path(__file__).with_name("queue_worker.py")


def defer(database: Database, lock: str | None = None, task: str = "test", **arguments: Any) -> int:
    with database.writing() as writing:
        return queue.defer(writing, task, database.local_user, lock=lock or str(uuid7()), **arguments)


def statuses(database: Database) -> dict[int, str]:
    with database.as_owner() as owner:
        return dict(owner.execute("SELECT id, status::text FROM procrastinate_jobs ORDER BY id").fetchall())


def test_a_job_is_there_exactly_when_its_transaction_committed(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as writing:
        queue.defer(writing, "test", database.local_user, lock="a")
        raise ZeroDivisionError
    assert statuses(database) == {}
    job = defer(database)
    assert statuses(database) == {job: "todo"}


def test_one_job_waits_for_the_same_work_however_many_ask(database: Database) -> None:
    assert defer(database, "same") == defer(database, "same")
    start = threading.Barrier(6)

    def ask(_: int) -> int:
        start.wait()
        return defer(database, "at once")

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(ask, range(6)))) == 1
    assert len(statuses(database)) == 2


def test_a_job_is_done_on_behalf_of_its_user_with_its_arguments(database: Database) -> None:
    seen: list[Job] = []
    job = defer(database, number=7, text="x")
    queue.work(database, {"test": seen.append}, once=True)
    assert [(found.id, found.task, found.user, dict(found.arguments)) for found in seen] == [
        (job, "test", database.local_user, {"number": 7, "text": "x"})
    ]
    assert statuses(database) == {job: "succeeded"}


def test_a_job_that_fails_is_marked_and_the_next_is_done(database: Database) -> None:
    done: list[int] = []

    def handle(job: Job) -> None:
        if job.arguments["number"] == 0:
            raise ZeroDivisionError
        done.append(job.id)

    jobs = [defer(database, number=number) for number in range(3)]
    queue.work(database, {"test": handle}, once=True)
    assert statuses(database) == dict(zip(jobs, ["failed", "succeeded", "succeeded"], strict=True))
    assert done == jobs[1:]


def test_a_task_that_nobody_knows_fails(database: Database) -> None:
    job = defer(database, task="of a newer talkbase")
    queue.work(database, {}, once=True)
    assert statuses(database) == {job: "failed"}


def test_whoever_finds_the_work_taken_tries_again_later(database: Database) -> None:
    def handle(job: Job) -> None:
        raise Conflict

    job = defer(database)
    queue.work(database, {"test": handle}, once=True)
    assert statuses(database) == {job: "todo"}
    with database.as_owner() as owner:
        row = owner.execute("SELECT scheduled_at > now(), attempts FROM procrastinate_jobs").fetchone()
    assert row == (True, 1)


def test_cancelling_and_retrying_waiting_jobs(database: Database) -> None:
    job = defer(database, "same")
    with database.writing() as writing:
        queue.cancel(writing, job)
    assert statuses(database) == {job: "cancelled"}
    queue.work(database, {"test": pytest.fail}, once=True)
    with database.writing() as writing:
        queue.retry(writing, job)
    assert statuses(database) == {job: "todo"}
    for use in (queue.cancel, queue.retry):
        with pytest.raises(NotFound, match="424242"), database.writing() as writing:
            use(writing, 424242)
    with pytest.raises(NotFound), database.writing() as writing:
        queue.retry(writing, job)  # it waits already
    with database.writing() as writing:
        queue.cancel(writing, job)
    again = defer(database, "same")
    with pytest.raises(Conflict, match=str(again)), database.writing() as writing:
        queue.retry(writing, job)
    queue.work(database, {"test": lambda job: None}, once=True)
    with pytest.raises(NotFound), database.writing() as writing:
        queue.cancel(writing, again)  # it is done
    assert statuses(database) == {job: "cancelled", again: "succeeded"}


def test_jobs_of_others_can_be_neither_cancelled_nor_retried(
    database: Database, new_user: Callable[[str], UUID]
) -> None:
    job, other = defer(database), new_user("other")
    with pytest.raises(NotFound), database.writing(other) as writing:
        queue.cancel(writing, job)
    with pytest.raises(NotFound), database.writing(other) as writing:
        queue.retry(writing, job)
    assert statuses(database) == {job: "todo"}


def test_a_running_job_stops_when_it_is_cancelled(database: Database) -> None:
    job = defer(database)
    running = threading.Event()

    def handle(job: Job) -> None:
        running.set()
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            if job.cancelled():
                raise Interrupted
            time.sleep(0.01)

    worker = threading.Thread(target=queue.work, args=(database, {"test": handle}), kwargs={"once": True})
    worker.start()
    assert running.wait(30)
    with database.writing() as writing:
        queue.cancel(writing, job)
    worker.join(30)
    assert not worker.is_alive()
    assert statuses(database) == {job: "aborted"}
    with database.writing() as writing:
        queue.retry(writing, job)
    assert statuses(database) == {job: "todo"}


@pytest.fixture
def steps(database: Database) -> Callable[[], list[tuple[int, int, int]]]:
    """Makes the table of the worker processes; returns how often each step of each job was done."""
    with database.as_owner() as owner:
        owner.execute("CREATE TABLE talkbase.steps (job bigint NOT NULL, step int NOT NULL)")

    def done() -> list[tuple[int, int, int]]:
        with database.as_owner() as owner:
            return owner.execute("SELECT job, step, count(*) FROM steps GROUP BY 1, 2 ORDER BY 1, 2").fetchall()

    return done


class Workers:
    """Worker processes that can be killed and started anew."""

    def __init__(self, database: Database, fault: str) -> None:
        self._database, self._fault = database, fault
        self.running: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(WORKER), "forever", self._fault],
            env=environment(self._database), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready", process.communicate()[1]
        return process

    def end(self, process: subprocess.Popen[str], by: signal.Signals) -> int:
        self.running.remove(process)
        process.send_signal(by)
        process.communicate(timeout=60)
        return process.returncode

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process in list(self.running):
            self.end(process, signal.SIGKILL)


def kill_at_random(database: Database, fault: str, *, kills: int, jobs: int, seconds: float) -> None:
    seed = time.time_ns() % 1_000_000
    print(f"seed {seed}")
    chance = random.Random(seed)
    with Workers(database, fault) as workers:
        for _ in range(2):
            workers.start()
        for _ in range(jobs):
            defer(database, task="steps")
        for _ in range(kills):
            time.sleep(chance.uniform(0.0, 0.5))
            workers.end(chance.choice(workers.running), signal.SIGKILL)
            workers.start()
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up and set(statuses(database).values()) != {"succeeded"}:
            time.sleep(0.05)


def whole(database: Database, done: list[tuple[int, int, int]]) -> bool:
    """Whether every job has succeeded, and each of its steps is done exactly once."""
    found = statuses(database)
    return set(found.values()) == {"succeeded"} and done == [(job, step, 1) for job in found for step in range(5)]


@pytest.mark.slow
def test_workers_that_are_killed_lose_and_double_nothing(
    database: Database, steps: Callable[[], list[tuple[int, int, int]]]
) -> None:
    kill_at_random(database, "", kills=8, jobs=12, seconds=60)
    assert whole(database, steps()), (statuses(database), steps())


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["no rescue", "no memory"])
def test_a_worker_with_a_fault_is_noticed(
    database: Database, steps: Callable[[], list[tuple[int, int, int]]], fault: str
) -> None:
    # Killed surely within a job, so that the fault cannot stay hidden by chance.
    with Workers(database, fault) as workers:
        victim = workers.start()
        defer(database, task="steps")
        while len(steps()) < 2:
            time.sleep(0.01)
        workers.end(victim, signal.SIGKILL)
        workers.start()
        give_up = time.monotonic() + 6
        while time.monotonic() < give_up and set(statuses(database).values()) != {"succeeded"}:
            time.sleep(0.05)
    assert not whole(database, steps())


def test_a_job_of_a_killed_worker_is_taken_up_where_it_stopped(
    database: Database, steps: Callable[[], list[tuple[int, int, int]]]
) -> None:
    with Workers(database, "") as workers:
        victim = workers.start()
        job = defer(database, task="steps")
        while len(steps()) < 2:
            time.sleep(0.01)
        workers.end(victim, signal.SIGKILL)
        assert statuses(database) == {job: "doing"}
        workers.start()
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up and statuses(database) != {job: "succeeded"}:
            time.sleep(0.05)
    assert whole(database, steps())


def test_a_job_that_was_queued_again_while_its_worker_was_dead_is_done_once(database: Database) -> None:
    first = defer(database, "same")
    with database.as_owner() as owner:  # what a worker leaves that was killed long ago
        owner.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    second = defer(database, "same")
    assert second != first
    done: list[int] = []
    queue.work(database, {"test": lambda job: done.append(job.id)}, once=True)
    assert done == [second]
    assert statuses(database) == {first: "aborted", second: "succeeded"}


@pytest.mark.slow
def test_a_worker_that_is_asked_to_end_gives_its_job_back(database: Database) -> None:
    script = """
import sys, time, talkbase
from talkbase.db import queue
from talkbase.errors import Interrupted
def handle(job):
    print("running", flush=True)
    while not job.cancelled(): time.sleep(0.01)
    raise Interrupted
with talkbase.open() as tb: queue.work(tb.database, {"test": handle})
"""
    job = defer(database)
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environment(database), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "running"
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert time.monotonic() - started < 15
    assert statuses(database) == {job: "todo"}


def test_a_conversation_deleted_while_its_job_runs_does_not_stop_the_worker(database: Database) -> None:
    first, second = defer(database), defer(database)
    done: list[int] = []

    def handle(job: Job) -> None:
        if job.id == first:
            with psycopg.connect(database.url.conninfo) as connection:
                connection.execute("DELETE FROM talkbase.procrastinate_jobs WHERE id = %s", [first])
        done.append(job.id)

    queue.work(database, {"test": handle}, once=True)
    assert done == [first, second]
    assert statuses(database) == {second: "succeeded"}
