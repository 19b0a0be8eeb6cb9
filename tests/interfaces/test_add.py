"""Adding and analysing by command: paths of every kind, batches with failures, the queue, interruption."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.interfaces.conftest import Cli

Fits = Callable[[str, Any], None]
CUE = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n{}\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with two transcripts, one more in a folder below, and a file that no reader knows."""
    (tmp_path / "below").mkdir()
    for name in ("one.vtt", "two words.vtt", "below/drei-ä.vtt"):
        (tmp_path / name).write_text(CUE.format(f"This is {name} in {tmp_path}"))
    (tmp_path / "notes.bin").write_text("Just some notes, in no format at all.")
    return tmp_path


def test_a_folder_is_searched(cli: Cli, files: Path, fits: Fits) -> None:
    ran = cli("add", files, "--json")
    fits("add", ran.json)
    assert ran.code == 0
    assert {Path(item["path"]).name: item["status"] for item in ran.json} == {
        "drei-ä.vtt": "completed", "one.vtt": "completed", "two words.vtt": "completed", "notes.bin": "skipped",
    }  # fmt: skip
    again = cli("add", files, "--json").json
    assert {item["path"]: item["id"] for item in again} == {item["path"]: item["id"] for item in ran.json}
    assert all(item["duplicate"] for item in again if item["status"] != "skipped")


def test_a_glob_and_a_list_on_standard_input(cli: Cli, files: Path) -> None:
    assert len(cli("add", f"{files}/*.vtt", "--json").json) == 2
    listed = f"{files}/one.vtt\n{files}/below/drei-ä.vtt\n\n"
    assert len(cli.process("add", "-", "--json", input=listed).json) == 2
    assert len(cli.process("add", "-", "--json", input=f"{files}/one.vtt\0{files}/two words.vtt\0").json) == 2


def test_again_makes_another(cli: Cli, files: Path) -> None:
    first = cli("add", files / "one.vtt", "--json").json[0]
    second = cli("add", files / "one.vtt", "--again", "--title", "Once more", "--json").json[0]
    assert second["id"] != first["id"]
    assert not second["duplicate"]
    assert cli("show", second["id"], "--json").json["title"] == "Once more"


def test_a_title_is_for_one_file(cli: Cli, files: Path) -> None:
    ran = cli("add", files, "--title", "All of them")
    assert ran.code == 2
    assert "4" in ran.err


def test_what_fails_does_not_stop_the_rest(cli: Cli, files: Path, fits: Fits) -> None:
    empty = files / "empty.vtt"
    empty.touch()
    ran = cli("add", files / "missing.vtt", empty, files / "notes.bin", files / "one.vtt", "--json")
    fits("add", ran.json)
    assert ran.code == 1
    assert [item["status"] for item in ran.json] == ["failed", "failed", "failed", "completed"]
    assert all(item["error"] for item in ran.json[:3])
    assert ran.json[3]["error"] is None
    people = cli("add", files / "missing.vtt", empty, files / "one.vtt")
    assert people.code == 1
    assert [line[0] for line in people.err.splitlines()] == ["✗", "✗", "="]


def test_a_file_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    ran = cli("add", tmp_path / "nothing.mp4", "--json")
    assert ran.code == 3
    assert ran.json[0]["status"] == "failed"


