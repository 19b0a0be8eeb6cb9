"""Damage recordings at random and read them: run as a program by test_fuzz.py, so that a crash or a hang is seen.

    python fuzz.py SEED CASES PLANT FILE…

Prints one line before each case. Ends with 1, and names the case, where an error that is not talkbase's own escapes.
PLANT names a fault to make, so that a test can show that it is found: none, escape, crash or hang.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from talkbase.errors import TalkbaseError
from talkbase.media import container, probe, sound


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The data with bits flipped (anywhere, or in the header), a part cut off, cut out or doubled, or noise put in."""
    kind = chance.choice(["flip", "flip", "header", "header", "cut", "gap", "double", "noise"])
    mutable = bytearray(data)
    if kind in {"flip", "header"}:
        reach = len(data) if kind == "flip" else min(len(data), 512)
        for _ in range(chance.choice([1, 4, 32, 256])):
            mutable[chance.randrange(reach)] ^= 1 << chance.randrange(8)
        return bytes(mutable)
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.randrange(1, max(2, len(data) // 4)))
    if kind == "cut":
        return data[:start]
    if kind == "gap":
        return data[:start] + data[end:]
    if kind == "double":
        return data[:end] + data[start:]
    return data[:start] + chance.randbytes(end - start) + data[end:]


def plant(fault: str) -> None:
    """Make one of the faults that the fuzz is there to find."""

    def careless(self: sound._Track) -> Iterator[object]:
        return self._container.decode(self._stream)

    def crash(self: container.Window, count: int) -> bytes:
        os.abort()

    def hang(self: container.Window, count: int) -> bytes:
        time.sleep(3600)
        return b""

    if fault == "escape":
        sound._Track._frames = careless  # type: ignore[assignment,method-assign]
    elif fault == "crash":
        container.Window.read = crash  # type: ignore[method-assign]
    elif fault == "hang":
        container.Window.read = hang  # type: ignore[method-assign]


def main(seed: int, cases: int, fault: str, files: list[Path]) -> int:
    """Read `cases` damaged files; 1 at the first that fails."""
    plant(fault)
    with tempfile.TemporaryDirectory() as folder:
        for case in range(cases):
            source = files[case % len(files)]
            print(f"seed {seed} case {case}: {source.name}", flush=True)
            path = Path(folder) / "damaged"
            path.write_bytes(damaged(source.read_bytes(), random.Random(f"{seed}/{case}")))
            try:
                for read in (lambda p: sound.decode(p, p.with_suffix(".raw")).close(), probe.probe):
                    try:
                        read(path)
                    except TalkbaseError as error:
                        assert len(str(error)) < 600
                left = sorted(p.name for p in Path(folder).iterdir())
                assert left in (["damaged"], ["damaged", "damaged.raw"]), left
            except Exception:
                traceback.print_exc()
                return 1
            Path(folder, "damaged.raw").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], [Path(name) for name in sys.argv[4:]]))
