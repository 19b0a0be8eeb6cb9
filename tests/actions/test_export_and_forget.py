"""Export: the file appears whole or not at all. Forgetting: rows, vectors, bytes, and a receipt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.actions.test_add import WITHOUT_MODELS, meeting, stored
from tests.database import environment

from talkbase import exporters
from talkbase.actions.library import Talkbase
from talkbase.errors import Ambiguous, NotFound, TalkbaseError, UsageError


def test_every_format_is_written_to_bytes_file_and_folder(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS, title="Budget: 2026/27")
    for name in exporters.registry().names:
        whole = tb.export(added.id or "", name)
        assert isinstance(whole, bytes)
        assert b"budget" in whole
        path = tb.export("Budget: 2026/27", name, tmp_path / f"out.{name}")
        assert path == tmp_path / f"out.{name}"
        assert path.read_bytes() == whole
        folder = tmp_path / f"folder {name}"
        folder.mkdir()
        inside = tb.export(added.id or "", name, folder)
        assert isinstance(inside, Path)
        assert inside.stem == "Budget_ 2026_27"
        assert [file.name for file in folder.iterdir()] == [inside.name]


def test_an_export_has_the_rights_of_any_new_file(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    for mask, rights in ((0o022, 0o644), (0o077, 0o600)):
        before = os.umask(mask)
        try:
            path = tb.export(added.id or "", "txt", tmp_path / "out.txt")
        finally:
            os.umask(before)
        assert isinstance(path, Path)
        assert path.stat().st_mode & 0o777 == rights


def test_a_file_that_cannot_be_written_leaves_the_old_one(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    old = tmp_path / "there.txt"
    old.write_text("old")
    with pytest.raises(NotFound, match="no exporter “nonsense”"):
        tb.export(added.id or "", "nonsense", old)
    with pytest.raises(UsageError, match="cannot be written"):
        tb.export(added.id or "", "txt", tmp_path / "no folder" / "x.txt")
    with pytest.raises(UsageError, match="cannot be written"):
        tb.export(added.id or "", "txt", tmp_path / ("n" * 300))
    with pytest.raises(NotFound):
        tb.export("missing", "txt", old)
    assert old.read_text() == "old"
    assert not list(tmp_path.glob(".talkbase-*"))


def test_a_full_disk_leaves_the_old_file(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(
        meeting(tmp_path, "long.vtt", *(f"<v Ada>Line {n} of many." for n in range(28))), options=WITHOUT_MODELS
    )
    old = tmp_path / "there.json"
    old.write_text("old")
    script = """
import resource, signal, sys, talkbase
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with talkbase.open() as tb:
    tb.list()
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    try: tb.export(sys.argv[1], "json", sys.argv[2])
    except talkbase.TalkbaseError as error: print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", script, str(added.id), str(old)], env=environment(tb.database),
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert "cannot be written" in done.stdout, done.stderr
    assert old.read_text() == "old"
    assert not list(tmp_path.glob(".talkbase-*"))


def test_deleting_takes_rows_and_bytes_and_can_be_done_once(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    tb.add(meeting(tmp_path, "other.vtt", "<v Ada>Another talk."), options=WITHOUT_MODELS)
    gone = tb.delete("meeting")
    assert (gone.id, gone.files) == (added.id, 1)
    assert gone.rows["utterances"] == gone.rows["utterance_texts"] == 2
    assert [row.title for row in tb.list()] == ["other"]
    assert len(stored(tb)) == 1
    for reference in (str(added.id), "meeting"):
        with pytest.raises(NotFound):
            tb.delete(reference)
    with tb.database.reading() as reading:
        assert reading.value("SELECT count(*) FROM receipts") == 1
    again = tb.add(tmp_path / "meeting.vtt", options=WITHOUT_MODELS)
    assert (again.status, again.duplicate) == ("completed", False)
    assert again.id != added.id


def test_what_is_not_clear_is_not_deleted(tb: Talkbase, tmp_path: Path) -> None:
    tb.add(meeting(tmp_path, "a.vtt"), options=WITHOUT_MODELS, title="Budget one")
    tb.add(meeting(tmp_path, "b.vtt", "<v Ada>Different."), options=WITHOUT_MODELS, title="Budget two")
    with pytest.raises(Ambiguous):
        tb.delete("budget")
    assert len(tb.list()) == 2


def test_a_store_that_is_away_says_so(tb: Talkbase, tmp_path: Path) -> None:
    path = meeting(tmp_path)
    blocker = tb.settings.home / "media"
    blocker.parent.mkdir(parents=True, exist_ok=True)
    blocker.write_text("a file where the store's folder should be")
    with pytest.raises(TalkbaseError) as refused:
        tb.add(path, options=WITHOUT_MODELS)
    assert refused.value.code in ("storage_unavailable", "usage")
    assert tb.list() == []
