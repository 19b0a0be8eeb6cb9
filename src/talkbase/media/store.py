"""The content-addressed store: every file once, under the SHA-256 of its content, in a folder or behind fsspec.

Layout: `<root>/ab/cd…` (the 64 hexadecimal digits, cut after two), without an extension. Files on their way in lie
in `<root>/incoming/`; so whatever has a digest's name is whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, Protocol, cast

from talkbase.domain.progress import Progress, silent
from talkbase.errors import MissingExtra, NotFound, StorageUnavailable, TalkbaseError, UnreadableInput, UsageError
from talkbase.media.files import opened, shown, storing, unreadable

_CHUNK: Final = 1 << 20
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KEY: Final = re.compile(r"(?:^|/)([0-9a-f]{2})/([0-9a-f]{62})$")
# Object stores have no folders; asked to make one, s3fs makes a bucket, even of a mistyped name.
_FLAT: Final = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss"}
# A file on its way in that nobody holds open, and that has not grown for a minute, is of a process that was killed.
_ABANDONED: Final = 60.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store. `size` in bytes; `key` its place below the root; `new` whether it was not there before."""

    sha256: str
    size: int
    key: str
    new: bool


@dataclass(frozen=True, slots=True)
class Damage:
    """What `Store.verify` found: a file that is not there, or whose content is not what its name says."""

    sha256: str
    problem: Literal["missing", "damaged"]


def sha256_of(path: Path, *, progress: Progress = silent) -> str:
    """The SHA-256 of a file's content, as 64 hexadecimal digits. Raises `NotFound`, `UnreadableInput`."""
    digest = hashlib.sha256()
    with opened(path) as file:
        for chunk in _chunks(file, path, progress):
            digest.update(chunk)
    return digest.hexdigest()


class Store:
    """Files by the SHA-256 of their content, below `root`: a folder, or a URL such as `s3://bucket/prefix`.

    Safe for many processes at once; who puts and deletes the same content at the same time has to agree on it first.
    Every method raises `StorageUnavailable` where the place cannot be reached, `UsageError` for what is no digest;
    a URL whose file system is not installed raises `MissingExtra`.
    """

    def __init__(self, root: str | Path) -> None:
        address = str(root).removeprefix("file://")
        self._place: _Place = _Remote(address) if "://" in address else _Folder(Path(address))

    def put(self, path: Path, *, progress: Progress = silent) -> Stored:
        """Copy a file into the store unless its content is there; `progress` counts bytes.

        It is whole and durable when this returns, and on any error nothing of it is left.

        Raises `NotFound`, `UnreadableInput` (also where the file changes meanwhile), `StorageFull`.
        """
        return self._place.put(path, progress)

    def open(self, sha256: str) -> BinaryIO:
        """Open a stored file for reading. Raises `NotFound`."""
        return self._place.open(_checked(sha256))

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        """A context with the stored file as a local path: not to be changed, and gone afterwards where it is a copy.

        Raises `NotFound`, `StorageFull`.
        """
        return self._place.local(_checked(sha256))

    def delete(self, sha256: str) -> bool:
        """Remove a stored file; False where it was not there."""
        return self._place.delete(_checked(sha256))

    def verify(self, expected: Collection[str] = ()) -> Iterator[Damage]:
        """Read everything again; yield what is damaged, then which of the `expected` digests are missing."""
        missing = set(expected)
        for sha256 in self._place.digests():
            missing.discard(sha256)
            # What is deleted while this runs is neither.
            with suppress(NotFound), self._place.open(sha256) as file:
                if hashlib.file_digest(cast(Any, file), "sha256").hexdigest() != sha256:
                    yield Damage(sha256, "damaged")
        yield from (Damage(sha256, "missing") for sha256 in sorted(missing))

    def digests(self) -> Iterator[str]:
        """The digests of all files that are here, in order, without reading them."""
        return self._place.digests()

    def __contains__(self, sha256: object) -> bool:
        return isinstance(sha256, str) and bool(_DIGEST.fullmatch(sha256)) and self._place.size(sha256) is not None


