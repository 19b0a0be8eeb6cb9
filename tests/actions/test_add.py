"""Adding: each file once, whole or not at all, however many do it at the same time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.database import environment

from talkbase.actions.add import Added
from talkbase.actions.library import Talkbase
from talkbase.db.session import Database
from talkbase.errors import TalkbaseError, UnreadableInput
from talkbase.stages import Options

WITHOUT_MODELS = Options(without=("embed",))


def meeting(folder: Path, name: str = "meeting.vtt", *lines: str) -> Path:
    """A small transcript."""
    said = lines or ("<v Ada>We cannot raise the budget before March.", "<v Grace>Then the workshop has to wait.")
    cues = "".join(f"\n00:00:{2 * n:02}.000 --> 00:00:{2 * n + 2:02}.000\n{line}\n" for n, line in enumerate(said))
    path = folder / name
    path.write_text("WEBVTT\n" + cues, encoding="utf-8")
    return path


def counts(database: Database) -> dict[str, int]:
    """How many rows there are of what adding writes."""
    with database.as_owner() as owner:
        tables = ("conversations", "media", "speakers", "utterances", "utterance_texts", "analyses", "runs")
        rows = {table: owner.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables}  # type: ignore[arg-type]
        return {table: row[0] for table, row in rows.items() if row}


def stored(tb: Talkbase) -> list[str]:
    return list(tb.store.digests())


def test_a_transcript_is_as_long_as_its_last_utterance_says(tb: Talkbase, tmp_path: Path) -> None:
    timed = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    untimed = tmp_path / "untimed.json"
    untimed.write_text('{"format": "talkbase-transcript", "version": 1, "utterances": [{"text": "Hello."}]}')
    assert timed.id
    assert tb.show(timed.id).duration == 4.0
    assert tb.show(tb.add(untimed, options=WITHOUT_MODELS).id or "").duration is None


def test_a_video_without_sound_says_so(tb: Talkbase, tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "silent.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    added = tb.add(tmp_path / "silent.mp4", options=WITHOUT_MODELS)
    assert added.status == "failed"
    assert added.error == '"silent.mp4" has pictures but no sound.'
    assert added.id
    assert tb.show(added.id).error == added.error


def test_a_file_becomes_a_conversation(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    assert (added.status, added.duplicate, added.error) == ("completed", False, None)
    found = tb.show(added.id or "")
    assert found.title == "meeting"
    assert [(u.position, u.text) for u in found.utterances] == [
        (0, "We cannot raise the budget before March."),
        (1, "Then the workshop has to wait."),
    ]
    assert {s.name or s.label for s in found.speakers} == {"Ada", "Grace"}
    assert len(stored(tb)) == 1


def test_a_file_added_before_is_recognised_by_its_content(tb: Talkbase, tmp_path: Path) -> None:
    first = tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    before = counts(tb.database)
    shutil.copy(tmp_path / "meeting.vtt", tmp_path / "another name.vtt")
    second = tb.add(tmp_path / "another name.vtt", options=WITHOUT_MODELS)
    assert (second.id, second.status, second.duplicate) == (first.id, "completed", True)
    assert counts(tb.database) == before
    third = tb.add(tmp_path / "meeting.vtt", options=WITHOUT_MODELS, again=True)
    assert third.id != first.id
    assert not third.duplicate
    assert counts(tb.database)["conversations"] == 2
    assert len(stored(tb)) == 1


def test_users_do_not_see_each_others_duplicates(
    tb: Talkbase, database: Database, new_user: Any, tmp_path: Path
) -> None:
    path = meeting(tmp_path)
    mine = tb.add(path, options=WITHOUT_MODELS)
    other = Talkbase(tb.settings, user=new_user("other"), database=database)
    theirs = other.add(path, options=WITHOUT_MODELS)
    assert theirs.id != mine.id
    assert not theirs.duplicate
    assert len(stored(tb)) == 1
    assert other.delete(theirs.id or "").files == 0  # the bytes are still needed
    assert len(stored(tb)) == 1
    assert tb.delete(mine.id or "").files == 1
    assert stored(tb) == []


ADD = """
import json, sys, talkbase
from talkbase.stages import Options
with talkbase.open() as tb:
    tb.user
    print("ready", flush=True)
    sys.stdin.readline()
    added = tb.add(sys.argv[1], options=Options(without=("embed",)))
    print(json.dumps([str(added.id), added.status, added.duplicate, added.error]))
