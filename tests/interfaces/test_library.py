"""The commands that look, correct, take out and forget: through `--json` for programs, and as people see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.interfaces.conftest import Cli

Fits = Callable[[str, Any], None]


def test_an_empty_library_says_what_to_do(new_cli: Callable[..., Cli]) -> None:
    cli = new_cli()
    ran = cli("list")
    assert (ran.code, ran.out) == (0, "")
    assert "talkbase add" in ran.err
    assert cli("list", "--json").json == {"items": [], "next": None}
    assert "Everything is analysed" in cli("status").err
    assert "talkbase add --queue" in cli("jobs").err
    assert cli("search", "anything", "--json").json == {"hits": []}


def test_list_goes_through_pages(cli: Cli, made: Callable[..., str], fits: Fits) -> None:
    mine = [made(f"page {number}") for number in range(3)]
    seen: list[str] = []
    after: list[str] = []
    while True:
        page = cli("list", "--limit", "2", *after, "--json").json
        fits("list", page)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        assert len(page["items"]) == 2
        after = ["--after", page["next"]]
    assert [key for key in seen if key in mine] == mine[::-1]
    assert len(seen) == len(set(seen))
    assert "talkbase list --after" in cli("list", "--limit", "1").err


def test_list_filters(cli: Cli, meeting: str) -> None:
    assert meeting in [item["id"] for item in cli("list", "--kind", "transcript", "--json").json["items"]]
    assert cli("list", "--kind", "podcast", "--json").json["items"] == []
    assert cli("list", "--status", "failed", "--json").json["items"] == []
    assert cli("list", "--after", "nonsense").code == 2


def test_show_keeps_the_contract(cli: Cli, meeting: str, fits: Fits) -> None:
    shown = cli("show", meeting, "--json").json
    fits("show", shown)
    assert shown["id"] == meeting
    assert len(shown["speakers"]) == 6
    assert [u["position"] for u in shown["utterances"]] == list(range(60))
    first = shown["utterances"][0]
    assert (first["speaker"], first["start"], first["text"]) == ("Pooja Ranjan", 202.71, "I think so. Hello, everyone.")
    labels = {speaker["label"] for speaker in shown["speakers"]}
    assert {u["speaker"] for u in shown["utterances"]} <= labels


def test_words_come_stripped_and_times_short(cli: Cli, tmp_path: Path, fits: Fits) -> None:
    words = [{"text": " Ask", "start": 0.1234567, "end": 0.5, "confidence": 0.98765432}, {"text": " not."}]
    (tmp_path / "w.json").write_text(json.dumps({
        "format": "talkbase-transcript", "version": 1,
        "utterances": [{"text": "Ask not.", "start": 0.1234567, "end": 1, "words": words}],
    }))  # fmt: skip
    key = cli("add", tmp_path / "w.json", "--json").json[0]["id"]
    shown = cli("show", key, "--json").json
    fits("show", shown)
    assert shown["utterances"][0]["start"] == 0.123
    assert shown["utterances"][0]["words"] == [
        {"text": "Ask", "start": 0.123, "end": 0.5, "confidence": 0.987654},
        {"text": "not.", "start": None, "end": None, "confidence": None},
    ]


def test_a_conversation_is_found_by_id_prefix_and_title(cli: Cli, made: Callable[..., str]) -> None:
    key = made("Board meeting of the rowing club")
    for reference in (key, key[:23], key.upper(), "board meeting of the rowing club", "rowing"):
        assert cli("show", reference, "--json").json["id"] == key
    made("Rowing again")
    ran = cli("show", "rowing", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "ambiguous")
    assert cli("show", "no such thing", "--json").json["error"]["code"] == "not_found"
    assert cli("show", "no such thing").code == 3


def test_show_for_people(cli: Cli, meeting: str) -> None:
    lines = cli("show", meeting).out.splitlines()
    assert lines[0] == "All core devs"
    assert meeting in lines[1]
    assert lines[3].split() == ["3:22.7", "Pooja", "Ranjan", "I", "think", "so.", "Hello,", "everyone."]


def test_search_keeps_the_contract(cli: Cli, made: Callable[..., str], fits: Fits) -> None:
    key = made("Fruit", "We had a long talk about apples.", "Pears were not mentioned.", "Nobody likes quinces.")
    other = made("More fruit", "Apples again.")
    found = cli("search", "apples", "--mode", "text", "--json").json
    fits("search", found)
    assert {hit["conversation_id"] for hit in found["hits"]} == {key, other}
    (hit,) = cli("search", "pears", "--conversation", key, "--mode", "text", "--limit", "1", "--json").json["hits"]
    assert (hit["position"], hit["speaker"], hit["start"], hit["end"]) == (1, "Ann", 2.0, 3.5)
    assert "«Pears»" in hit["snippet"]
    assert cli("search", "   ", "--json").json["error"]["code"] == "usage"
    assert "Nothing found" in cli("search", "xylophone", "--conversation", key, "--mode", "text").err


def test_search_by_meaning_and_both(cli: Cli, made: Callable[..., str], fits: Fits) -> None:
    key = made("Pets", "My dog sleeps all day.", "The invoice is due on Monday.")
    for mode in ("semantic", "hybrid"):
        found = cli("search", "puppy", "--conversation", key, "--mode", mode, "--json").json
        fits("search", found)
        assert found["hits"][0]["position"] == 0, mode


def test_rename(cli: Cli, made: Callable[..., str], fits: Fits) -> None:
    key = made("Old title", speaker="S1")
    done = cli("rename", key, "New title", "--json").json
    fits("rename", done)
    assert done == {"kind": "conversation", "id": key, "name": "New title"}
    named = cli("rename", key, "--speaker", "S1", "Ada Lovelace", "--json").json
    fits("rename", named)
    shown = cli("show", key, "--json").json
    assert shown["title"] == "New title"
    assert shown["speakers"] == [{"id": named["id"], "label": "S1", "name": "Ada Lovelace"}]
    assert cli("rename", key, "--speaker", "S9", "X").code == 3
    assert cli("rename", key, " ").code == 2


def test_status_shows_every_run(cli: Cli, meeting: str, fits: Fits) -> None:
    status = cli("status", meeting, "--json").json
    fits("status", status)
    assert [item["status"] for item in status["items"]] == ["completed"]
    assert "embed" in {run["stage"] for run in status["runs"]}
    assert "embed" in cli("status", meeting).out
    fits("status", cli("status", "--json").json)


def test_delete(cli: Cli, made: Callable[..., str], fits: Fits) -> None:
    key, other = made("Gone", "a", "b"), made("Gone too")
    refused = cli.process("delete", key)
    assert refused.code == 2
    assert "--yes" in refused.err
    gone = cli("delete", key, other, "--yes", "--json")
    fits("delete", gone.json)
    assert [entry["id"] for entry in gone.json] == [key, other]
    assert gone.json[0]["rows"]["utterances"] == 2
    assert gone.json[0]["files"] == 1
    assert cli("show", key).code == 3
    assert cli("delete", key, "--yes").code == 3


def test_delete_asks_on_a_terminal(cli: Cli, made: Callable[..., str]) -> None:
    key = made("Perhaps")
    kept = cli.terminal("delete", key, typed="n\n")
    assert kept.code == 1
    assert "Perhaps" in kept.out
    assert cli("show", key).code == 0
    assert cli.terminal("delete", key, typed="y\n").code == 0
    assert cli("show", key).code == 3


@pytest.mark.parametrize("name", ["txt", "md", "srt", "vtt", "json", "csv"])
def test_export(cli: Cli, meeting: str, tmp_path: Path, name: str, fits: Fits) -> None:
    printed = cli("export", meeting, "--as", name)
    assert printed.code == 0
    assert "Hello, everyone." in printed.out
    assert cli("export", meeting, "--as", name, "--to", "-").out == printed.out
    file = tmp_path / f"out.{name}"
    assert cli("export", meeting, "--as", name, "--to", file).code == 0
    assert file.read_bytes().decode() == printed.out
    into_folder = cli("export", meeting, "--as", name, "--to", tmp_path, "--json").json
    fits("export", into_folder)
    assert Path(into_folder["path"]).read_bytes() == file.read_bytes()
    inline = cli("export", meeting, "--as", name, "--json").json
    fits("export", inline)
    assert inline["content"] == printed.out


def test_export_into_nowhere(cli: Cli, meeting: str) -> None:
    ran = cli("export", meeting, "--as", "txt", "--to", "/no/such/folder/x.txt")
    assert ran.code == 2
    assert "/no/such/folder/x.txt" in ran.err


def test_people(cli: Cli, fits: Fits) -> None:
    fits("people list", cli("people", "--json").json)
    fits("people proposals", cli("people", "proposals", "--json").json)
    assert "TALKBASE_VOICE_IDENTITY" in cli("people", "proposals").err
    assert cli("people", "accept", "nothing").code == 3
    assert cli("people", "reject", "nothing", "--json").json["error"]["code"] == "not_found"


def test_search_is_narrowed(cli: Cli, made: Callable[..., str]) -> None:
    mine, other = made("Boats", "A boat on the lake.", speaker="Ann"), made("Ships", "A boat at sea.", speaker="Bob")

    def found(*arguments: str) -> set[str]:
        ran = cli("search", "boat", "--mode", "text", *arguments, "--json")
        assert ran.code == 0, ran
        return {hit["conversation_id"] for hit in ran.json["hits"]}

    assert found() == {mine, other}
    assert found("--speaker", "ann") == {mine}
    assert found("--kind", "podcast") == set()
    assert found("--since", "2999-01-01") == set()
    assert cli("search", "boat", "--since", "yesterday").code == 2