class _Place(Protocol):
    """What a store needs of the place where its files lie."""

    def put(self, path: Path, progress: Progress) -> Stored: ...
    def open(self, sha256: str) -> BinaryIO: ...
    def local(self, sha256: str) -> AbstractContextManager[Path]: ...
    def delete(self, sha256: str) -> bool: ...
    def size(self, sha256: str) -> int | None: ...
    def digests(self) -> Iterator[str]: ...


class _Folder:
    """A folder: copied and hashed in one pass, then renamed, so that a reader never meets half a file."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    def put(self, path: Path, progress: Progress) -> Stored:
        with storing(self._root):
            self._incoming.mkdir(parents=True, exist_ok=True)
            self._sweep()
        upload = self._incoming / uuid.uuid4().hex
        try:
            sha256, size = self._receive(path, upload, progress)
            # Content of another length under this name is damaged: it is replaced.
            new = self.size(sha256) != size
            if new:
                with storing(self._root):
                    self._settle(upload, self._path(sha256))
        finally:
            upload.unlink(missing_ok=True)
        return Stored(sha256, size, _key(sha256), new)

    def _receive(self, path: Path, upload: Path, progress: Progress) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        with opened(path) as file:
            with storing(self._root):
                out = upload.open("xb", buffering=0)
            with out:
                fcntl.flock(out, fcntl.LOCK_EX)
                for chunk in _chunks(file, path, progress):
                    digest.update(chunk)
                    size += len(chunk)
                    with storing(self._root):
                        _write_all(out, chunk)
                with storing(self._root):
                    os.fsync(out.fileno())
        return digest.hexdigest(), size

    @staticmethod
    def _settle(upload: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        upload.replace(target)
        for folder in (target.parent, target.parent.parent):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _sweep(self) -> None:
        """Remove what killed processes left: every living one holds a lock on its file."""
        for upload in self._incoming.iterdir():
            with suppress(FileNotFoundError, BlockingIOError):
                if upload.stat().st_mtime < time.time() - _ABANDONED:
                    with upload.open("rb") as file:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        upload.unlink()

    def open(self, sha256: str) -> BinaryIO:
        with storing(self._root), _finding(sha256):
            return self._path(sha256).open("rb")

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        if self.size(sha256) is None:
            raise _not_stored(sha256)
        return nullcontext(self._path(sha256))

    def delete(self, sha256: str) -> bool:
        with storing(self._root):
            try:
                self._path(sha256).unlink()
            except FileNotFoundError:
                return False
            return True

    def size(self, sha256: str) -> int | None:
        with storing(self._root):
            try:
                return self._path(sha256).stat().st_size
            except FileNotFoundError:
                return None

    def digests(self) -> Iterator[str]:
        with storing(self._root):
            names = sorted(path.relative_to(self._root).as_posix() for path in self._root.glob("??/*"))
        return _digests_of(names)

    def _path(self, sha256: str) -> Path:
        return self._root / _key(sha256)


class _Remote:
    """Any file system of fsspec. A file is read twice, first to learn its name: that spares sending what is there.

    What a killed process leaves in `incoming/` is not swept here: give that prefix an expiry of a day.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        self._name = re.sub(r"//[^/]*@", "//", url).partition("?")[0]
        try:
            self._files, base = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise MissingExtra(f"Storing at {self._name} needs a package: {error}.") from error
        except ValueError as error:
            raise UsageError(f"{self._name} is no place to store media: {error}.") from error
        self._base = base.rstrip("/")
        self._is_flat = url.partition("://")[0] in _FLAT

    def put(self, path: Path, progress: Progress) -> Stored:
        sha256 = sha256_of(path)
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            new = self.size(sha256) != size
            if new:
                self._send(file, path, sha256, progress)
        return Stored(sha256, size, _key(sha256), new)

    def _send(self, file: BinaryIO, path: Path, sha256: str, progress: Progress) -> None:
        digest, upload, target = hashlib.sha256(), f"{self._base}/incoming/{uuid.uuid4().hex}", self._path(sha256)
        try:
            with self._reaching():
                if not self._is_flat:
                    for name in (upload, target):
                        self._files.makedirs(name.rpartition("/")[0], exist_ok=True)
                out = self._files.open(upload, "wb")
            # Closing sends the end: also where the rest failed, for what is incomplete is removed below.
            with self._reaching(), out:
                for chunk in _chunks(file, path, progress):
                    digest.update(chunk)
                    out.write(chunk)
            if digest.hexdigest() != sha256:
                raise UnreadableInput(f"{shown(path)} was changed while it was read.", hint="Try again.")
            with self._reaching():
                self._files.mv(upload, target)
        finally:
            with suppress(Exception):
                self._files.rm_file(upload)

    def open(self, sha256: str) -> BinaryIO:
        with self._reaching(), _finding(sha256):
            return cast(BinaryIO, self._files.open(self._path(sha256), "rb"))

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="talkbase-") as folder:
            copy = Path(folder) / sha256
            with self.open(sha256) as file, copy.open("wb", buffering=0) as out:
                while chunk := self._read(file):
                    with storing(folder):
                        _write_all(out, chunk)
            if sha256_of(copy) != sha256:
                raise StorageUnavailable(f"{sha256} at {self._name} is damaged.", hint="Restore it from a backup.")
            yield copy

    def _read(self, file: BinaryIO) -> bytes:
        with self._reaching():
            return file.read(_CHUNK)

    def delete(self, sha256: str) -> bool:
        if self.size(sha256) is None:
            return False
        with self._reaching(), suppress(FileNotFoundError):
            self._files.rm_file(self._path(sha256))
        return True

    def size(self, sha256: str) -> int | None:
        with self._reaching():
            try:
                return int(self._files.info(self._path(sha256))["size"])
            except FileNotFoundError:
                return None

    def digests(self) -> Iterator[str]:
        with self._reaching():
            names = sorted(self._files.find(self._base))
        return _digests_of(names)

    def _path(self, sha256: str) -> str:
        return f"{self._base}/{_key(sha256)}"

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except TalkbaseError:
            raise
        except Exception as error:  # every file system has errors of its own, without a common base
            raise StorageUnavailable(
                f"{self._name} cannot be reached or refuses ({type(error).__name__}).",
                hint="Check the address, the network and the credentials.",
            ) from error