def test_a_name_that_is_no_text(cli: Cli, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \x1b[31m\n.vtt")
    (tmp_path / name).write_text(CUE.format("Odd name."))
    ran = cli.process("add", tmp_path, "--json")
    assert ran.code in (0, 1)
    assert ran.json[0]["status"] in ("completed", "failed")
    assert "Traceback" not in ran.err
    assert "unexpected" not in ran.err


def test_one_file_ends_with_a_summary(cli: Cli, files: Path) -> None:
    ran = cli("add", files / "one.vtt", "--again")
    assert ran.code == 0
    assert "1 utterance" in ran.out
    shown = cli.terminal("add", files / "two words.vtt", "--again")
    assert shown.code == 0
    assert "talkbase show" in shown.out


def test_stages_are_chosen(cli: Cli, files: Path) -> None:
    key = cli("add", files / "one.vtt", "--again", "--no-embed", "--json").json[0]["id"]
    assert cli("status", key, "--json").json["runs"] == []
    assert cli("analyze", key, "--without", "embed", "--json").json[0]["ran"] == []
    done = cli("analyze", key, "--only", "embed", "--json")
    assert done.json[0]["ran"] == ["embed"]


def test_analyze(cli: Cli, files: Path, fits: Fits) -> None:
    key = cli("add", files / "one.vtt", "--again", "--json").json[0]["id"]
    again = cli("analyze", key, "--json")
    fits("analyze", again.json)
    assert again.code == 0
    assert again.json[0]["ran"] == []
    assert "nothing to do" in cli("analyze", key).err
    mixed = cli("analyze", key, "no such conversation", "--json")
    fits("analyze", mixed.json)
    assert mixed.code == 1
    assert [item["status"] for item in mixed.json] == ["completed", "failed"]
    assert cli("analyze", "no such conversation").code == 3


def test_the_queue(new_cli: Callable[..., Cli], files: Path, fits: Fits) -> None:
    cli = new_cli()
    added = cli("add", files / "one.vtt", files / "two words.vtt", "--queue", "--json")
    fits("add", added.json)
    assert [item["status"] for item in added.json] == ["pending", "pending"]
    jobs = cli("jobs", "list", "--json").json
    fits("jobs list", jobs)
    assert [job["status"] for job in jobs["items"]] == ["todo", "todo"]
    number = jobs["items"][0]["id"]
    fits("jobs cancel", cli("jobs", "cancel", number, "--json").json)
    assert cli("jobs", "cancel", number).code == 3
    assert cli("jobs", "list", "--status", "cancelled", "--json").json["items"][0]["id"] == number
    fits("jobs retry", cli("jobs", "retry", number, "--json").json)
    worked = cli("worker", "--once", "--json")
    fits("worker", worked.json)
    assert (worked.code, worked.json) == (0, {"done": 2, "failed": 0})
    assert {item["status"] for item in cli("list", "--json").json["items"]} == {"completed"}
    queued = cli("analyze", added.json[0]["id"], "--queue", "--json")
    fits("analyze", queued.json)
    assert queued.json[0]["job"]
    assert "✓ job" in cli("worker", "--once").err
    assert "No job was waiting" in cli("worker", "--once").err


def test_a_worker_ends_when_asked(cli: Cli) -> None:
    worker = cli.start("worker", stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert worker.stderr
    assert "Waiting for jobs" in worker.stderr.readline()
    time.sleep(1)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(timeout=60) in (0, 130)
    assert "Traceback" not in worker.stderr.read()


def test_speech_through_and_through(new_cli: Callable[..., Cli], samples: Path, fits: Fits) -> None:
    cli = new_cli()
    added = cli("add", samples / "jfk.wav", "--json")
    fits("add", added.json)
    assert added.code == 0, added
    shown = cli("show", added.json[0]["id"], "--json").json
    fits("show", shown)
    text = " ".join(u["text"] for u in shown["utterances"]).lower()
    assert "ask not what your country can do for you" in text.replace(",", "")
    assert shown["language"] == "en"
    assert len(shown["speakers"]) == 1
    for utterance in shown["utterances"]:
        assert 0 <= utterance["start"] <= utterance["end"] <= shown["duration"] + 0.5
        assert utterance["words"]
        assert all(word["text"] == word["text"].strip() for word in utterance["words"])
    assert " 0:11" in cli("list").out


@pytest.mark.slow
def test_interrupting_and_going_on(new_cli: Callable[..., Cli], samples: Path, tmp_path: Path) -> None:
    cli = new_cli()
    added = cli.start("add", samples / "jfk.wav", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    give_up = time.monotonic() + 60
    while not (rows := cli("list", "--json").json["items"]) or rows[0]["status"] != "processing":
        assert time.monotonic() < give_up
        time.sleep(0.05)
    added.send_signal(signal.SIGINT)
    out, err = added.communicate(timeout=60)
    assert added.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert "Run the same command again to go on." in err
    assert "Traceback" not in err
    assert cli("list", "--json").json["items"][0]["status"] == "pending"
    again = cli("add", samples / "jfk.wav", "--json")
    assert again.code == 0
    assert (again.json[0]["status"], again.json[0]["duplicate"]) == ("completed", True)
    assert not list((Path(cli.environment["TALKBASE_HOME"]) / "work").glob("*"))


@pytest.mark.slow
def test_a_full_disk_for_what_is_printed(cli: Cli, meeting: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        process = cli.start("show", meeting, "--json", stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1


def test_a_reader_that_has_seen_enough(cli: Cli, meeting: str) -> None:
    head = shutil.which("head")
    assert head
    for arguments in (["show", meeting], ["show", meeting, "--json"], ["export", meeting, "--as", "csv"]):
        process = cli.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        err = process.stderr.read()
        assert (process.wait(timeout=60), err) == (0, ""), arguments
