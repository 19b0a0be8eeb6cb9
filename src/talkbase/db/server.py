"""The embedded PostgreSQL server: started on demand, shared by processes, stopped after the last one has left.

`Server` finds the server by file locks in `<home>/postgres` (see `talkbase.db.keeper` for how they keep order when
processes are killed). Joining a running server costs a few milliseconds and imports the standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from talkbase.errors import DatabaseUnavailable, UsageError

if sys.platform != "win32":
    from talkbase.db import cluster, keeper, locks, programs

if TYPE_CHECKING:
    from types import TracebackType

START_TIMEOUT = 600.0
"""Seconds to wait for a start: after a crash the server first replays what it had logged, which may take minutes."""
_ATTEMPTS = 3
_POLL = 0.01
_IN_USE_AFTER = 2.0
_LOG_TAIL = 8192
_PARALLEL_SPACE = 1 << 30

OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "cluster_name": "talkbase",
    "timezone": "UTC",
    # One person or a small team on one machine, with models beside the database: little memory, few connections. The
    # pages beyond shared_buffers are in the system's cache anyway.
    "max_connections": "60",
    "shared_buffers": "192MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",  # a vector index of 100,000 utterances is built in memory
    "effective_cache_size": "2GB",
    # Imports and vector indexes write much WAL at once: fewer checkpoints, smaller pages in it.
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # the queries are short; compiling one costs more than it saves
    # Said explicitly because the promise that no acknowledged row is lost rests on them.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # A query whose client was killed ends soon instead of running on for nobody.
    "client_connection_check_interval": "5s",
    "shared_preload_libraries": "pg_stat_statements",
    # The log must not keep what people said after it has been deleted: no statements, no row contents in it.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
"""Settings of the embedded server, given on its command line: a new talkbase changes them with no file to edit."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What can be said of a home's server without starting it.

    `version` is the major version of the cluster, or None where none has been made yet; `data` and `socket` are None
    then too. `port` is the TCP port on 127.0.0.1, None when TCP is off. `pid` is the postmaster's while it runs.
    """

    running: bool
    version: str | None
    data: Path | None
    socket: Path | None
    port: int | None
    log: Path
    pid: int | None


class Server:
    """One home's PostgreSQL, as this process uses it.

    `linger` is how long it stays up, in seconds, after the last user has left. `binaries` is a folder of PostgreSQL
    programs to use instead of `programs.binaries()`; `options` are added to `OPTIONS`. All three count for the process
    that starts the server. Threads may share a `Server`. Raises `DatabaseUnavailable` on Windows.
    """

    def __init__(
        self,
        home: Path,
        *,
        linger: float = 10.0,
        binaries: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        if sys.platform == "win32":
            raise DatabaseUnavailable(
                "talkbase's own PostgreSQL does not run on Windows.",
                hint="Use the Windows Subsystem for Linux (WSL), or set DATABASE_URL to a PostgreSQL server.",
            )
        self.home = home.expanduser().resolve()
        self.folder = self.home / "postgres"
        self.log = self.folder / "postgres.log"
        self._linger = linger
        self._binaries = binaries
        self._options = dict(options or {})
        self._users: int | None = None
        self._mutex = threading.RLock()

    def __enter__(self) -> Server:
        self.join()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def join(self) -> None:
        """Use the server: start it where it is not running, and keep it running until `leave` or this process ends.

        May be called again at any time, and should be after a lost connection: it starts a server anew that was
        killed. Raises `DatabaseUnavailable`, `SchemaMismatch` (made by another major version) or `StorageFull`.
        """
        with self._mutex, locks.explained(self.home):
            if self._users is None:
                self._users = self._enter()
            os.utime(self._users)  # tells the keeper of a visit too short for it to see
            try:
                if not self._up():
                    self._start()
            except BaseException:
                self.leave()
                raise

    def leave(self) -> None:
        """Stop using the server. The last one out has it stopped by its keeper after `linger` seconds."""
        with self._mutex:
            if self._users is not None:
                os.close(self._users)
                self._users = None

    def stop(self) -> None:
        """Stop the server now instead of after `linger` seconds; leaves it first. Does nothing where none runs.

        Raises `UsageError` while another process uses it.
        """
        with self._mutex, locks.explained(self.home):
            self.leave()
            if self.folder.is_dir():
                with self._alone():
                    pass

    def enable_tcp(self, port: int) -> None:
        """Let programs such as pgAdmin connect on 127.0.0.1 with the password; counts from the next `join`, and stays.

        Stops a server that nobody uses. Raises `UsageError` for a port that is impossible or in use, or while another
        process uses the server.
        """
        if not 1024 <= port <= 65535:
            raise UsageError(f"{port} is not a port that the database can use.", hint="Choose one from 1024 to 65535.")
        self._set_port(port)

    def disable_tcp(self) -> None:
        """Go back to the socket only; the same conditions as `enable_tcp`."""
        self._set_port(None)

    def conninfo(self, dbname: str = "postgres", user: str = "postgres") -> str:
        """A libpq URI over the Unix socket, with the password; secret. The server must have been joined once."""
        place = self._place()
        where = quote(str(self.folder / place.socket), safe="")
        login, database = self._login(user), quote(dbname, safe="")
        return f"postgresql://{login}@/{database}?host={where}&port={place.local_port}"

    def tcp_url(self, dbname: str = "postgres", user: str = "postgres") -> str | None:
        """A URI over TCP with the password, or None when TCP is off; secret."""
        port = self._place().port
        return f"postgresql://{self._login(user)}@127.0.0.1:{port}/{quote(dbname, safe='')}" if port else None

    @property
    def password(self) -> str:
        """The superuser's password; roles that may log in to the embedded server get the same one. Secret."""
        with locks.explained(self.home):
            return cluster.password(self.folder)

    def status(self) -> ServerStatus:
        """What is there and whether it runs, without starting it."""
        with locks.explained(self.home):
            place = cluster.Place.load(self.folder)
            if place is None:
                return ServerStatus(False, None, None, None, None, self.log, None)
            data, running = self.folder / place.data, self._up()
            version = (data / "PG_VERSION").read_text().strip() if (data / "PG_VERSION").exists() else None
            pid = keeper.postmaster_pid(str(data)) if running else None
            return ServerStatus(running, version, data, self.folder / place.socket, place.port, self.log, pid)

    def _login(self, user: str) -> str:
        return f"{quote(user, safe='')}:{quote(self.password, safe='')}"

    def _place(self) -> cluster.Place:
        with locks.explained(self.home):
            place = cluster.Place.load(self.folder)
        if place is None:
            raise DatabaseUnavailable(f"There is no database in {self.home} yet.", hint="Join the server first.")
        return place

    def _enter(self) -> int:
        self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o711, exist_ok=True)  # root's server runs as another user, who must pass through
        return locks.lock(self.folder / "users.lock", locks.SHARED, START_TIMEOUT)

    def _up(self) -> bool:
        """Whether a server runs that has a keeper and lets people in."""
        place = cluster.Place.load(self.folder)
        if place is None or not locks.held(self.folder / "keeper.lock"):
            return False
        return locks.accepts(str(self.folder / place.socket / place.socket_name))

    def _start(self) -> None:
        with locks.locked(self.folder / "start.lock", START_TIMEOUT) as start_lock:
            if self._up():
                return
            found = cluster.prepare(self.folder, self._binaries or programs.binaries(), start_lock)
            logged = self.log.stat().st_size if self.log.exists() else 0
            give_up, attempts = time.monotonic() + START_TIMEOUT, 0
            while not self._up():
                free = locks.try_lock(self.folder / "server.lock", locks.EXCLUSIVE)
                if free is not None:
                    with os.fdopen(free):
                        if attempts == _ATTEMPTS:
                            raise cluster.explain_failure(self._log_since(logged), found.data)
                        attempts += 1
                        self._launch(found, free)
                elif not locks.held(self.folder / "keeper.lock"):
                    keeper.end_server(str(found.data))
                if time.monotonic() > give_up:
                    raise DatabaseUnavailable(
                        f"The database in {found.data} did not start within {START_TIMEOUT:.0f} seconds.",
                        hint=f"Its log is {self.log}.",
                    )
                time.sleep(_POLL)

    def _launch(self, found: cluster.Cluster, server_lock: int) -> None:
        """Start a keeper and its server; the caller holds the start lock and the server lock."""
        cluster.clear_stale(found)
        keeper_lock = locks.lock(self.folder / "keeper.lock", locks.EXCLUSIVE, START_TIMEOUT)
        job = {
            "folder": str(self.folder),
            "data": str(found.data),
            "log": str(self.log),
            "command": self._command(found),
            "uid": found.account.uid if found.account else None,
            "gid": found.account.gid if found.account else None,
            "linger": self._linger,
            "server_lock": server_lock,
            "keeper_lock": keeper_lock,
        }
        with os.fdopen(keeper_lock):
            self._run_keeper(json.dumps(job), (server_lock, keeper_lock))

    def _command(self, found: cluster.Cluster) -> list[str]:
        place = {"unix_socket_directories": str(found.socket), "port": str(found.place.local_port)}
        tcp = {"listen_addresses": "127.0.0.1"} if found.place.port else {}
        options = {**OPTIONS, "dynamic_shared_memory_type": _shared_memory(), **self._options, **place, **tcp}
        program = [str(found.binaries / "postgres"), "-D", str(found.data)]
        return program + [f"-c{key}={text}" for key, text in options.items()]

    def _run_keeper(self, job: str, held: tuple[int, int]) -> None:
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
        with os.fdopen(os.open(self.log, flags, 0o600), "ab") as log:
            subprocess.run(
                [sys.executable, "-I", "-S", keeper.__file__, job],
                cwd="/",
                env=programs.ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=held,
                check=False,  # where it fails or is killed, the server's lock is free again and the start is repeated
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[int]:
        """Hold the server stopped and unused; yields the start lock's descriptor."""
        with locks.locked(self.folder / "start.lock", START_TIMEOUT) as start_lock:
            users = self._only_user()
            try:
                self._end()
                yield start_lock
            finally:
                os.close(users)

    def _only_user(self) -> int:
        give_up = (
            time.monotonic() + _IN_USE_AFTER
        )  # the keeper takes the lock too, for an instant, to see if it is free
        while (users := locks.try_lock(self.folder / "users.lock", locks.EXCLUSIVE)) is None:
            if time.monotonic() > give_up:
                raise UsageError("Another process is using the database.", hint="Let it finish or end it first.")
            time.sleep(_POLL)
        return users

    def _end(self) -> None:
        """Have the keeper stop the server, or stop one that has lost its keeper."""
        place, note = cluster.Place.load(self.folder), self.folder / "keeper.lock"
        while (free := locks.try_lock(self.folder / "server.lock", locks.EXCLUSIVE)) is None:
            if locks.held(note):
                with contextlib.suppress(ValueError, ProcessLookupError):  # it is about to write its id, or to end
                    os.kill(int(note.read_text()), signal.SIGTERM)
            elif place is not None:
                keeper.end_server(str(self.folder / place.data))
            time.sleep(_POLL)
        os.close(free)
        os.close(locks.lock(note, locks.EXCLUSIVE, START_TIMEOUT))  # until the keeper has gone too

    def _set_port(self, port: int | None) -> None:
        with self._mutex, locks.explained(self.home):
            self.leave()
            os.close(self._enter())
            with self._alone() as start_lock:
                if port is not None:
                    locks.check_port_free(port)
                found = cluster.prepare(self.folder, self._binaries or programs.binaries(), start_lock)
                replace(found.place, port=port).save(self.folder)

    def _log_since(self, start: int) -> str:
        with self.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(start if start <= end else 0, end - _LOG_TAIL))
            return log.read().decode(errors="replace")


def _shared_memory() -> str:
    """How parallel index builds share memory: containers often give /dev/shm 64 MB only, where they would fail."""
    try:
        space = os.statvfs("/dev/shm")  # noqa: S108  # only asked for its size
    except OSError:
        return "posix"
    return "posix" if space.f_bavail * space.f_frsize >= _PARALLEL_SPACE else "sysv"
