"""The keeper: a small process that owns one PostgreSQL server and stops it when its last user has left.

Run as `python -I -S keeper.py <job as JSON>` by `talkbase.db.server`, so it imports the standard library only and stays
small (about 10 MB). How nothing is ever left behind, whoever is killed:

- A user process holds a *shared* file lock on `users.lock`; the kernel drops it even on kill -9. When the keeper gets
  that lock *exclusively*, nobody uses the server; it keeps the lock until the server has stopped, so nobody joins one
  that is going down.
- `keeper.lock` is held by the keeper alone: a server without a keeper is stopped by whoever joins next.
- `server.lock` is inherited by the postmaster and each of its children: free means that not one of them is left.
- A killed keeper takes the server along: Linux sends the postmaster SIGINT (a fast, clean shutdown) when its parent
  dies; elsewhere a watching child does the same when the pipe to the keeper closes.
- A killed postmaster leaves backends that end as soon as they notice; the keeper ends those that do not.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

LOG_LIMIT = 10 * 1024 * 1024
"""Bytes after which the server's log is moved to `<log>.1` (one generation), so that it never fills the disk."""
FAST_PATIENCE = 60.0
"""Seconds for a fast shutdown, whose checkpoint may have to write all shared buffers to a slow disk."""
QUICK_PATIENCE = 5.0
"""Seconds for an immediate shutdown before SIGKILL."""
_SHUTDOWN = (
    (signal.SIGINT, FAST_PATIENCE),
    (signal.SIGQUIT, QUICK_PATIENCE),
    (signal.SIGKILL, QUICK_PATIENCE),
)
_PR_SET_PDEATHSIG = 1
_CHECK_EVERY = 1.0


def main(text: str) -> None:
    """Start the server that the job describes, and stay until it has ended.

    The job is a JSON object: `folder` (of the locks), `data`, `log`, `command` (list), `uid` and `gid` (null: the
    caller's own), `linger` (seconds), `server_lock` and `keeper_lock` (file descriptors, already locked).
    """
    if os.fork():
        os._exit(0)  # the caller waits for this first process only; init adopts the second
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for ignored in (signal.SIGHUP, signal.SIGINT):  # the caller's terminal closing or Ctrl-C is no reason to stop
        signal.signal(ignored, signal.SIG_IGN)
    job = json.loads(text)
    os.truncate(job["keeper_lock"], 0)
    os.pwrite(job["keeper_lock"], f"{os.getpid()}\n".encode(), 0)
    stop = _StopRequest()
    server = _spawn(job)
    os.close(job["server_lock"])  # from here on only the server's own processes hold it
    farewell = None if sys.platform == "linux" else watch(server.pid, (job["keeper_lock"],))
    _keep(server, job, stop)
    _stop(server)
    end_server(job["data"])  # backends that have not noticed the death of a killed postmaster
    if farewell is not None:
        os.write(farewell, b".")


class _StopRequest:
    """Wakes the keeper on SIGCHLD (the server has ended) and SIGTERM (operator, machine shutdown: then `asked`)."""

    def __init__(self) -> None:
        self.asked = False
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def wait(self, seconds: float) -> None:
        if select.select([self._read], [], [], seconds)[0]:
            os.read(self._read, 4096)


def _spawn(job: dict[str, object]) -> subprocess.Popen[bytes]:
    import ctypes  # before the user changes: our Python's own folder may be closed to the server's user

    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    keeper = os.getpid()

    def die_with_keeper() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != keeper:  # killed before the line above could help
                os._exit(1)

    switch = {} if job["uid"] is None else {"user": job["uid"], "group": job["gid"], "extra_groups": []}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        job["command"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(job["server_lock"],),
        preexec_fn=die_with_keeper,
        umask=0o077,
        **switch,
    )


def _keep(server: subprocess.Popen[bytes], job: dict[str, object], stop: _StopRequest) -> None:
    """Return when the server has ended, was asked to stop, or has had no user for `linger` seconds (lock then held)."""
    linger = float(str(job["linger"]))
    interval = min(_CHECK_EVERY, max(linger / 4, 0.05))
    users = os.open(f"{job['folder']}/users.lock", os.O_RDWR)
    free_since, last_join = time.monotonic(), 0
    while server.poll() is None and not stop.asked:
        stop.wait(interval)
        bound_log(str(job["log"]))
        joined = os.fstat(users).st_mtime_ns  # somebody short-lived may have come and gone since the last look
        used = not _try_lock(users)
        if used or joined != last_join:
            free_since, last_join = time.monotonic(), joined
        elif time.monotonic() - free_since >= linger:
            return
        if not used:
            fcntl.flock(users, fcntl.LOCK_UN)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Shut the server down: fast, then immediate, then by SIGKILL; its folder may be gone, so by its process id."""
    for number, patience in _SHUTDOWN:
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(patience)
            return


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def watch(server: int, close: tuple[int, ...] = ()) -> int:
    """Fork a process that sends SIGINT to `server` when this process dies; return the pipe that tells it of a good end.

    For systems without Linux's parent-death signal. `close` are descriptors that the watcher must not hold.
    """
    read, write = os.pipe()
    if os.fork():
        os.close(read)
        return write
    for descriptor in (write, *close):
        os.close(descriptor)
    if not os.read(read, 1):
        with contextlib.suppress(ProcessLookupError):
            os.kill(server, signal.SIGINT)
    os._exit(0)


def bound_log(path: str) -> None:
    """Keep the log within `LOG_LIMIT`: copy it to `<path>.1` and empty it (the server writes on by O_APPEND)."""
    with contextlib.suppress(OSError):
        if Path(path).stat().st_size > LOG_LIMIT:
            with contextlib.suppress(OSError):  # on a full disk the old lines go; the log must not stay the cause
                shutil.copyfile(path, f"{path}.1")
            os.truncate(path, 0)


def processes(data: str) -> list[int]:
    """Ids of the living PostgreSQL processes whose cluster is the folder `data`.

    On Linux by the working folder of each `postgres` process, which a reused process id cannot fake. Elsewhere by
    `ps`, which shows the postmaster only; its children end by themselves when they notice that it is gone.
    """
    return _processes_by_folder(data) if sys.platform == "linux" else _processes_by_command(data)


def _processes_by_folder(data: str) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError):
        cluster = Path(data).stat()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                program = (process / "exe").readlink().name
                if program.startswith("postgres") and os.path.samestat((process / "cwd").stat(), cluster):
                    found.append(int(process.name))
    return found


def _processes_by_command(data: str) -> list[int]:
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listing.splitlines() if f"postgres -D {data} " in line]


def postmaster_pid(data: str) -> int | None:
    """The postmaster's process id as its pid file says (it may be stale), or None."""
    with contextlib.suppress(OSError, ValueError), Path(data, "postmaster.pid").open() as lines:
        return int(lines.readline())
    return None


def end_server(data: str) -> None:
    """End every process of the cluster: fast shutdown, then immediate, then SIGKILL; crash recovery mends the rest."""
    for number, patience in _SHUTDOWN:
        alive = processes(data)
        head = [pid for pid in alive if pid == postmaster_pid(data)]
        if number == signal.SIGINT and alive and not head:
            continue  # without a postmaster, backends have nothing to shut down in order
        for pid in head if head and number != signal.SIGKILL else alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        give_up = time.monotonic() + patience
        while processes(data) and time.monotonic() < give_up:
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1])
