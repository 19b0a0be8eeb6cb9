"""Where a home's PostgreSQL cluster lies, which user it runs as, with which binaries, and how it is made.

Only needed on a cold start. PostgreSQL refuses to run as root, so root's server runs as another user, who may not be
able to enter the home or the folder of the binaries; those then get a place under `/var/lib/talkbase` instead. Folders
that are not talkbase's own are never opened up.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from talkbase.db import keeper, programs
from talkbase.errors import DatabaseUnavailable, SchemaMismatch, StorageFull

SUPERUSER = "postgres"
LOCAL_PORT = 5432
"""Without TCP the port only names the socket file."""
LONGEST_SOCKET = ".s.PGSQL.65535"
_BUILTIN_LOCALE_SINCE = 17


@dataclass(frozen=True, slots=True)
class Place:
    """Where a home's cluster is: what `<folder>/place.json` says.

    `id` is random, so that a home made anew under an old name never meets the old cluster. `data` and `socket` (the
    folder of the socket) are relative to the folder or absolute. `port` is set when TCP is on. `made` tells a cluster
    that was never finished from one that is lost.
    """

    id: str
    data: str = "data"
    socket: str = "run"
    port: int | None = None
    made: bool = False

    @property
    def local_port(self) -> int:
        """The number in the socket's name, which is the TCP port where TCP is on."""
        return self.port or LOCAL_PORT

    @property
    def socket_name(self) -> str:
        """The file name of the socket."""
        return f".s.PGSQL.{self.local_port}"

    @classmethod
    def load(cls, folder: Path) -> Place | None:
        """The place noted in the folder, or None. Raises `DatabaseUnavailable` when the note is damaged."""
        note = folder / "place.json"
        try:
            return cls(**json.loads(note.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise DatabaseUnavailable(
                f"{note}, which says where the database lies, is damaged.",
                hint="Restore it from a backup; the data itself is not touched.",
            ) from error

    def save(self, folder: Path) -> Place:
        """Replace the note atomically; return self."""
        fresh = folder / "place.json.new"
        with fresh.open("w") as note:
            json.dump(asdict(self), note)
            note.flush()
            os.fsync(note.fileno())
        fresh.replace(folder / "place.json")
        return self


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that is ready to be started. `binaries` is the folder of programs that its user can reach."""

    place: Place
    account: programs.Account | None
    binaries: Path
    data: Path
    socket: Path


def prepare(folder: Path, binaries: Path, lock: int) -> Cluster:
    """Make or check the cluster of the folder; the caller holds the start lock, whose descriptor is `lock`.

    Raises `SchemaMismatch` when the cluster belongs to another major version, `DatabaseUnavailable` when it is lost or
    cannot be made, `StorageFull`.
    """
    place = Place.load(folder)
    account = programs.account_for(folder / (place.data if place else "data")) if os.geteuid() == 0 else None
    if place is None:
        place = _choose(folder, account).save(folder)
    data = folder / place.data
    made = (data / "PG_VERSION").exists()
    if place.made and not made:
        raise DatabaseUnavailable(
            f"The database of {folder} is gone: {data} is missing.",
            hint=f"Restore or mount it, or remove {folder / 'place.json'} to start with an empty one.",
        )
    binaries = programs.reachable(binaries, account)
    version = programs.major_version(binaries, account)
    if made:
        _same_major(data, version)
        _take(data, account)
    else:
        _initdb(binaries, account, data, folder / "password", version, lock)
    run = _socket_folder(folder, place, account)
    place = replace(place, made=True, socket=run).save(folder)
    return Cluster(place, account, binaries, data, folder / run)


def clear_stale(found: Cluster) -> None:
    """Remove what kill -9 or a power cut left behind; the caller holds the server lock.

    The process id in those files may be somebody else's by now. The lock shows that no process of our server is left.
    Raises `DatabaseUnavailable` when another program runs the cluster.
    """
    strangers = keeper.processes(str(found.data))
    if strangers:  # not ours: each process of ours would hold the lock
        raise DatabaseUnavailable(
            f"The database in {found.data} is run by another program (process {strangers[0]}).",
            hint="Stop that one first.",
        )
    stale = found.socket / found.place.socket_name
    for leftover in (found.data / "postmaster.pid", stale, stale.with_name(f"{stale.name}.lock")):
        leftover.unlink(missing_ok=True)


def password(folder: Path) -> str:
    """The superuser's password, made at random with the cluster and readable by the home's owner only."""
    return (folder / "password").read_text()


def _give(path: Path, account: programs.Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _choose(folder: Path, account: programs.Account | None) -> Place:
    place = Place(id=secrets.token_hex(8))
    if account is None or (folder / "data").exists() or _usable(folder, account):
        return place
    outside = programs.shared("clusters") / place.id
    outside.mkdir(mode=0o711)
    (outside / "home").write_text(f"{folder}\n")
    return replace(place, data=str(outside / "data"), socket=str(outside / "run"))


def _usable(folder: Path, account: programs.Account) -> bool:
    """Whether the account can work in a subfolder of its own there (closed parents, ACLs, foreign file systems)."""
    probe = Path(tempfile.mkdtemp(prefix="probe-", dir=folder))
    try:
        _give(probe, account)
        return programs.run_as(account, "test", "-w", probe, "-a", "-x", probe).returncode == 0
    except OSError:
        return False
    finally:
        probe.rmdir()


def _same_major(data: Path, version: int) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(version):
        raise SchemaMismatch(
            f"The database in {data} was made by PostgreSQL {found}, but this talkbase brings PostgreSQL {version}.",
            hint="Go back to the talkbase release that you used before, dump the database with its pg_dump, and "
            "restore the dump with this one in a new home (TALKBASE_HOME). Nothing was changed.",
        )


def _take(data: Path, account: programs.Account | None) -> None:
    """Make a cluster that was restored or moved by root usable again for the server's user."""
    if account is not None and data.stat().st_uid == 0:
        for path in (*data.rglob("*"), data):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    if data.stat().st_mode & 0o027:
        data.chmod(0o700)  # PostgreSQL refuses a cluster that others can read
    if account is not None and programs.run_as(account, "test", "-x", data).returncode != 0:
        raise DatabaseUnavailable(
            f"PostgreSQL, which does not run as root, cannot enter {data}.",
            hint="Move the home (TALKBASE_HOME) to a folder that other users may pass through.",
        )


def _initdb(
    binaries: Path, account: programs.Account | None, data: Path, password_file: Path, version: int, lock: int
) -> None:
    """Make the cluster beside its place and rename it, so that a killed initdb never leaves half a cluster.

    initdb inherits the start lock: while one lives whose caller was killed, nobody else starts.
    """
    fresh = data.with_name(f"{data.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _give(fresh, account)
    word = fresh.with_name("initdb.password")
    _write_secret(word, _password(password_file))
    _give(word, account)
    # The built-in locale makes lower('É') and ILIKE right on every machine, with no dependence on its C library.
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if version >= _BUILTIN_LOCALE_SINCE else []
    encoding = ["-E", "UTF8", "--locale=C", *locale]
    access: list[str | Path] = ["-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", word, "--no-instructions"]
    done = programs.run_as(account, binaries / "initdb", "-D", fresh, *access, *encoding, lock=lock)
    word.unlink()
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise explain_failure(done.stderr, data)
    fresh.rename(data)
    _sync_folder(data.parent)


def _password(file: Path) -> str:
    if not file.exists():
        fresh = file.with_name("password.new")
        _write_secret(fresh, secrets.token_urlsafe(24))
        fresh.rename(file)
    return file.read_text()


def _write_secret(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _socket_folder(folder: Path, place: Place, account: programs.Account | None) -> str:
    """A folder, closed to others, in which a socket can be made: as noted, else next to the data, else under /tmp."""
    beside = str(Path(place.data).with_name("run"))
    for candidate in dict.fromkeys((place.socket, beside)):
        run = folder / candidate
        with contextlib.suppress(OSError):
            run.mkdir(mode=0o700, exist_ok=True)
            if run.lstat().st_uid == os.geteuid():
                _give(run, account)
            if _private(run, account) and _can_bind(run):
                return candidate
    short = Path(tempfile.mkdtemp(prefix="talkbase-", dir="/tmp"))  # short, and random with mode 0700
    _give(short, account)
    return str(short)


def _private(run: Path, account: programs.Account | None) -> bool:
    """Nobody else can put a socket of theirs there, as they could in a forgotten folder under /tmp."""
    status = run.lstat()
    owner = os.geteuid() if account is None else account.uid
    return status.st_uid == owner and not run.is_symlink() and status.st_mode & 0o077 == 0


def _can_bind(run: Path) -> bool:
    """Whether the path is short enough (107 bytes on Linux, 103 on macOS) and the file system knows sockets."""
    longest = run / LONGEST_SOCKET
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(longest))
        longest.unlink()
    except OSError:
        return False
    return True


_FAILURES: tuple[tuple[str, type[DatabaseUnavailable] | type[StorageFull], str, str], ...] = (
    (
        "No space left on device",
        StorageFull,
        "There is no space left for the database in {data}.",
        "Free some space, or set TALKBASE_HOME to a folder on a larger disk.",
    ),
    (
        "Disk quota exceeded",
        StorageFull,
        "The disk quota is used up where the database lies, in {data}.",
        "Free some space, or set TALKBASE_HOME to a folder elsewhere.",
    ),
    (
        "could not bind IPv4 address",
        DatabaseUnavailable,
        "The TCP port of the embedded database is in use by another program.",
        "Choose another port, or turn TCP off.",
    ),
    (
        "Cannot allocate memory",
        DatabaseUnavailable,
        "There is not enough memory to start the database in {data}.",
        "Close other programs or give the container more memory.",
    ),
)


def explain_failure(text: str, data: Path) -> DatabaseUnavailable | StorageFull:
    """The error for what initdb or a server that did not come up wrote last."""
    for sign, kind, message, hint in _FAILURES:
        if sign in text:
            return kind(message.format(data=data), hint=hint)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line] or lines
    last = telling[-1] if telling else "it said nothing"
    return DatabaseUnavailable(f"PostgreSQL cannot start in {data}: {last}")