@contextmanager
def _finding(sha256: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise _not_stored(sha256) from error


def _not_stored(sha256: str) -> NotFound:
    return NotFound(f"No media are stored under {sha256}.", hint="They were deleted, or the store was moved.")


def _checked(sha256: str) -> str:
    if not _DIGEST.fullmatch(sha256):
        raise UsageError(f"{sha256!r} is no SHA-256: it has to be 64 hexadecimal digits.")
    return sha256


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:]}"


def _digests_of(names: list[str]) -> Iterator[str]:
    return ("".join(match.groups()) for name in names if (match := _KEY.search(name)))


def _chunks(file: BinaryIO, path: Path, progress: Progress) -> Iterator[bytes]:
    """The content in pieces, as long as the file was when it was opened; `opened` finds out if it changed."""
    file.seek(0)
    total = os.fstat(file.fileno()).st_size
    done = 0
    while done < total:
        try:
            chunk = file.read(min(_CHUNK, total - done))
        except OSError as error:
            raise unreadable(path, error) from error
        if not chunk:
            return
        yield chunk
        done += len(chunk)
        progress(done, total)


def _write_all(out: Any, chunk: bytes) -> None:
    # A raw file may take less than it is given, for instance where the disk is nearly full.
    rest = memoryview(chunk)
    while rest:
        rest = rest[out.write(rest) :]
