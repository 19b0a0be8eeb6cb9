"""kill -9 of clients, keeper, postmaster, backends and all at once, at random moments, while rows are inserted.

The seed is printed; `TALKBASE_TEST_SEED` repeats a run. Two faults are planted to show that the test would see them.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from talkbase.db import keeper
from talkbase.db.server import Server

LINGER = 0.5
INSERTING = Path(__file__).with_name("inserting.py")


def _keepers(home: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if b"keeper.py\0" in command and f'"{home}/postgres"'.encode() in command:
                found.append(int(process.name))
    return found


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass
class Chaos:
    home: Path
    seed: int
    linger: float = LINGER
    options: dict[str, str] = field(default_factory=dict)
    clients: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.notes = self.home.parent / "notes"
        self.notes.mkdir()
        print(f"seed {self.seed}")

    def run(self, rounds: int, victims: tuple[str, ...] = ("client", "keeper", "postmaster", "backend", "all")) -> None:
        for _ in range(3):
            self._start_client()
        self._wait_for_rows()
        bag: list[str] = []
        for _ in range(rounds):
            time.sleep(self.random.uniform(0.05, 0.6))
            bag = bag or self.random.sample(victims, len(victims))  # each kind in turn, in random order
            self._strike(bag.pop())
            self.clients = [client for client in self.clients if client.poll() is None]
            while len(self.clients) < 3:
                self._start_client()
        self._wait_for_rows()

    def end_clients(self) -> None:
        for client in self.clients:
            client.kill()
            client.wait()

    def left_over(self, patience: float) -> list[int]:
        """Processes of the server that are still there after all clients have gone and the linger time is over."""
        give_up = time.monotonic() + patience
        while (left := self._server() + _keepers(self.home)) and time.monotonic() < give_up:
            time.sleep(0.1)
        return left

    def lost(self) -> set[tuple[str, int]]:
        noted = {(note.name, int(line)) for note in self.notes.iterdir() for line in note.read_text().splitlines()}
        stored: set[tuple[str, int]] = set()
        with (
            Server(self.home, linger=self.linger) as server,
            psycopg.connect(server.conninfo()) as connection,
            contextlib.suppress(psycopg.errors.UndefinedTable),  # then even the table is lost
        ):
            stored.update(connection.execute("SELECT name, number FROM rows").fetchall())
        print(f"{len(noted)} rows acknowledged by {self.started} clients, {len(noted - stored)} lost")
        assert len(noted) > 50
        return noted - stored

    def _start_client(self) -> None:
        self.started += 1
        note = self.notes / f"client-{self.started}"
        arguments = [str(self.home), str(note), str(self.linger), json.dumps(self.options)]
        self.clients.append(subprocess.Popen([sys.executable, str(INSERTING), *arguments]))

    def _server(self) -> list[int]:
        return keeper.processes(str(self.home / "postgres" / "data"))

    def _strike(self, victim: str) -> None:
        head = keeper.postmaster_pid(str(self.home / "postgres" / "data"))
        alive = self._server()
        clients = {"client": self.clients[:1], "all": self.clients}.get(victim, [])
        for client in clients:
            client.kill()
        if victim == "keeper":
            _kill(_keepers(self.home))
        elif victim == "postmaster":
            _kill([pid for pid in alive if pid == head])
        elif victim == "backend":
            _kill(self.random.sample([pid for pid in alive if pid != head] or alive, min(1, len(alive))))
        elif victim == "all":
            _kill(_keepers(self.home) + alive)
        for client in clients:
            client.wait()

    def _wait_for_rows(self) -> None:
        """Until the three clients of now have each had a row acknowledged since now."""
        before = {note: note.stat().st_size for note in self.notes.iterdir()}
        names = [f"client-{number}" for number in range(self.started - 2, self.started + 1)]
        give_up = time.monotonic() + 60
        while not all(self._size(self.notes / name) > before.get(self.notes / name, 0) for name in names):
            assert time.monotonic() < give_up, "no row is stored any more"
            time.sleep(0.05)

    @staticmethod
    def _size(note: Path) -> int:
        return note.stat().st_size if note.exists() else 0


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("TALKBASE_TEST_SEED", random.randrange(10**6)))


@pytest.fixture
def home(scratch: Path) -> Path:
    return scratch / "home"


def _check(chaos: Chaos, rounds: int) -> None:
    try:
        chaos.run(rounds)
    finally:
        chaos.end_clients()
    assert not chaos.left_over(LINGER + 15)
    assert not chaos.lost()
    assert not chaos.left_over(LINGER + 15)


def test_kill_9_of_anything_loses_no_row_and_leaves_no_process(home: Path, seed: int) -> None:
    _check(Chaos(home, seed), rounds=10)


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_kill_9_of_anything_for_long(home: Path, seed: int) -> None:
    _check(Chaos(home, seed), rounds=150)


def test_a_server_that_acknowledges_too_early_is_caught(home: Path, seed: int) -> None:
    planted = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
    chaos = Chaos(home, seed, options=planted)
    try:
        chaos.run(3, victims=("all",))
    finally:
        chaos.end_clients()
    _kill(chaos._server() + _keepers(home))
    assert chaos.lost()
    assert not chaos.left_over(LINGER + 15)


def test_a_keeper_that_never_stops_its_server_is_caught(home: Path, seed: int) -> None:
    chaos = Chaos(home, seed, linger=1e6)
    try:
        chaos.run(1, victims=("client",))
    finally:
        chaos.end_clients()
    assert chaos.left_over(LINGER + 1)
    Server(home).stop()
    assert not chaos.left_over(0.5)  # the keeper's last instant, after it has dropped its lock
