"""`talkbase models`: what is here, whole, and in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.interfaces.conftest import Cli

Fits = Callable[[str, Any], None]


def test_the_models_and_which_are_in_use(cli: Cli, fits: Fits) -> None:
    models = cli("models", "--json").json
    fits("models list", models)
    used = {model["name"] for model in models["items"] if model["in_use"]}
    assert {"whisper-base", "community1-segmentation", "community1-embedding", "minilm-l6-v2"} <= used
    assert "whisper-small" not in used
    assert "CC-BY-4.0" in cli("models").out


def test_fetching_what_is_here_and_what_there_is_not(cli: Cli, fits: Fits) -> None:
    done = cli("models", "fetch", "community1-segmentation", "--json")
    fits("models fetch", done.json)
    assert [model["here"] for model in done.json["items"]] == [True]
    assert cli("models", "fetch", "gpt-9").code == 3


def test_verify_finds_damage(cli: Cli, scratch: Path, fits: Fits) -> None:
    whole = cli("models", "verify", "community1-embedding", "--json")
    fits("models verify", whole.json)
    assert (whole.code, {item["state"] for item in whole.json["items"]}) == (0, {"ok"})
    (scratch / "whisper-base").mkdir()
    (scratch / "whisper-base" / "model.bin").write_bytes(b"not a model")
    damaged = cli.process("models", "verify", "whisper-base", "--json", env={"TALKBASE_MODELS": str(scratch)})
    assert damaged.code == 1
    assert {item["state"] for item in damaged.json["items"]} == {"damaged", "missing"}


def test_choosing_the_model_that_transcribes(new_cli: Callable[..., Cli], scratch: Path, fits: Fits) -> None:
    cli = new_cli(TALKBASE_HOME=str(scratch))
    chosen = cli("models", "use", "whisper-tiny.en", "--json")
    fits("models use", chosen.json)
    assert chosen.json["name"] == "whisper-tiny.en"
    assert (scratch / "talkbase.toml").read_text() == 'speech_model = "whisper-tiny.en"\n'
    assert _used(cli) == {"whisper-tiny.en"}
    assert cli("models", "use", "whisper-base").code == 0
    assert _used(cli) == {"whisper-base"}
    assert cli("models", "use", "minilm-l6-v2").code == 2
    assert cli("models", "use", "gpt-9").code == 3
    assert cli("models", "use", "--json").json["name"] == "whisper-base"
    assert (scratch / "talkbase.toml").read_text() == ""


def test_a_choice_leaves_other_settings_alone(new_cli: Callable[..., Cli], scratch: Path) -> None:
    (scratch / "talkbase.toml").write_text('profile = "accurate"\n[other]\nspeech = 1\n')
    cli = new_cli(TALKBASE_HOME=str(scratch))
    cli("models", "use", "whisper-tiny.en")
    text = (scratch / "talkbase.toml").read_text()
    assert text == 'speech_model = "whisper-tiny.en"\nprofile = "accurate"\n[other]\nspeech = 1\n'


def _used(cli: Cli) -> set[str]:
    items = cli("models", "--json").json["items"]
    return {model["name"] for model in items if model["in_use"] and model["task"] == "speech"}
