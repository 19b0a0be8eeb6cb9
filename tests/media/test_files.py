"""What may stand at a path instead of a recording: nothing of it hangs, and each gets its own sentence."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from talkbase.errors import NotFound, StorageUnavailable, UnreadableInput
from talkbase.media.files import replacing, shown
from talkbase.media.probe import probe
from talkbase.media.sound import decode
from talkbase.media.store import Store, sha256_of


def readings(folder: Path) -> list[Callable[[Path], Any]]:
    """Everything in this package that takes a path from a person."""
    return [probe, lambda path: decode(path, folder / "s.raw"), Store(folder / "store").put, sha256_of]


@contextmanager
def nobody() -> Iterator[None]:
    """As a user without rights, where the test runs as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("folder", "is a folder"),
        ("pipe", "is a named pipe"),
        ("device", "is a device"),
        ("socket", "is a socket"),
        ("loop", "leads back to itself"),
        ("empty", "is empty"),
        ("too long", "name that is too long"),
    ],
)
def test_what_is_no_file(scratch: Path, kind: str, message: str) -> None:
    path = scratch / "a.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(str(path))
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "empty":
        path.touch()
    else:
        path = scratch / ("x" * 300)
    for read in readings(scratch):
        with pytest.raises(UnreadableInput, match=message):
            read(path)


def test_nothing_there(scratch: Path) -> None:
    for read in readings(scratch):
        for path in (scratch / "a.mp4", Path("/dev/null/a.mp4")):
            with pytest.raises(NotFound, match=r"There is no file .*a\.mp4"):
                read(path)


def test_no_permission(scratch: Path, samples: Path) -> None:
    path = scratch / "a.wav"
    path.write_bytes((samples / "jfk.wav").read_bytes())
    path.chmod(0)
    with nobody(), pytest.raises(UnreadableInput, match="may not be read by this user"):
        probe(path)


@pytest.mark.parametrize(
    "name", ["Besprechung – Ærø 会議 🎙.wav", "x" * 251 + ".wav", "%d.wav", "http:a", "-i", b"\xff\n.wav"]
)
def test_any_name_that_a_file_can_have(scratch: Path, samples: Path, name: str | bytes) -> None:
    path = scratch / os.fsdecode(name)
    path.write_bytes((samples / "jfk.wav").read_bytes())
    assert probe(path).duration == 11.0
    decode(path, scratch / "s.raw").close()
    assert Store(scratch / "store").put(path).new
    path.write_bytes(b"")
    with pytest.raises(UnreadableInput) as raised:
        probe(path)
    assert str(raised.value).isprintable()


def test_names_are_shown_so_that_no_terminal_obeys_them() -> None:
    assert shown(Path("a\x1b[2Jb")) == '"a\\x1b[2Jb"'
    assert shown(Path(os.fsdecode(b"\xff"))) == '"\\xff"'


def test_a_symbolic_link_to_a_recording_is_followed(scratch: Path, samples: Path) -> None:
    (scratch / "link").symlink_to(samples / "jfk.wav")
    assert probe(scratch / "link").duration == 11.0


def test_a_folder_that_cannot_be_written(scratch: Path) -> None:
    with pytest.raises(StorageUnavailable, match="cannot be used as storage"), replacing(scratch / "none" / "a"):
        pass
