"""The store: same content once, whole or not at all, in a folder and behind fsspec."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from talkbase.errors import Interrupted, MissingExtra, NotFound, StorageFull, UnreadableInput, UsageError
from talkbase.media.store import Damage, Store, sha256_of


@pytest.fixture(params=["folder", "fsspec"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "store") if request.param == "folder" else f"memory://{tmp_path}/store"


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """Three megabytes and a bit, so that it takes several pieces."""
    path = tmp_path / "big"
    path.write_bytes(os.urandom((3 << 20) + 17))
    return path


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_the_same_content_is_stored_once(root: str, big: Path, tmp_path: Path) -> None:
    store = Store(root)
    first = store.put(big)
    (tmp_path / "other name.mp4").write_bytes(big.read_bytes())
    second = store.put(tmp_path / "other name.mp4")
    assert first.sha256 == hashlib.sha256(big.read_bytes()).hexdigest() == sha256_of(big)
    assert (first.new, second.new) == (True, False)
    assert first.key == second.key == f"{first.sha256[:2]}/{first.sha256[2:]}"
    assert first.size == second.size == big.stat().st_size


def test_what_goes_in_comes_out(root: str, big: Path) -> None:
    store = Store(root)
    sha256 = store.put(big).sha256
    with store.open(sha256) as file:
        file.seek(1 << 20)
        assert file.read(10) == big.read_bytes()[1 << 20 :][:10]
    with store.local(sha256) as path:
        assert path.read_bytes() == big.read_bytes()
    if "://" in root:
        assert not path.exists()


def test_deleting(root: str, big: Path) -> None:
    store = Store(root)
    sha256 = store.put(big).sha256
    assert sha256 in store
    assert store.delete(sha256) is True
    assert sha256 not in store
    assert store.delete(sha256) is False
    with pytest.raises(NotFound):
        store.open(sha256)
    with pytest.raises(NotFound), store.local(sha256):
        pass
    assert store.put(big).new


def test_verify_finds_what_is_damaged_and_what_is_missing(tmp_path: Path, big: Path) -> None:
    store = Store(tmp_path / "store")
    stored = store.put(big)
    assert list(store.verify([stored.sha256])) == []
    with (tmp_path / "store" / stored.key).open("r+b") as file:
        file.seek(1 << 20)
        byte = file.read(1)[0]
        file.seek(1 << 20)
        file.write(bytes([byte ^ 1]))
    assert list(store.verify(["0" * 64])) == [Damage(stored.sha256, "damaged"), Damage("0" * 64, "missing")]


def test_a_stored_file_that_was_cut_off_is_replaced(tmp_path: Path, big: Path) -> None:
    store = Store(tmp_path / "store")
    stored = store.put(big)
    os.truncate(tmp_path / "store" / stored.key, 100)
    assert store.put(big).new
    assert list(store.verify([stored.sha256])) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_digests_are_keys(root: str, digest: str) -> None:
    store = Store(root)
    assert digest not in store
    for use in (store.open, store.delete, store.local):
        with pytest.raises(UsageError):
            use(digest)


@pytest.mark.parametrize("change", [+5, -5, 0])
def test_a_file_that_changes_while_it_is_read_is_not_stored(root: str, big: Path, tmp_path: Path, change: int) -> None:
    def meddle(done: float, total: float) -> None:
        os.truncate(big, big.stat().st_size + change)
        os.utime(big, ns=(1, int(done)))

    store = Store(root)
    with pytest.raises(UnreadableInput, match="changed while it was read"):
        store.put(big, progress=meddle)
    assert files(tmp_path / "store") == []
    assert list(store.verify()) == []


def test_stopping_leaves_nothing(root: str, big: Path, tmp_path: Path) -> None:
    def stop(done: float, total: float) -> None:
        raise Interrupted

    store = Store(root)
    with pytest.raises(Interrupted):
        store.put(big, progress=stop)
    assert files(tmp_path / "store") == []
    assert list(store.verify()) == []
    assert store.put(big).new


def test_progress_counts_bytes(root: str, big: Path) -> None:
    seen: list[tuple[float, float]] = []
    Store(root).put(big, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) == 4
    assert seen[-1] == (big.stat().st_size, big.stat().st_size)


def test_a_disk_without_space_is_said_and_nothing_stays(small_disk: Path, big: Path) -> None:
    with pytest.raises(StorageFull, match="no space left"):
        Store(small_disk / "store").put(big)
    assert files(small_disk) == []


def test_many_at_once_store_it_once(tmp_path: Path, big: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda _: Store(tmp_path / "store").put(big), range(16)))
    assert len({each.sha256 for each in stored}) == 1
    assert len(files(tmp_path / "store")) == 1
    assert any(each.new for each in stored)


SLOW_PUT = (
    "import sys, time; from pathlib import Path; from talkbase.media.store import Store\n"
    "def slow(done, total): print(done, flush=True); time.sleep(60)\n"
    "Store(sys.argv[1]).put(Path(sys.argv[2]), progress=slow)\n"
)


def test_what_a_killed_process_leaves_is_swept_and_what_a_living_one_writes_is_not(tmp_path: Path, big: Path) -> None:
    root = tmp_path / "store"
    processes = [
        subprocess.Popen([sys.executable, "-c", SLOW_PUT, str(root), str(big)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        assert len(files(root / "incoming")) == 2
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        for path in files(root / "incoming"):
            os.utime(path, (time.time() - 120, time.time() - 120))
        stored = Store(root).put(big)
        assert len(files(root / "incoming")) == 1
        assert list(Store(root).verify([stored.sha256])) == []
    finally:
        for process in processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def test_a_file_url_is_a_folder(tmp_path: Path, big: Path) -> None:
    stored = Store(f"file://{tmp_path}/store").put(big)
    assert (tmp_path / "store" / stored.key).read_bytes() == big.read_bytes()


def test_a_place_that_cannot_be_used_is_said_without_its_secret() -> None:
    with pytest.raises(UsageError, match="carrier-pigeon://coop is no place") as raised:
        Store("carrier-pigeon://user:secret@coop")
    assert "secret" not in str(raised.value)


@pytest.mark.skipif(importlib.util.find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_file_system_that_is_not_installed_is_named() -> None:
    with pytest.raises(MissingExtra, match="s3fs"):
        Store("s3://bucket/prefix")