"""


def test_processes_that_add_the_same_file_at_once_make_one_conversation(tb: Talkbase, tmp_path: Path) -> None:
    path = meeting(tmp_path, "same.vtt", *(f"<v S{n % 3}>Line {n} of a longer talk." for n in range(25)))
    processes = [
        subprocess.Popen([sys.executable, "-c", ADD, str(path)], env=environment(tb.database), text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout
        assert process.stdout.readline().strip() == "ready", process.communicate()[1]
    results = []
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        results.append(json.loads(output))
    assert len({result[0] for result in results}) == 1
    assert sorted(result[2] for result in results) == [False, True, True]
    assert {result[1] for result in results} <= {"pending", "processing", "completed"}
    assert {result[3] for result in results} == {None}
    assert counts(tb.database) | {"analyses": 0} == {
        "conversations": 1, "media": 1, "speakers": 3, "utterances": 25, "utterance_texts": 25, "analyses": 0,
        "runs": 0,
    }  # fmt: skip
    assert len(stored(tb)) == 1


def waiting(database: Database, number: int) -> None:
    """Wait until so many transactions wait for a named lock."""
    give_up = time.monotonic() + 30
    with database.as_owner() as owner:
        while time.monotonic() < give_up:
            row = owner.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                                " AND database = (SELECT oid FROM pg_database"
                                "  WHERE datname = current_database())").fetchone()  # fmt: skip
            if row and row[0] >= number:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def is_whole(tb: Talkbase, added: Added) -> bool:
    """Whether the bytes of what was added are stored."""
    with tb.database.reading() as reading:
        sha256 = reading.value("SELECT sha256 FROM media WHERE conversation_id = %(id)s", id=added.id)
    return sha256 in tb.store


def test_a_file_that_is_added_while_its_last_conversation_is_deleted_keeps_its_bytes(
    tb: Talkbase, database: Database, tmp_path: Path
) -> None:
    path = meeting(tmp_path)
    first = tb.add(path, options=WITHOUT_MODELS)
    with ThreadPoolExecutor(2) as pool, database.as_owner() as owner:
        owner.execute("CREATE FUNCTION talkbase.stop() RETURNS trigger LANGUAGE plpgsql AS"
                      " $$ BEGIN PERFORM pg_advisory_xact_lock(99); RETURN NEW; END $$")  # fmt: skip
        owner.execute(
            "CREATE TRIGGER stop BEFORE INSERT ON talkbase.media FOR EACH ROW EXECUTE FUNCTION talkbase.stop()"
        )
        owner.execute("SELECT pg_advisory_lock(99)")
        adding = pool.submit(tb.add, path, options=WITHOUT_MODELS, again=True)
        waiting(database, 1)  # the file is in the store, its row is not there yet
        deleting = pool.submit(tb.delete, first.id or "")
        time.sleep(1.0)
        owner.execute("SELECT pg_advisory_unlock(99)")
        assert deleting.result(30).files == 0
        assert is_whole(tb, adding.result(30))


def test_a_file_that_is_deleted_while_it_is_added_is_stored_again(
    tb: Talkbase, database: Database, tmp_path: Path
) -> None:
    path = meeting(tmp_path)
    first = tb.add(path, options=WITHOUT_MODELS)
    (sha256,) = stored(tb)
    with ThreadPoolExecutor(2) as pool, database.as_owner() as owner:
        owner.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [sha256])
        deleting = pool.submit(tb.delete, first.id or "")
        waiting(database, 1)  # the rows are gone, the file is not yet
        adding = pool.submit(tb.add, path, options=WITHOUT_MODELS)
        waiting(database, 2)  # it found the file in the store
        owner.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 1))", [sha256])
        assert deleting.result(30).files == 1
        assert is_whole(tb, adding.result(30))
    assert not adding.result().duplicate


def test_a_failure_in_the_middle_leaves_nothing(tb: Talkbase, database: Database, tmp_path: Path) -> None:
    with database.as_owner() as owner:
        owner.execute("CREATE FUNCTION talkbase.fail() RETURNS trigger LANGUAGE plpgsql AS"
                      " $$ BEGIN RAISE 'planted' USING ERRCODE = 'disk_full'; END $$")  # fmt: skip
        owner.execute("CREATE TRIGGER fail AFTER INSERT ON talkbase.utterances EXECUTE FUNCTION talkbase.fail()")
    with pytest.raises(TalkbaseError, match="full"):
        tb.add(meeting(tmp_path), options=WITHOUT_MODELS)
    assert set(counts(database).values()) == {0}
    assert stored(tb) == []
    with database.as_owner() as owner:
        owner.execute("DROP TRIGGER fail ON talkbase.utterances")
    assert tb.add(meeting(tmp_path), options=WITHOUT_MODELS).status == "completed"
    with database.as_owner() as owner:
        owner.execute("CREATE TRIGGER fail AFTER INSERT ON talkbase.utterances EXECUTE FUNCTION talkbase.fail()")
    with pytest.raises(TalkbaseError):
        tb.add(meeting(tmp_path), options=WITHOUT_MODELS, again=True)
    assert len(stored(tb)) == 1  # it was there before, and is needed


@pytest.mark.parametrize("content", [b"", b"\0" * 4000, b"GIF89a not a transcript", b"plain words of nobody"])
def test_what_no_reader_can_use_leaves_nothing(tb: Talkbase, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.mp4"
    path.write_bytes(content)
    with pytest.raises(UnreadableInput):
        tb.add(path)
    assert set(counts(tb.database).values()) == {0}
    assert stored(tb) == []


def test_one_bad_file_does_not_keep_the_others_out(tb: Talkbase, tmp_path: Path) -> None:
    meeting(tmp_path, "a.vtt")
    (tmp_path / "b.vtt").write_bytes(b"")
    meeting(tmp_path, "c.vtt", "<v Ada>Something else.")
    meeting(tmp_path, ".hidden.vtt", "<v Ada>Hidden.")
    (tmp_path / "loop").symlink_to(tmp_path)
    reported: list[Any] = []
    results = tb.add_all([tmp_path, tmp_path / "missing.vtt"], report=reported.append, options=WITHOUT_MODELS)
    assert [(Path(result.path).name, result.status) for result in results] == [
        ("a.vtt", "completed"), ("b.vtt", "failed"), ("c.vtt", "completed"), ("missing.vtt", "failed"),
    ]  # fmt: skip
    assert reported == results
    assert all(result.error for result in results if result.status == "failed")


@pytest.mark.parametrize(
    "name", [b"\xff\xfe latin \xe4.vtt", "会議 🎙️ naïve.vtt".encode(), b"n" * 251 + b".vtt", b" \t'\"%s;--.vtt"]
)
def test_names_of_any_kind_are_kept_as_text(tb: Talkbase, tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    meeting(tmp_path).rename(path)
    added = tb.add(path, options=WITHOUT_MODELS)
    assert added.status == "completed"
    title = tb.show(added.id or "").title
    assert title == name.removesuffix(b".vtt").decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()


def test_awkward_text_is_kept(tb: Talkbase, tmp_path: Path) -> None:
    said = ("<v Ada>quotes \" ' \\ and \\N and \\.", "<v 会議>🎙️ \u202eRTL\u202c e\u0301", "tab\there")
    added = tb.add(meeting(tmp_path, "odd.vtt", *said), options=WITHOUT_MODELS)
    texts = [u.text for u in tb.show(added.id or "").utterances]
    assert texts[0] == "quotes \" ' \\ and \\N and \\."
    assert texts[1].endswith("RTL\u202c e\u0301")


def test_a_queued_file_waits_for_a_worker(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS, queue=True)
    assert added.status == "pending"
    jobs = tb.jobs()
    assert [(job.task, job.status, job.conversation_id, job.title) for job in jobs] == [
        ("analyze", "todo", added.id, "meeting")
    ]
    assert tb.add(tmp_path / "meeting.vtt", options=WITHOUT_MODELS, queue=True).duplicate
    assert len(tb.jobs()) == 1
    from talkbase.actions.work import work

    work(tb, once=True)
    assert [job.status for job in tb.jobs()] == ["succeeded"]
    assert tb.show(added.id or "").status == "completed"
    assert isinstance(added.id, UUID)
